from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class TariffRow(Base):
    """Texts are objects of language to text. Prices are objects of currency to minor units, `top_up` of currency to a
    list of those, `token_rate` of currency to a decimal as text."""

    __tablename__ = "tariffs"
    slug: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    product: Mapped[str]
    name: Mapped[dict[str, Any]]
    description: Mapped[dict[str, Any]]
    features: Mapped[dict[str, Any]]
    prices: Mapped[dict[str, Any]]
    period: Mapped[dict[str, Any]]
    tokens: Mapped[int]
    subscription_fee: Mapped[int]
    minimum_payments: Mapped[dict[str, Any]]
    traffic_bytes: Mapped[int | None]
    devices: Mapped[int | None]
    speed_mbps: Mapped[int | None]
    locations: Mapped[dict[str, Any]]
    access: Mapped[dict[str, Any]]
    position: Mapped[int]
    active: Mapped[bool]
    audience: Mapped[str]
    grace: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    top_up: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    token_rate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    token_floor: Mapped[int | None]
    traffic_reset: Mapped[str | None]
    updated_at: Mapped[datetime]
