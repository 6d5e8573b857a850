"""The rows under a lock, and the journal: the only writers of a subscription's state and end."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import billing
from services.identity import Party
from services.platform.money import Money
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow
from services.subscriptions.states import after
from services.subscriptions.timeline import Account, Change, Portion, account
from services.subscriptions.views import SubscriptionNotFound


def take_turns(tx: Session, party: str, product: str) -> None:
    """Two first purchases at once would both find no subscription: one party's changes of a product take turns."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"subscription:{party}:{product}", 0))))


def newest(tx: Session, party: str, product: str) -> SubscriptionRow | None:
    """The live one, or the one that ended last, locked."""
    own = select(SubscriptionRow).where(SubscriptionRow.party == party, SubscriptionRow.product == product)
    return tx.scalar(own.order_by(SubscriptionRow.id.desc()).limit(1).with_for_update())


def own(tx: Session, party: Party, subscription_id: int) -> SubscriptionRow:
    """Locked, after its turn was taken. Raises SubscriptionNotFound, also for other people's."""
    mine = select(SubscriptionRow).where(SubscriptionRow.id == subscription_id, SubscriptionRow.party == str(party))
    product = tx.scalar(mine.with_only_columns(SubscriptionRow.product))
    if product is None:
        raise SubscriptionNotFound(f"subscription {subscription_id} of {party}")
    take_turns(tx, str(party), product)
    return tx.scalars(mine.with_for_update().execution_options(populate_existing=True)).one()


def write(
    tx: Session,
    row: SubscriptionRow,
    kind: str,
    now: datetime,
    *,
    happens: str | None,
    cause: str,
    ends_at: datetime | None = None,
    first: bool = False,
    invoice_id: int | None = None,
    refund_id: int | None = None,
    reference: str | None = None,
    value: Money | None = None,
    portions: Sequence[Portion] | None = None,
) -> int:
    """Moves the state by what `happens` and the end to `ends_at` (none: neither moves), with a line that says so; a
    `first` line has no end before it. Returns the line's id. Raises NotNow."""
    before = row.ends_at
    if happens:
        row.state = after(row.state, happens)
    row.ends_at = ends_at or row.ends_at
    line = SubscriptionChangeRow(
        subscription_id=row.id,
        at=now,
        kind=kind,
        state=row.state,
        cause=cause,
        invoice_id=invoice_id,
        refund_id=refund_id,
        reference=reference,
        ended_at=None if first else before,
        ends_at=row.ends_at,
        value_minor=value.minor if value else None,
        value_currency=value.currency if value else None,
        portions=[one.to_json() for one in portions] if portions is not None else None,
    )
    tx.add(line)
    tx.flush()
    if row.ends_at != before or kind in ("paused", "canceled"):  # nobody is charged for an end that is no more
        billing.stop_charge(tx, renewal_purpose(row.id, before), kind, now)
    return line.id


def renewal_purpose(subscription_id: int, ends_at: datetime) -> str:
    """What a charge that renews at this end is for: at most one, for ever."""
    return f"subscription:{subscription_id}:{ends_at.astimezone(UTC).isoformat()}"


def keep_the_day(row: SubscriptionRow) -> None:
    """Later months end on the day of the month they did, unless the end has left it."""
    if row.ends_at.day != min(row.anchor_day, monthrange(row.ends_at.year, row.ends_at.month)[1]):
        row.anchor_day = row.ends_at.day


def known(tx: Session, *, invoice_id: int | None = None, refund_id: int | None = None, reference: str = "") -> bool:
    """Whether it stands in the journal already."""
    line = select(SubscriptionChangeRow.id)
    if invoice_id is not None:
        line = line.where(SubscriptionChangeRow.invoice_id == invoice_id)
    elif refund_id is not None:
        line = line.where(SubscriptionChangeRow.refund_id == refund_id)
    else:
        line = line.where(SubscriptionChangeRow.reference == reference)
    return tx.scalar(line) is not None


def account_of(tx: Session, row: SubscriptionRow, now: datetime) -> Account:
    """What is left of each portion of its time."""
    lines = select(SubscriptionChangeRow).where(SubscriptionChangeRow.subscription_id == row.id)
    changes = [_change(tx, line) for line in tx.scalars(lines.order_by(SubscriptionChangeRow.id))]
    return account(changes, now) or Account(now)


def last_line(tx: Session, row: SubscriptionRow) -> int:
    """The id of its newest line: it changes whenever anything does."""
    newest_line = select(func.max(SubscriptionChangeRow.id)).where(SubscriptionChangeRow.subscription_id == row.id)
    return int(tx.scalar(newest_line) or 0)


def _change(tx: Session, line: SubscriptionChangeRow) -> Change:
    portions = None if line.portions is None else tuple(Portion.from_json(one) for one in line.portions)
    return Change(line.kind, line.at, _source(tx, line), line.ended_at, line.ends_at, _value(tx, line), portions)


def _source(tx: Session, line: SubscriptionChangeRow) -> str | None:
    if line.refund_id is not None:
        return f"invoice:{billing.any_payment(tx, billing.refund(tx, line.refund_id).payment_id).invoice_id}"
    if line.kind == "shortened" and line.reference:
        return line.reference.removeprefix("back:")
    return f"invoice:{line.invoice_id}" if line.invoice_id is not None else line.reference


def _value(tx: Session, line: SubscriptionChangeRow) -> Money | None:
    if line.value_minor is not None and line.value_currency is not None:
        return Money(line.value_minor, line.value_currency)
    return billing.invoice(tx, line.invoice_id).amount if line.invoice_id is not None else None
