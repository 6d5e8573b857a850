"""Tables of what is looked after: what was found different and mended, and places in trouble."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.provisioning.models import AccessGrantRow


class AccessRepairRow(Base):
    """The other side had something else than is wanted. `what`: absent, state, end, credentials or limits; `before` is
    what it had, `after` what is wanted, both without secrets."""

    __tablename__ = "access_repairs"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id))
    kind: Mapped[str]
    place: Mapped[str | None]
    at: Mapped[datetime]
    what: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    __table_args__ = (
        Index("access_repairs_grant", "grant_id", "at"),
        Index("access_repairs_place", "kind", "place", "at"),
    )


class AccessPlaceRow(Base):
    """One trouble of one place, while it lasts. `trouble`: unreachable, misconfigured, nearly_full, full,
    credentials_ending or losses; `says` is a line for operators, who were told at `told_at`; `times` is how often in a
    row it was seen."""

    __tablename__ = "access_places"
    kind: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    trouble: Mapped[str] = mapped_column(primary_key=True)
    says: Mapped[str]
    since: Mapped[datetime]
    times: Mapped[int]
    told_at: Mapped[datetime | None]
