"""How receipts stand: for their owners, for operators, for partners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.money import Money
from services.receipts.errors import ReceiptNotFound
from services.receipts.facts import Reading
from services.receipts.models import ReceiptRow

# In the order in which a receipt comes through them.
STATES = ("receiving", "received", "read", "review", "approved", "paying", "paid", "pay_failed", "rejected", "reversed")
OPEN = frozenset(STATES[:6])


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt as of one moment. `reading` is what counts: read, or corrected by a person; None until then.
    `decision` is what the rules said, with its steps (rules.Decision as JSON)."""

    id: int
    party: Party
    source: str
    state: str
    reason: str | None
    submitted_at: datetime
    changed_at: datetime
    reading: Reading | None
    campaign: str | None
    bonus: Money | None
    decision: dict[str, Any] | None
    picture_key: str | None
    media_type: str | None
    reviewed_by: str | None
    message_id: int | None
    client_id: int | None

    @property
    def is_open(self) -> bool:
        """Something is still to come."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Statistics:
    """`by_state` counts receipts; `paid` and `owed` are sums by currency; `reasons` counts rejections."""

    count: int
    by_state: dict[str, int]
    reasons: dict[str, int]
    paid: list[Money]
    owed: list[Money]


def receipt(tx: Session, party: Party, receipt_id: int) -> Receipt:
    """An own one. Raises ReceiptNotFound."""
    found = any_receipt(tx, receipt_id)
    if found.party != party:
        raise ReceiptNotFound(f"receipt {receipt_id} of {party}")
    return found


def any_receipt(tx: Session, receipt_id: int) -> Receipt:
    """For operators. Raises ReceiptNotFound."""
    row = tx.get(ReceiptRow, receipt_id, populate_existing=True) if 0 < receipt_id < 2**63 else None
    if row is None:
        raise ReceiptNotFound(f"receipt {receipt_id}")
    return seen(row)


def history(tx: Session, party: Party, *, limit: int = 5, before: int | None = None) -> list[Receipt]:
    """Own ones, the newest first; `before` is the id of the last one seen."""
    own = select(ReceiptRow).where(ReceiptRow.party == str(party)).order_by(ReceiptRow.id.desc()).limit(limit)
    return [seen(row) for row in tx.scalars(own.where(ReceiptRow.id < before) if before else own)]


def in_review(tx: Session, *, limit: int = 50, after: int = 0) -> list[Receipt]:
    """What waits for a person, the oldest first; `after` is the id of the last one seen."""
    waiting = select(ReceiptRow).where(ReceiptRow.state == "review", ReceiptRow.id > after)
    return [seen(row) for row in tx.scalars(waiting.order_by(ReceiptRow.id).limit(limit))]


def receipts_between(
    tx: Session, since: datetime, until: datetime, *, state: str | None = None, after: int = 0, limit: int | None = None
) -> Iterator[Receipt]:
    """Submitted from `since` on and before `until`, in the order of their ids, a few at a time: for exports. `after` is
    the id of the last one seen."""
    asked = select(ReceiptRow).where(ReceiptRow.submitted_at >= since, ReceiptRow.submitted_at < until)
    asked = asked.where(ReceiptRow.id > after).limit(limit)
    if state:
        asked = asked.where(ReceiptRow.state == state)
    rows = tx.scalars(asked.order_by(ReceiptRow.id).execution_options(yield_per=500))
    return (seen(row) for row in rows)


def statistics(tx: Session, since: datetime, until: datetime, *, party: Party | None = None) -> Statistics:
    """Of receipts submitted from `since` on and before `until`: everybody's, or one party's."""
    where = [ReceiptRow.submitted_at >= since, ReceiptRow.submitted_at < until]
    if party is not None:
        where.append(ReceiptRow.party == str(party))
    states = dict(tx.execute(select(ReceiptRow.state, func.count()).where(*where).group_by(ReceiptRow.state)).all())
    reasons = tx.execute(
        select(ReceiptRow.reason, func.count())
        .where(*where, ReceiptRow.state == "rejected", ReceiptRow.reason.is_not(None))
        .group_by(ReceiptRow.reason)
    ).all()
    return Statistics(
        count=sum(states.values()),
        by_state=states,
        reasons={str(reason): count for reason, count in reasons},
        paid=_sums(tx, [*where, ReceiptRow.state == "paid"]),
        owed=_sums(tx, [*where, ReceiptRow.state.in_(("approved", "paying"))]),
    )


def _sums(tx: Session, where: list[Any]) -> list[Money]:
    sums = (
        select(ReceiptRow.bonus_currency, func.sum(ReceiptRow.bonus_minor))
        .where(*where, ReceiptRow.bonus_minor.is_not(None))
        .group_by(ReceiptRow.bonus_currency)
        .order_by(ReceiptRow.bonus_currency)
    )
    return [Money(int(minor or 0), str(currency)) for currency, minor in tx.execute(sums)]


def seen(row: ReceiptRow) -> Receipt:
    known = row.corrected or row.reading
    return Receipt(
        id=row.id,
        party=Party.parse(row.party),
        source=row.source,
        state=row.state,
        reason=row.reason,
        submitted_at=row.submitted_at,
        changed_at=row.changed_at,
        reading=Reading.from_json(known) if known else None,
        campaign=row.campaign,
        bonus=None
        if row.bonus_minor is None or row.bonus_currency is None
        else Money(row.bonus_minor, row.bonus_currency),
        decision=row.decision,
        picture_key=row.picture_key,
        media_type=row.media_type,
        reviewed_by=row.reviewed_by,
        message_id=row.message_id,
        client_id=row.client_id,
    )
