"""A word, once, to those who came and have not sent a receipt."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity import Party, joined_between
from services.platform.outbox import emit
from services.receipts import rules
from services.receipts.events import ReceiptReminderDue
from services.receipts.models import ReceiptRow, ReminderRow

EARLIEST, LATEST = timedelta(hours=24), timedelta(hours=72)  # after they came
DAY = range(10, 21)  # hours in which people may be written to


def remind(tx: Session, now: datetime) -> int:
    """Announces whom to remind, each person once; only while a campaign runs, and by day where it runs. Returns how
    many."""
    campaigns = rules.running(tx, now)
    if not any(now.astimezone(campaign.zone).hour in DAY for campaign in campaigns):
        return 0
    came = joined_between(tx, now - LATEST, now - EARLIEST)
    parties = {str(Party("user", user_id)): user_id for user_id in came}
    sent = tx.scalars(select(ReceiptRow.party).where(ReceiptRow.party.in_(parties)).distinct())
    for party in sent.all():
        del parties[party]
    if not parties:
        return 0
    rows = insert(ReminderRow).values([{"user_id": user_id, "at": now} for user_id in parties.values()])
    reminded = tx.scalars(rows.on_conflict_do_nothing().returning(ReminderRow.user_id)).all()
    for user_id in reminded:
        emit(tx, ReceiptReminderDue(user_id=user_id), now)
    return len(reminded)
