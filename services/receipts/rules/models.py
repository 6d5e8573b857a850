from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class ReceiptCampaignRow(Base):
    """The campaign as it is now. `state` is running or stopped. `budget_minor`, `currency`, `starts_at` and `ends_at`
    are those of its rules, repeated for the database to hold and to search by."""

    __tablename__ = "receipt_campaigns"
    slug: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    state: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    currency: Mapped[str]
    budget_minor: Mapped[int]
    spent_minor: Mapped[int]
    updated_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("spent_minor >= 0 AND spent_minor <= budget_minor", name="receipt_campaigns_within_budget"),
    )


class ReceiptCampaignVersionRow(Base):
    """The rules of each version, for ever: a decision names the one it was made by."""

    __tablename__ = "receipt_campaign_versions"
    slug: Mapped[str] = mapped_column(ForeignKey(ReceiptCampaignRow.slug), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rules: Mapped[dict[str, Any]]
    actor: Mapped[str]
    imported_at: Mapped[datetime]


class ReceiptCampaignPayeeRow(Base):
    """One whose uses are counted; the row is there to be locked."""

    __tablename__ = "receipt_campaign_payees"
    campaign: Mapped[str] = mapped_column(ForeignKey(ReceiptCampaignRow.slug), primary_key=True)
    payee: Mapped[str] = mapped_column(primary_key=True)


class ReceiptTakeRow(Base):
    """What a receipt took from budgets, `parts` being [{campaign, version, minor}]; given back where the money never
    came, or returned."""

    __tablename__ = "receipt_takes"
    receipt_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    currency: Mapped[str]
    parts: Mapped[list[Any]] = mapped_column(JSONB)
    taken_at: Mapped[datetime]
    given_back_at: Mapped[datetime | None]


class ReceiptTakeShareRow(Base):
    """A use that counts against the limits of a payee, in the order in which they are looked up. Gone once it is given
    back."""

    __tablename__ = "receipt_take_shares"
    campaign: Mapped[str] = mapped_column(primary_key=True)
    payee: Mapped[str] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey(ReceiptTakeRow.receipt_id), primary_key=True, index=True)
    minor: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(
            ["campaign", "payee"],
            [ReceiptCampaignPayeeRow.campaign, ReceiptCampaignPayeeRow.payee],
            name="receipt_take_shares_payee_fkey",
        ),
    )
