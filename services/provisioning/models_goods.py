"""Tables of goods that no machine gives: links to files, and tasks for operators."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.provisioning.models import AccessGrantRow


class DownloadRow(Base):
    """A link to a file, by the SHA-256 of its token."""

    __tablename__ = "download_links"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    uses_left: Mapped[int]
    used_at: Mapped[datetime | None]
    __table_args__ = (Index("download_links_age", "expires_at"),)


class TaskRow(Base):
    """What an operator has to do for a grant.

    `kind`: give, take_back. `state`: open, taken (by `operator`), answered, declined (of give), done (of take_back),
    dropped (nobody needs it any more). `generation` and `usage_epoch` are the grant's when it was opened; `sealed` is
    the answer, or what is written of it so far; `reason` why it is declined.

    `awaits` is what the next words of `awaits_from` (a Telegram id) are: text, link, key or reason."""

    __tablename__ = "access_tasks"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id))
    party: Mapped[str]
    good: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    generation: Mapped[int]
    usage_epoch: Mapped[int]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    operator: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    awaits: Mapped[str | None]
    awaits_from: Mapped[int | None]
    awaits_since: Mapped[datetime | None]
    __table_args__ = (
        Index("access_tasks_one_open", "grant_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("access_tasks_waiting", "due_at", postgresql_where=text("closed_at IS NULL")),
        Index("access_tasks_grant", "grant_id", "id"),
        Index("access_tasks_awaits", "awaits_from", postgresql_where=text("awaits_from IS NOT NULL")),
    )


class SellerAnswerRow(Base):
    """What a seller's own system confirmed last of a grant: `state`, `revision` and `ends_at` as it was told;
    `generation` of the credentials it gave. `sealed` is what its owner is shown, `shown` names that by a keyed
    hash."""

    __tablename__ = "seller_answers"
    grant_id: Mapped[int] = mapped_column(ForeignKey(AccessGrantRow.id), primary_key=True)
    state: Mapped[str]
    revision: Mapped[int]
    generation: Mapped[int]
    ends_at: Mapped[datetime]
    shown: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime]
