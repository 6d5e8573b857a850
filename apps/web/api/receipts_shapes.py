"""Receipts as the API asks for them and shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from apps.web.api.shapes import Amount, WrittenId
from apps.web.contract import Answered, Asked
from services import receipts
from services.receipts import Receipt as OneOfOurs

State = Literal[
    "receiving",
    "received",
    "read",
    "review",
    "approved",
    "rejected",
    "paying",
    "paid",
    "pay_failed",
    "reversed",
]
# receipts.REASONS; a test holds them equal.
Reason = Literal[
    "unreadable",
    "not_receipt",
    "not_fiscal",
    "duplicate_receipt",
    "too_old",
    "no_product",
    "screenshot",
    "refund",
    "fraud",
    "other",
]
FIRST_YEAR, LAST_YEAR = 2000, 2099


def _number(value: Any) -> Any:
    """In a query everything is text."""
    known = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4
    return int(value) if known else value


def _moment(value: Any) -> Any:
    """A day is its first moment, by UTC."""
    if not isinstance(value, str):
        return value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("ISO 8601 is wanted: 2026-11-20 or 2026-11-20T10:00:00Z") from None
    if len(value) > len("2026-11-20") and at.tzinfo is None:
        raise ValueError("the offset from UTC is missing: Z, or +03:00 written as %2B03:00")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR} is wanted")
    return at.replace(tzinfo=at.tzinfo or UTC)


def _day(value: str) -> str:
    if not FIRST_YEAR <= date.fromisoformat(value).year <= LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR} is wanted")
    return value


Limit = Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Sum = Annotated[str, Field(pattern=r"^[0-9]{1,7}(\.[0-9]{1,2})?$", examples=["123.45"])]
Quantity = Annotated[str, Field(pattern=r"^[0-9]{1,5}(\.[0-9]{1,3})?$", examples=["1", "0.345"])]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Note = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class OfPerson(Asked):
    """Exactly one of the two."""

    user_id: WrittenId | None = Field(None, description="Kiosk's own number of the person. This or `telegram_id`.")
    telegram_id: WrittenId | None = Field(None, description="The person's id at Telegram. This or `user_id`.")

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.user_id is None) == (self.telegram_id is None):
            raise ValueError("either user_id or telegram_id")
        return self


class Page(OfPerson):
    before: WrittenId | None = Field(None, description="`next` of the page before; else the newest.")
    limit: Limit = Field(20, description="Receipts of a page, 100 at most.")


class Queue(Asked):
    after: WrittenId | None = Field(None, description="`next` of the page before; else the oldest.")
    limit: Limit = Field(20, description="Receipts of a page, 100 at most.")


class OneReceipt(Asked):
    receipt_id: WrittenId


class OneReceiptOf(OneReceipt):
    user_id: WrittenId | None = Field(None, description="Only if it is this person's; else it is not found.")


class Period(Asked):
    since: Moment | None = Field(None, description="From this moment on; else of the last 30 days. ISO 8601.")
    until: Moment | None = Field(None, description="Before this moment; else until now.")


class PeriodOf(Period):
    user_id: WrittenId | None = Field(None, description="Of this person's only.")


class Export(Period):
    format: Literal["csv"] = "csv"
    state: State | None = Field(None, description="In this state only.")


class LineAsked(Asked):
    """One thing bought."""

    name: Name
    quantity: Quantity = Field("1", description="Pieces, or kilograms.")
    price: Sum = Field(description="Of one piece or kilogram.")
    sum: Sum

    @property
    def line(self) -> receipts.ReadLine:
        return receipts.ReadLine(self.name, Decimal(self.quantity), Decimal(self.price), Decimal(self.sum), 100)


class FactsAsked(Asked):
    """What a receipt says."""

    merchant: Name | None = None
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), BeforeValidator(_day)] | None = None
    time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["18:05"])] | None = Field(
        None, description="By the shop's own clock."
    )
    total: Sum | None = None
    currency: Literal["UAH", "RUB", "USD", "EUR"] | None = None
    lines: Annotated[list[LineAsked], Field(max_length=200)] | None = None

    @property
    def facts(self) -> receipts.Facts:
        return receipts.Facts(
            merchant=self.merchant,
            date=date.fromisoformat(self.date) if self.date else None,
            time=time.fromisoformat(self.time) if self.time else None,
            total=Decimal(self.total) if self.total else None,
            currency=self.currency,
            lines=None if self.lines is None else tuple(one.line for one in self.lines),
        )


class Approval(Asked):
    note: Note | None = Field(None, description="For the audit log.")


class Refusal(Approval):
    reason: Reason


class Line(Answered):
    """One thing bought: decimals as text; `confidence` is 0 to 100."""

    name: str
    quantity: str
    price: str
    sum: str
    confidence: int


class Read(Answered):
    """What was read, or written by hand. Date and time are local to the shop. `tier`: A confirmed by the tax register,
    B by a fiscal code, C by the receipt's own arithmetic, D by nothing. `doubts` are codes of what speaks against it.
    """

    tier: Literal["A", "B", "C", "D"]
    doubts: list[str]
    merchant: str | None
    tax_id: str | None
    date: date | None
    time: str | None
    total: str | None
    currency: str | None
    country: str | None
    fiscal_key: str | None
    fiscal_number: str | None
    document_number: str | None
    source: str
    lines: list[Line]

    @classmethod
    def of(cls, reading: receipts.Reading) -> Self:
        plain = reading.as_json()
        return cls(
            **{name: plain[name] for name in cls.model_fields if name not in ("doubts", "date", "time", "lines")},
            doubts=list(reading.reasons),
            date=reading.date,
            time=f"{reading.time:%H:%M}" if reading.time else None,
            lines=[Line(**line) for line in plain["lines"]],
        )


class Receipt(Answered):
    """A receipt as of this moment. `state`: receiving, received and read are on their way to a decision; review waits
    for a person; approved and paying are on their way to be paid; paid, pay_failed, rejected and reversed are the end.
    `reason` is a code of why it was rejected. `decision` is what the rules said, with their steps."""

    receipt_id: int
    user_id: int | None
    source: Literal["telegram", "api", "typed"]
    state: State
    reason: str | None
    submitted_at: datetime
    changed_at: datetime
    read: Read | None
    campaign: str | None
    bonus: Amount | None
    decision: dict[str, Any] | None
    reviewed: bool = Field(description="A person has looked at it.")

    @classmethod
    def of(cls, one: OneOfOurs) -> Self:
        return cls.model_validate(
            {
                "receipt_id": one.id,
                "user_id": one.party.id if one.party.kind == "user" else None,
                "source": one.source,
                "state": one.state,
                "reason": one.reason,
                "submitted_at": one.submitted_at,
                "changed_at": one.changed_at,
                "read": Read.of(one.reading) if one.reading else None,
                "campaign": one.campaign,
                "bonus": Amount.of(one.bonus) if one.bonus else None,
                "decision": one.decision,
                "reviewed": one.reviewed_by is not None,
            }
        )


class Receipts(Answered):
    """`next` asks for the next page; null where this is the last."""

    receipts: list[Receipt]
    next: int | None

    @classmethod
    def page(cls, found: Sequence[OneOfOurs], limit: int) -> Self:
        """`found` has one more than the limit where there is a next page."""
        shown = found[:limit]
        return cls(receipts=[Receipt.of(one) for one in shown], next=shown[-1].id if len(found) > limit else None)


class Statistics(Answered):
    """Of receipts submitted in this time. `reasons` counts rejections by their code; `paid` is done, `owed` is decided
    and on its way."""

    since: datetime
    until: datetime
    count: int
    by_state: Mapping[str, int]
    reasons: Mapping[str, int]
    paid: list[Amount]
    owed: list[Amount]

    @classmethod
    def of(cls, since: datetime, until: datetime, found: receipts.Statistics) -> Self:
        return cls(
            since=since,
            until=until,
            count=found.count,
            by_state=found.by_state,
            reasons=found.reasons,
            paid=[Amount.of(one) for one in found.paid],
            owed=[Amount.of(one) for one in found.owed],
        )
