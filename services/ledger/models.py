from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class LedgerTransaction(Base):
    __tablename__ = "ledger_transactions"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    reference: Mapped[str]
    posted_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("kind", "reference"), Index("ledger_transactions_time", "posted_at"))


class LedgerEntry(Base):
    __tablename__ = "ledger_entries"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey(LedgerTransaction.id), index=True)
    account: Mapped[str]
    currency: Mapped[str]
    minor: Mapped[int]
    __table_args__ = (Index("ledger_entries_account", "account", "currency"),)


class LedgerBalance(Base):
    """The sum of the entries of one account of post.KEPT; its row lock is what spenders queue for."""

    __tablename__ = "ledger_balances"
    account: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    minor: Mapped[int]
