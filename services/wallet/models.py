from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class WalletRow(Base):
    """The tariff under which a party last bought tokens: what its spending stands on. How many tokens there are is in
    the ledger alone."""

    __tablename__ = "wallets"
    party: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str]
    subscription_fee: Mapped[int]
    token_floor: Mapped[int]
    changed_at: Mapped[datetime]


class NoteRow(Base):
    """What a posting (`kind`, `reference`) was for, in the words of who made it."""

    __tablename__ = "wallet_notes"
    kind: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
    party: Mapped[str]
    description: Mapped[str]
    detail: Mapped[dict[str, Any]]


class QuestionRow(Base):
    """A person was asked to write how much to pay in; the newest question counts."""

    __tablename__ = "wallet_questions"
    party: Mapped[str] = mapped_column(primary_key=True)
    tariff: Mapped[str]
    currency: Mapped[str]
    asked_at: Mapped[datetime]


class MissedFeeRow(Base):
    """A period's fee that could not be taken, last at `tried_at`; it was told when the row was made."""

    __tablename__ = "wallet_missed_fees"
    subscription_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime]
    __table_args__ = (Index("wallet_missed_fees_tries", "tried_at"),)
