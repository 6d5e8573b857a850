from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class GiftRow(Base):
    """`state`: waiting, claimed, expired (its money is on the buyer's balance) or canceled (its money went back).
    `quote` is the catalog.Quote that was paid. The code is money: it is kept sealed, for the buyer to see it again, and
    found by its keyed hash."""

    __tablename__ = "gifts"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(unique=True)
    buyer: Mapped[str]
    quote: Mapped[dict[str, Any]]
    code_index: Mapped[str] = mapped_column(unique=True)
    code_sealed: Mapped[bytes]
    state: Mapped[str]
    claimed_by: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        Index("gifts_buyer", "buyer", "id"),
        Index("gifts_claimed_by", "claimed_by"),
        Index("gifts_due", "expires_at", postgresql_where=text("state = 'waiting'")),
    )

    @property
    def reference(self) -> str:
        """Names its days in the subscription's journal, and its money in the ledger."""
        return f"gift:{self.id}"
