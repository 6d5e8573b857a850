from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from services.receipts.facts import ReadLine

# Ways in which print confirms a total; each alone may be chance.
PROOFS = frozenset({"lines", "change", "repeated", "rounding", "taxes", "card"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """What all looks at one receipt say together. `proofs` are of PROOFS, for the total; `looks` counts how many looks
    name that sum as paid, `date_looks` how many have that date as the likeliest."""

    merchant: str | None = None
    tax_id: str | None = None
    date: date | None = None
    time: time | None = None
    total: Decimal | None = None
    currency: str | None = None
    country: str | None = None
    lines: tuple[ReadLine, ...] = ()
    fiscal_number: str | None = None
    document_number: str | None = None
    is_fiscal: bool = False  # it has the marks of one
    is_receipt: bool = False  # it has words as receipts have them
    not_fiscal: bool = False  # it says that it is none
    is_refund: bool = False
    proofs: frozenset[str] = frozenset()
    looks: int = 0
    date_looks: int = 0
    date_against: int = 0  # looks that have another one
    date_repeated: bool = False  # one look has it twice, or within a longer number
    total_margin: float = 0.0  # by how much the total is likelier than the next
    amounts: frozenset[Decimal] = frozenset()  # all that are printed
