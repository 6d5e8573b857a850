"""Campaigns as they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.errors import NotFound
from services.platform.money import Money
from services.receipts.rules.campaign import Campaign
from services.receipts.rules.models import ReceiptCampaignRow, ReceiptCampaignVersionRow

LONGEST_AGE = 366  # days: what `max_age_days` may be, at most


class ReceiptCampaignNotFound(NotFound):
    code: ClassVar[str] = "receipt_campaign_not_found"


@dataclass(frozen=True, slots=True)
class CampaignStanding:
    """A campaign, and what it has spent of its budget."""

    campaign: Campaign
    spent: Money


def campaign(tx: Session, slug: str, version: int | None = None) -> Campaign:
    """As it is now, or the rules that it had by an earlier version. Raises ReceiptCampaignNotFound."""
    row = tx.get(ReceiptCampaignRow, slug)
    if row is None:
        raise ReceiptCampaignNotFound(slug[:80])
    number = row.version if version is None else version
    rules = tx.get(ReceiptCampaignVersionRow, (slug, number))
    if rules is None:
        raise ReceiptCampaignNotFound(f"{slug[:80]} version {number}")
    return Campaign.from_rules(slug, number, row.state, rules.rules)


def running(tx: Session, now: datetime) -> list[Campaign]:
    """Those in which a purchase of now counts, by priority: what people are shown."""
    rows = select(ReceiptCampaignRow.slug).where(
        ReceiptCampaignRow.state == "running", ReceiptCampaignRow.starts_at <= now, ReceiptCampaignRow.ends_at > now
    )
    return _in_order(campaign(tx, slug) for slug in tx.scalars(rows))


def campaigns_for(tx: Session, submitted_at: datetime) -> list[Campaign]:
    """Those that may have something for a receipt sent then, for `decide`: also what has ended since the purchase, and
    what a person has stopped, so that the answer says so."""
    since = submitted_at - timedelta(days=LONGEST_AGE)
    rows = select(ReceiptCampaignRow.slug).where(
        ReceiptCampaignRow.starts_at <= submitted_at, ReceiptCampaignRow.ends_at > since
    )
    return _in_order(campaign(tx, slug) for slug in tx.scalars(rows))


def standings(tx: Session) -> list[CampaignStanding]:
    """All campaigns, by slug."""
    return [standing(tx, slug) for slug in tx.scalars(select(ReceiptCampaignRow.slug).order_by("slug"))]


def standing(tx: Session, slug: str) -> CampaignStanding:
    """Raises ReceiptCampaignNotFound."""
    found = campaign(tx, slug)
    row = tx.get_one(ReceiptCampaignRow, slug)
    return CampaignStanding(found, Money(row.spent_minor, row.currency))


def set_state(tx: Session, slug: str, state: str, *, actor: str, now: datetime) -> bool:
    """ "running" or "stopped". False where it is that already. Raises ReceiptCampaignNotFound."""
    row = tx.get(ReceiptCampaignRow, slug, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise ReceiptCampaignNotFound(slug[:80])
    if row.state == state:
        return False
    row.state, row.updated_at = state, now
    audit.record(tx, actor=actor, action=f"receipt_campaign.{state}", subject=f"receipt_campaign:{slug}", now=now)
    tx.flush()
    return True


def _in_order(found: Iterable[Campaign]) -> list[Campaign]:
    return sorted(found, key=lambda one: (-one.priority, one.slug))
