"""What is known about a receipt: plain values, which the readers make and the rules judge.

Sums are Decimals as they are printed (two places) in `currency`; dates and times are local to the shop and carry no
zone, for none is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any, Literal, Self

# A: the tax register confirmed it. B: a fiscal code, and its total is printed, too. C: printed text that its own
# arithmetic and a second look confirm. D: anything else, which a person must look at.
Tier = Literal["A", "B", "C", "D"]

# Why a picture earns nothing, or only after a person has looked. Codes are stored and shown: they do not change.
# Those in NEVER stand against a payment whatever the rules say; the others ask for a look.
NEVER = frozenset({"not_fiscal", "refund", "not_receipt"})
DOUBTS = NEVER | {
    "unreadable",  # next to nothing could be read
    "screenshot",  # a picture of a screen, or drawn
    "edited",  # written by a program that edits pictures
    "several_receipts",
    "amount_mismatch",  # the code and the print, or the two looks, say different sums
    "date_mismatch",
    "no_total",
    "no_date",
    "sums_do_not_add_up",
    "unconfirmed",  # read, but nothing confirms it
    "engine_failed",  # the program that reads text died or hung
    "no_engine",  # its language files are missing on this machine
    "similar_picture",  # to another receipt's, but not the same
    "looks_like_another",  # date and total of another receipt
    "typed_in",  # by the person who sent it
}


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One thing bought. `quantity` in pieces or in kilograms; `confidence` 0 to 100, by arithmetic and agreement, not
    by the engine's own word."""

    name: str
    quantity: Decimal
    price: Decimal
    sum: Decimal
    confidence: int = 0


@dataclass(frozen=True, slots=True)
class FiscalCode:
    """What a fiscal QR code says. `key` is unique for each receipt of a country ("ru:<fn>:<i>:<fp>",
    "ua:<fn>:<id>:<date>"); `kind` is "sale" or anything else that is none ("refund", "purchase", ...)."""

    key: str
    country: Literal["UA", "RU"]
    number: str  # of the cash register, or of its storage device
    document: str
    total: Decimal | None
    date: date | None
    time: time | None
    kind: str = "sale"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one picture. `texts` are the printed lines of every look, for finding products in;
    `confidence` is 0 to 100 for each field by its name; `picture_hash` 64 hexadecimal digits which look alike for
    pictures that look alike."""

    tier: Tier
    reasons: tuple[str, ...] = ()  # of DOUBTS
    merchant: str | None = None
    tax_id: str | None = None
    date: date | None = None
    time: time | None = None
    total: Decimal | None = None
    currency: str | None = None
    country: str | None = None
    lines: tuple[ReadLine, ...] = ()
    code: FiscalCode | None = None
    fiscal_number: str | None = None  # printed, or of the code
    document_number: str | None = None
    texts: tuple[str, ...] = ()
    confidence: Mapping[str, int] = field(default_factory=dict)
    picture_hash: str | None = None
    source: Literal["code", "print", "both", "register", "person"] = "print"
    passes: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)  # by stage, for measuring

    @property
    def fiscal_key(self) -> str | None:
        return self.code.key if self.code else None

    def as_json(self) -> dict[str, Any]:
        """Plain values: dates as ISO 8601, sums as decimal strings."""
        plain = {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}
        return plain | {"fiscal_key": self.fiscal_key}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The opposite of `as_json`; what it does not know is left out."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if stored.get(name) is not None}
        for name in ("reasons", "texts"):
            known[name] = tuple(known.get(name, ()))
        known["lines"] = tuple(
            ReadLine(
                one["name"],
                Decimal(one["quantity"]),
                Decimal(one["price"]),
                Decimal(one["sum"]),
                one.get("confidence", 0),
            )
            for one in known.get("lines", ())
        )
        if "code" in known:
            known["code"] = FiscalCode(**_typed(known["code"]))
        return cls(**_typed(known))


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    kinds: dict[str, Callable[[str], Any]] = {"total": Decimal, "date": date.fromisoformat, "time": time.fromisoformat}
    return {
        name: kinds[name](value) if name in kinds and isinstance(value, str) else value
        for name, value in values.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
