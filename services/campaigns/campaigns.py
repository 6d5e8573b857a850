from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.campaigns.models import CampaignRow
from services.platform import audit
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.money import Money

NAME = re.compile(r"[^\s].{0,79}")
PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)  # Telegram Bot API 10.3, "Deep linking"


class BadCampaign(Invalid):
    """The name, the parameter or the cost cannot be."""

    code: ClassVar[str] = "bad_campaign"


class CampaignExists(Conflict):
    """The name or the parameter is taken."""

    code: ClassVar[str] = "campaign_exists"


class CampaignNotFound(NotFound):
    code: ClassVar[str] = "campaign_not_found"


@dataclass(frozen=True, slots=True)
class Campaign:
    id: int
    name: str
    parameter: str
    cost: Money
    created_at: datetime


def create(tx: Session, *, name: str, parameter: str, cost: Money, actor: str, now: datetime) -> Campaign:
    """Names a start parameter and what it costs. Whoever came by it before counts, too. Raises BadCampaign or
    CampaignExists."""
    if not NAME.fullmatch(name) or name != name.strip():
        raise BadCampaign("a name has 1 to 80 characters")
    if not PARAMETER.fullmatch(parameter):
        raise BadCampaign("a start parameter has 1 to 64 of A-Z a-z 0-9 _ -")
    if cost.minor < 0:
        raise BadCampaign("a cost is not negative")
    row = insert(CampaignRow).values(
        name=name, parameter=parameter, cost_minor=cost.minor, currency=cost.currency, created_at=now
    )
    made = tx.scalar(row.on_conflict_do_nothing().returning(CampaignRow))
    if made is None:
        raise CampaignExists(f"{name} or {parameter}")
    detail = {"parameter": parameter, "cost": str(cost), "currency": cost.currency}
    audit.record(tx, actor=actor, action="campaign.create", subject=f"campaign:{made.id}", now=now, **detail)
    return _seen(made)


def campaign(tx: Session, name: str) -> Campaign:
    """Raises CampaignNotFound."""
    row = tx.scalar(select(CampaignRow).where(CampaignRow.name == name))
    if row is None:
        raise CampaignNotFound(f"campaign {name[:80]}")
    return _seen(row)


def campaigns(tx: Session) -> list[Campaign]:
    """In the order in which they were made."""
    return [_seen(row) for row in tx.scalars(select(CampaignRow).order_by(CampaignRow.id))]


def _seen(row: CampaignRow) -> Campaign:
    return Campaign(row.id, row.name, row.parameter, Money(row.cost_minor, row.currency), row.created_at)
