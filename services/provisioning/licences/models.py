from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.provisioning.models import AccessGrantRow


class LicenceKeyRow(Base):
    """A key of a pool. `fingerprint` finds it without revealing it: unique in all pools, so that no key is sold twice.

    `state`: free, taken (it is a grant's) or revoked, which is for ever, but for one: a key whose grant has ended
    comes back to this same grant when that is renewed. `revoked_why` is ended, rotated (another took its place),
    replaced (its good is delivered otherwise now) or removed. `generation` is the grant's when it
    was taken. What was imported together has one `imported_at`."""

    __tablename__ = "licence_keys"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    pool: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    fingerprint: Mapped[str]
    state: Mapped[str]
    grant_id: Mapped[int | None] = mapped_column(ForeignKey(AccessGrantRow.id))
    generation: Mapped[int | None]
    imported_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        Index("licence_keys_free", "pool", "id", postgresql_where=text("state = 'free'")),
        Index("licence_keys_taken", "grant_id", unique=True, postgresql_where=text("state = 'taken'")),
        Index("licence_keys_grant", "grant_id", postgresql_where=text("grant_id IS NOT NULL")),
    )
