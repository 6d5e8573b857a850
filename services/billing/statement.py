"""A provider's own list of a day's operations, held against our attempts, refunds and books: what is missing on either
side, what has another amount or another end. What can be mended by asking is asked about again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import ledger
from services.billing.adopt import adopt
from services.billing.adopt_refund import adopt_refund
from services.billing.events import StatementDue, StatementMade
from services.billing.models import PaymentRow, RefundRow, StatementRow
from services.billing.providers.base import Capability, Operation, PaymentProvider, RefundSnapshot, Snapshot
from services.billing.record import record
from services.billing.refunding import record_refund
from services.billing.settle import book_fee
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.money import Money
from services.platform.outbox import emit

DAY = timedelta(days=1)
MARGIN = timedelta(hours=1)  # their clock is not ours: a day's edge belongs to both days
READY = timedelta(hours=3)  # after midnight, when the lists of the day before are complete
RECENT = timedelta(days=35)  # a provider that was used within this time is looked after


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind`: missing_here, missing_there, amount or state; `what`: payment or refund; `ours` and `theirs` say how each
    side has it."""

    kind: str
    what: str
    external_id: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Statement:
    """`totals` are minor units: {"theirs": {"payments RUB": 1}, "ours": {...}, "clearing": {...}}; a provider that
    lists nothing has no "theirs"."""

    provider: str
    day: date
    made_at: datetime
    operations: int
    totals: Mapping[str, Mapping[str, int]]
    differences: Sequence[Difference]


def schedule_statements(tx: Session, now: datetime) -> int:
    """Once yesterday's lists are complete: announces every provider in use whose statement of it is missing."""
    day = (now.astimezone(UTC) - DAY).date()
    if now < _midnight(day + DAY) + READY:
        return 0
    complete = _midnight(day + DAY) + READY
    done = exists().where(
        StatementRow.provider == PaymentRow.provider, StatementRow.day == day, StatementRow.made_at >= complete
    )
    began = PaymentRow.created_at > now - RECENT, PaymentRow.created_at < _midnight(day + DAY)
    used = select(PaymentRow.provider).distinct().where(*began, ~done)
    codes = tx.scalars(used).all()
    for code in codes:
        emit(tx, StatementDue(provider=code, day=day.isoformat()), now)
    return len(codes)


def make_statement(
    db: Database, providers: Mapping[str, PaymentProvider], code: str, day: date, now: datetime
) -> Statement | None:
    """Lists, compares, stores; the same day again replaces. Of a provider that lists nothing it holds our own totals,
    to be compared in its cabinet. None for a provider that is not configured. Raises TryLater."""
    provider = providers.get(code)
    if provider is None:
        return None
    since, lists = _midnight(day), Capability.LIST in provider.capabilities
    with db.begin() as tx:
        until = _last_end(tx, provider, since, since + DAY)
    listed = provider.operations(since - MARGIN, until + MARGIN) if lists else []
    with db.begin() as tx:
        _learn(tx, provider, listed, now)
        statement = _compare(tx, provider, day, listed, now)
        _store(tx, statement)
        news = StatementMade(
            provider=code, day=day.isoformat(), operations=len(listed), differences=len(statement.differences)
        )
        emit(tx, news, now)
    return statement


def on_statement_due(
    db: Database, providers: Mapping[str, PaymentProvider], event: StatementDue, now: datetime
) -> None:
    """Raises TryLater."""
    make_statement(db, providers, event.provider, date.fromisoformat(event.day), now)


def statements(tx: Session, *, limit: int = 31) -> list[Statement]:
    """The last ones, newest day first."""
    rows = tx.scalars(select(StatementRow).order_by(StatementRow.day.desc(), StatementRow.provider).limit(limit))
    return [
        Statement(
            row.provider,
            row.day,
            row.made_at,
            row.operations,
            row.totals,
            [Difference(**one) for one in row.details["differences"]],
        )
        for row in rows
    ]


def _learn(tx: Session, provider: PaymentProvider, listed: Iterable[Operation], now: datetime) -> None:
    """Fees that were not told before, and money that we have not heard of: a notification lost for good ends here."""
    for operation in sorted(listed, key=lambda one: isinstance(one, RefundSnapshot)):
        if isinstance(operation, Snapshot):
            payment_id = adopt(tx, provider, operation, now)
            if payment_id is None:
                continue
            payment = tx.get_one(PaymentRow, payment_id)
            if operation.status in ("succeeded", "canceled") and payment.state != operation.status:
                record(tx, provider, payment_id, operation, now, cause="statement")
            else:
                book_fee(tx, payment, operation.fee, now)
            continue
        try:
            refund_id = adopt_refund(tx, provider, operation, now)
        except TryLater:
            continue  # it is among the differences
        if refund_id is not None:
            record_refund(tx, refund_id, operation, now, cause="statement")
    tx.flush()


def _compare(
    tx: Session, provider: PaymentProvider, day: date, listed: Sequence[Operation], now: datetime
) -> Statement:
    since, until = _midnight(day), _midnight(day) + DAY
    differences: list[Difference] = []
    lists = Capability.LIST in provider.capabilities
    totals: dict[str, Counter[str]] = {side: Counter() for side in ("theirs", "ours", "clearing")[not lists :]}
    payments = {p.external_id: p for p in _rows(tx, PaymentRow, provider, listed, since, until)}
    refunds = {r.external_id: r for r in _rows(tx, RefundRow, provider, listed, since, until)}
    for operation in listed:
        if operation.at is not None and operation.at >= until + MARGIN:
            continue  # another day's
        what = "refunds" if isinstance(operation, RefundSnapshot) else "payments"
        if operation.status == "succeeded" and (operation.at is None or since <= operation.at < until):
            totals["theirs"][f"{what} {operation.amount.currency}"] += operation.amount.minor
        own = refunds.get(operation.external_id) if what == "refunds" else payments.get(operation.external_id)
        if (found := _difference(what[:-1], operation, own)) is not None:
            differences.append(found)
    seen = {operation.external_id for operation in listed}
    for what, rows in (("payments", payments.values()), ("refunds", refunds.values())):
        for row in rows:
            if row.state == "succeeded" and since <= _ended_at(row) < until:
                totals["ours"][f"{what} {_came(row)[1]}"] += _came(row)[0]
            made_that_day = lists and since <= row.created_at < until
            if row.state == "succeeded" and made_that_day and row.external_id not in seen:
                differences.append(_missing_there(what[:-1], row))
    for (kind, currency), minor in ledger.turnover(tx, f"clearing:{provider.code}", since, until).items():
        totals["clearing"][f"{kind} {currency}"] += minor
    return Statement(
        provider.code, day, now, len(listed), {side: dict(sums) for side, sums in totals.items()}, differences
    )


def _difference(what: str, operation: Operation, own: PaymentRow | RefundRow | None) -> Difference | None:
    theirs = f"{operation.status} {operation.amount} {operation.amount.currency}"
    if own is None:
        if operation.status != "succeeded":
            return None  # nothing moved, and nobody waits for it here
        return Difference("missing_here", what, operation.external_id, "nothing", theirs)
    minor, currency = _came(own)
    ours = f"{what} {own.id}: {own.state} {Money(minor, currency)} {currency}"
    if (operation.status == "succeeded") != (own.state == "succeeded"):
        return Difference("state", what, operation.external_id, ours, theirs)
    if own.state == "succeeded" and (minor, currency) != (operation.amount.minor, operation.amount.currency):
        return Difference("amount", what, operation.external_id, ours, theirs)
    return None


def _missing_there(what: str, row: PaymentRow | RefundRow) -> Difference:
    minor, currency = _came(row)
    ours = f"{what} {row.id}: {row.state} {Money(minor, currency)} {currency}"
    return Difference("missing_there", what, row.external_id or "none", ours, "nothing")


def _came(row: PaymentRow | RefundRow) -> tuple[int, str]:
    if isinstance(row, PaymentRow) and row.received is not None:
        return row.received.minor, row.received.currency
    return row.amount_minor, row.currency


def _ended_at(row: PaymentRow | RefundRow) -> datetime:
    return (row.succeeded_at if isinstance(row, PaymentRow) else None) or row.updated_at


def _rows(
    tx: Session,
    table: Any,
    provider: PaymentProvider,
    listed: Sequence[Operation],
    since: datetime,
    until: datetime,
) -> Sequence[Any]:
    """What they list, whenever we began it, and what we began on that day."""
    ids = [operation.external_id for operation in listed]
    that_day = (table.created_at >= since) & (table.created_at < until) & table.external_id.is_not(None)
    theirs = _through(table, provider)
    return tx.scalars(select(table).where(theirs, that_day | table.external_id.in_(ids))).all()


def _last_end(tx: Session, provider: PaymentProvider, since: datetime, until: datetime) -> datetime:
    """`until`, or later where something that we began on that day was done there only afterwards."""
    latest = until
    for table, end in ((PaymentRow, PaymentRow.succeeded_at), (RefundRow, RefundRow.updated_at)):
        done = _through(table, provider), table.state == "succeeded"
        began = table.created_at >= since, table.created_at < until
        latest = max(latest, tx.scalar(select(func.max(end)).where(*done, *began)) or latest)
    return latest


def _through(table: Any, provider: PaymentProvider) -> Any:
    """Of this provider; what was put on the balance instead is nothing that it knows of."""
    own = table.provider == provider.code
    return own & (RefundRow.destination == "provider") if table is RefundRow else own


def _store(tx: Session, statement: Statement) -> None:
    row = {
        "made_at": statement.made_at,
        "operations": statement.operations,
        "differences": len(statement.differences),
        "totals": statement.totals,
        "details": {"differences": [asdict(one) for one in statement.differences]},
    }
    stored = insert(StatementRow).values(provider=statement.provider, day=statement.day, **row)
    tx.execute(stored.on_conflict_do_update(index_elements=["provider", "day"], set_=row))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
