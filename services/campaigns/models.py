from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class CampaignRow(Base):
    """Who came is not written here: it is read from the people themselves, so that a campaign that is named late knows
    those who came before."""

    __tablename__ = "campaigns"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    parameter: Mapped[str] = mapped_column(unique=True)
    cost_minor: Mapped[int]
    currency: Mapped[str]
    created_at: Mapped[datetime]
