"""Which message of the chat is a receipt's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services import receipts
from services.notifications.models import MessageRow
from services.receipts import Receipt

NEWS = ("reading", "review", "accepted", "rejected", "paid", "unpaid", "phone", "reversed")


def key_of(receipt_id: int, news: str) -> str:
    """The same news of the same receipt is told once."""
    return f"receipt:{receipt_id}:{news}"


def message_of(tx: Session, receipt: Receipt) -> int | None:
    """Telegram's id of the message that tells how it stands: the newest that was sent, else the one that the bot had
    answered with."""
    told = next((row.telegram_message_id for row in _told(tx, receipt.id) if row.telegram_message_id), None)
    return told or receipt.message_id


def as_paid(tx: Session, receipt: Receipt) -> Receipt:
    """With the way by which it is paid now: an operator may have sent it to the balance instead of a phone."""
    payout = receipts.payouts.payout_of(tx, receipt.id)
    if payout is None:
        return receipt
    return replace(receipt, decision={**(receipt.decision or {}), "payout": payout.provider})


def last_told_at(tx: Session, receipt: Receipt) -> datetime:
    return max((row.created_at for row in _told(tx, receipt.id)), default=receipt.submitted_at)


def waiting_news(tx: Session, receipt_id: int) -> Sequence[MessageRow]:
    """What is not on its way yet; locked."""
    keys = [key_of(receipt_id, news) for news in NEWS]
    waiting = select(MessageRow).where(MessageRow.key.in_(keys), MessageRow.state == "queued").order_by(MessageRow.id)
    return tx.scalars(waiting.with_for_update().execution_options(populate_existing=True)).all()


def _told(tx: Session, receipt_id: int) -> Sequence[Row[int | None, datetime]]:
    """The newest first."""
    keys = [key for news in NEWS for key in (key_of(receipt_id, news), f"again:{key_of(receipt_id, news)}")]
    told = select(MessageRow.telegram_message_id, MessageRow.created_at).where(MessageRow.key.in_(keys))
    return tx.execute(told.order_by(MessageRow.id.desc())).all()
