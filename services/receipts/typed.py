"""What people write about a receipt by hand: an own receipt typed in, an operator's correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from decimal import Decimal

from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.money import EXPONENTS
from services.platform.outbox import emit
from services.receipts.errors import BadFacts
from services.receipts.events import ReceiptNeedsReview
from services.receipts.facts import Reading, ReadLine
from services.receipts.models import ReceiptRow
from services.receipts.rows import in_turn, note
from services.receipts.submit import require_pace
from services.receipts.views import Receipt, seen

LARGEST_SUM = Decimal(1_000_000)
MOST_LINES, LONGEST = 200, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a receipt says; None leaves what is known as it is. Sums have two places at most."""

    merchant: str | None = None
    date: date | None = None
    time: time | None = None
    total: Decimal | None = None
    currency: str | None = None
    lines: tuple[ReadLine, ...] | None = None

    def applied_to(self, known: Reading) -> Reading:
        """Raises BadFacts for what no receipt can say."""
        given = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        _check(given)
        return replace(known, **given, source="person")


def submit_typed(
    tx: Session,
    party: Party,
    facts: Facts,
    now: datetime,
    *,
    client_id: int | None = None,
    message_id: int | None = None,
) -> Receipt:
    """A receipt without a picture; `message_id` as in Upload. A person always looks: nothing confirms it. Raises
    BadFacts, TooManyReceipts."""
    reading = facts.applied_to(Reading("D", ("typed_in",)))
    if reading.total is None or reading.date is None or not (reading.merchant or "").strip():
        raise BadFacts("merchant, date and total are needed")
    in_turn(tx, str(party))
    require_pace(tx, party, now)
    row = ReceiptRow(
        party=str(party),
        source="typed",
        client_id=client_id,
        state="review",
        submitted_at=now,
        changed_at=now,
        attempts=0,
        message_id=message_id,
        reading=reading.as_json(),
    )
    note(row, reading)
    tx.add(row)
    tx.flush()
    emit(tx, ReceiptNeedsReview(receipt_id=row.id), now)
    return seen(row)


def _check(given: Mapping[str, object]) -> None:
    for name in ("total",):
        _check_sum(name, given.get(name))
    if "currency" in given and given["currency"] not in EXPONENTS:
        raise BadFacts(f"currency: one of {', '.join(EXPONENTS)}")
    if len(str(given.get("merchant", ""))) > LONGEST:
        raise BadFacts(f"merchant: at most {LONGEST} characters")
    lines = given.get("lines", ())
    assert isinstance(lines, tuple)
    if len(lines) > MOST_LINES:
        raise BadFacts(f"lines: at most {MOST_LINES}")
    for number, line in enumerate(lines):
        if not line.name.strip() or len(line.name) > LONGEST:
            raise BadFacts(f"lines.{number}.name: 1 to {LONGEST} characters")
        for name in ("quantity", "price", "sum"):
            _check_sum(f"lines.{number}.{name}", getattr(line, name), places=3 if name == "quantity" else 2)


def _check_sum(name: str, value: object, *, places: int = 2) -> None:
    if value is None:
        return
    assert isinstance(value, Decimal)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 < value <= LARGEST_SUM or exponent < -places:
        raise BadFacts(f"{name}: above 0, at most {LARGEST_SUM}, with {places} places at most")
