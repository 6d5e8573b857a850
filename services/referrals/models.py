from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class LinkRow(Base):
    """A person's code, for ever: links that were handed out keep working."""

    __tablename__ = "referral_links"
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class ReferralRow(Base):
    """An invited person. `state`: joined, paid (the first payment came, `invoice_id`), refunded (and has gone back)."""

    __tablename__ = "referrals"
    invited_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    inviter_id: Mapped[int]
    state: Mapped[str]
    joined_at: Mapped[datetime]
    invoice_id: Mapped[int | None]
    paid_at: Mapped[datetime | None]
    __table_args__ = (Index("referrals_inviter", "inviter_id", "invited_id"),)


class RewardRow(Base):
    """What one `side` (inviter, invited) gets: either `days`, or `minor` units of `currency` (BONUS for tokens).
    `product` is what was bought. `state`: pending (days that wait for a subscription), given, taken_back."""

    __tablename__ = "referral_rewards"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    invited_id: Mapped[int] = mapped_column(ForeignKey(ReferralRow.invited_id))
    side: Mapped[str]
    user_id: Mapped[int]
    days: Mapped[int | None]
    minor: Mapped[int | None]
    currency: Mapped[str | None]
    product: Mapped[str]
    state: Mapped[str]
    changed_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("invited_id", "side"), Index("referral_rewards_user", "user_id", "state"))

    @property
    def reference(self) -> str:
        """Names these days in the subscription's journal."""
        return f"referral:{self.invited_id}:{self.side}"
