from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class SubscriptionRow(Base):
    """`state`: active or expired. `terms` is the catalog.Quote that was bought last. `anchor_day` is the day of the
    month on which months end."""

    __tablename__ = "subscriptions"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    product: Mapped[str]
    state: Mapped[str]
    terms: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    anchor_day: Mapped[int]
    __table_args__ = (
        Index("subscriptions_one_live", "party", "product", unique=True, postgresql_where=text("state = 'active'")),
        Index("subscriptions_ending", "ends_at", postgresql_where=text("state = 'active'")),
        Index("subscriptions_party", "party", "id"),
    )


class SubscriptionChangeRow(Base):
    """The journal. `kind`: began, extended, shortened, expired. An invoice stands in it at most once, and a refund."""

    __tablename__ = "subscription_changes"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.id), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    invoice_id: Mapped[int | None] = mapped_column(unique=True)
    refund_id: Mapped[int | None] = mapped_column(unique=True)
    ended_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]
