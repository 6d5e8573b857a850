"""What a period costs in tokens, taken shortly before it begins."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import identity, ledger, subscriptions
from services.platform.money import Money
from services.platform.outbox import emit
from services.subscriptions import Subscription
from services.wallet.credit import FEE
from services.wallet.draw import draw
from services.wallet.events import FeeCharged, FeeMissed
from services.wallet.models import MissedFeeRow
from services.wallet.terms import period_for_fee

AHEAD = timedelta(hours=24)  # before the end
LATE = timedelta(days=7)  # one that nobody has seen ending yet is still charged
AGAIN = timedelta(minutes=10)
BATCH = 200
PAGES = 50  # of those that have missed already, to be looked past


def charge_fees(tx: Session, now: datetime, limit: int = BATCH) -> int:
    """Takes the fee for the next period of what ends within a day, once for each end, and gives that period. Where
    there are too few tokens nothing is taken, it is told once, and tried again until the end. Returns how many periods
    were given; looks at no more than twice `limit` a run."""
    tx.execute(delete(MissedFeeRow).where(MissedFeeRow.ends_at < now - LATE))
    given = sum(_charge(tx, one.id, one.ends_at, now) for one in _fresh(tx, now, limit))
    again = (
        select(MissedFeeRow)
        .where(MissedFeeRow.tried_at <= now - AGAIN)
        .order_by(MissedFeeRow.tried_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    for missed in list(tx.scalars(again)):
        missed.tried_at = now
        given += _charge(tx, missed.subscription_id, missed.ends_at, now)
    return given


def _fresh(tx: Session, now: datetime, limit: int) -> list[Subscription]:
    """Those that are due and have not missed yet."""
    fresh: list[Subscription] = []
    last = 0
    for _page in range(PAGES):
        page = subscriptions.ending_between(tx, now - LATE, now + AHEAD, after_id=last, limit=limit, with_fee=True)
        if not page:
            break
        last = page[-1].id
        due = [(one.id, one.ends_at) for one in page]
        ends = select(MissedFeeRow.subscription_id).where(
            tuple_(MissedFeeRow.subscription_id, MissedFeeRow.ends_at).in_(due)
        )
        known = set(tx.scalars(ends))
        fresh += [one for one in page if one.id not in known]
        if len(fresh) >= limit or len(page) < limit:
            break
    return fresh[:limit]


def _charge(tx: Session, subscription_id: int, ends_at: datetime, now: datetime) -> bool:
    one = subscriptions.claim(tx, subscription_id)
    if one is None or one.state != "active" or one.ends_at != ends_at or not one.terms.subscription_fee:
        return False
    fee, party = one.terms.subscription_fee, one.party
    reference = f"fee:{one.id}:{ends_at.isoformat()}"
    if party.kind == "user" and identity.user(tx, party.id).blocked:
        _miss(tx, one, now, tell=False)
        return False
    try:
        draw(tx, party, fee, kind=FEE, reference=reference, what=one.product, floor=0, now=now)
    except ledger.Insufficient:
        _miss(tx, one, now, tell=True)
        return False
    except ledger.AlreadyPosted:
        return False
    subscriptions.give(
        tx,
        party,
        period_for_fee(one.terms),
        reference=reference,
        cause="fee",
        value=Money(fee, "TOKEN"),
        now=now,
        happens="paid",
    )
    emit(tx, FeeCharged(subscription_id=one.id, party=str(party), ended_at=ends_at, fee=fee), now)
    return True


def _miss(tx: Session, one: Subscription, now: datetime, *, tell: bool) -> None:
    row = insert(MissedFeeRow).values(subscription_id=one.id, ends_at=one.ends_at, tried_at=now)
    is_new = tx.scalar(row.on_conflict_do_nothing().returning(MissedFeeRow.subscription_id)) is not None
    if is_new and tell:
        missed = FeeMissed(
            subscription_id=one.id, party=str(one.party), ends_at=one.ends_at, fee=one.terms.subscription_fee
        )
        emit(tx, missed, now)
