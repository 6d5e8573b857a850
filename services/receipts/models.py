from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class ReceiptRow(Base):
    """One picture that was sent, or one receipt that was typed in.

    `state`: receiving (its picture is on the way to the storage), received (waits to be read), read (waits for the
    rules), review (waits for a person), approved (waits for its payout), paying, paid, pay_failed, rejected, reversed.
    `reading` is what was read, as facts.Reading writes it; `corrected` the same after a person's changes. The columns
    from `tier` to `fiscal_key` are drawn from them, for looking things up. `decision` explains what the rules said."""

    __tablename__ = "receipts"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    source: Mapped[str]  # telegram, api or typed
    client_id: Mapped[int | None]  # of the API
    state: Mapped[str]
    reason: Mapped[str | None]  # of a rejection
    submitted_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    picture_key: Mapped[str | None]  # in the storage; None once it is deleted there
    media_type: Mapped[str | None]
    size: Mapped[int | None]  # bytes
    picture_hash: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)  # to read it
    reading: Mapped[dict[str, Any] | None]
    corrected: Mapped[dict[str, Any] | None]
    tier: Mapped[str | None]
    merchant: Mapped[str | None]
    bought_on: Mapped[date | None]
    bought_at: Mapped[str | None]  # HH:MM, local to the shop
    total_minor: Mapped[int | None]
    currency: Mapped[str | None]
    fiscal_key: Mapped[str | None]
    campaign: Mapped[str | None]
    campaign_version: Mapped[int | None]
    bonus_minor: Mapped[int | None]
    bonus_currency: Mapped[str | None]
    decision: Mapped[dict[str, Any] | None]
    reviewed_by: Mapped[str | None]
    message_id: Mapped[int | None]  # of the bot's message that tells how it stands
    __table_args__ = (
        Index("receipts_party", "party", "id"),
        Index("receipts_submitted", "submitted_at"),
        Index("receipts_review", "id", postgresql_where=text("state = 'review'")),
        Index("receipts_bought", "bought_on", "total_minor"),
        Index("receipts_pictures", "submitted_at", postgresql_where=text("picture_key IS NOT NULL")),
    )


class ClaimRow(Base):
    """What only one receipt may have. `kind`: picture (SHA-256 of its bytes), file (Telegram's name of it), fiscal (key
    of its code), call (of another program, which may come twice)."""

    __tablename__ = "receipt_claims"
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey(ReceiptRow.id), index=True)


class ReminderRow(Base):
    """Who has been reminded to send a first receipt: once."""

    __tablename__ = "receipt_reminders"
    user_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class QuestionRow(Base):
    """What somebody was asked to write in the chat, `what`: phone or receipt. Kept, so that any worker can read the
    answer."""

    __tablename__ = "receipt_questions"
    party: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str]
    asked_at: Mapped[datetime]
