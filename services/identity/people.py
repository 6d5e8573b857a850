from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Boolean, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.events import UserJoined
from services.identity.models import UserRow
from services.identity.parties import Party
from services.platform import audit
from services.platform.errors import Forbidden, NotFound
from services.platform.i18n import Language, language
from services.platform.outbox import emit


class UserNotFound(NotFound):
    code: ClassVar[str] = "user_not_found"


class UserBlocked(Forbidden):
    """An operator has blocked this person."""

    code: ClassVar[str] = "user_blocked"


@dataclass(frozen=True, slots=True)
class User:
    """A person as of one moment. `reachable` is False once Telegram said that the bot may not write there; `blocked`:
    an operator lets them buy and spend nothing."""

    id: int
    telegram_id: int
    first_name: str
    username: str | None
    language: Language
    language_is_chosen: bool
    reachable: bool
    blocked: bool = False

    @property
    def party(self) -> Party:
        return Party("user", self.id)


def greet(
    tx: Session,
    *,
    telegram_id: int,
    first_name: str,
    username: str | None,
    language_code: str | None,
    now: datetime,
    start_parameter: str | None = None,
) -> User:
    """Registers a person, or notes what changed about a known one; whoever writes to us is reachable again.
    Emits UserJoined once. Two updates of a new person at once make one user."""
    row = insert(UserRow).values(
        telegram_id=telegram_id,
        first_name=first_name[:128],
        username=username,
        language_code=language_code,
        start_parameter=start_parameter,
        created_at=now,
        seen_at=now,
    )
    news = {name: row.excluded[name] for name in ("first_name", "username", "language_code", "seen_at")}
    upsert = row.on_conflict_do_update(index_elements=["telegram_id"], set_={**news, "unreachable_at": None})
    returning = upsert.returning(UserRow, literal_column("(xmax = 0)", Boolean))
    stored, is_new = tx.execute(returning, execution_options={"populate_existing": True}).one()
    if is_new:
        emit(tx, UserJoined(user_id=stored.id, start_parameter=start_parameter), now)
    return _seen(stored)


def user(tx: Session, user_id: int) -> User:
    """Raises UserNotFound."""
    row = tx.get(UserRow, user_id)
    if row is None:
        raise UserNotFound(f"user {user_id}")
    return _seen(row)


def joined_at(tx: Session, user_id: int) -> datetime | None:
    """When they first wrote to us; None for who is not known."""
    return tx.scalar(select(UserRow.created_at).where(UserRow.id == user_id))


def telegram_ids(tx: Session, user_ids: Collection[int]) -> dict[Party, int]:
    """Of many people at once; who is not known is missing."""
    rows = tx.execute(select(UserRow.id, UserRow.telegram_id).where(UserRow.id.in_(user_ids)))
    return {Party("user", user_id): telegram_id for user_id, telegram_id in rows}


def find_user(tx: Session, telegram_id: int) -> User | None:
    row = tx.scalar(select(UserRow).where(UserRow.telegram_id == telegram_id))
    return _seen(row) if row else None


def joined_between(tx: Session, since: datetime, until: datetime) -> list[int]:
    """Ids of those who came from `since` on and before `until` and may be written to, in their order."""
    came = select(UserRow.id).where(UserRow.created_at >= since, UserRow.created_at < until)
    may = came.where(UserRow.unreachable_at.is_(None), UserRow.blocked_at.is_(None))
    return list(tx.scalars(may.order_by(UserRow.id)))


def choose_language(tx: Session, user_id: int, code: str) -> User:
    row = tx.get(UserRow, user_id)
    if row is None:
        raise UserNotFound(f"user {user_id}")
    row.chosen_language = language(code).code
    return _seen(row)


def mark_unreachable(tx: Session, telegram_id: int, now: datetime) -> None:
    """Telegram refused for good: nothing is sent there until the person writes again."""
    mark = update(UserRow).where(UserRow.telegram_id == telegram_id)
    tx.execute(mark.values(unreachable_at=func.coalesce(UserRow.unreachable_at, now)))


def block(tx: Session, user_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    """From now on this person buys and spends nothing. False when it was so already. Raises UserNotFound."""
    row = _locked(tx, user_id)
    if row.blocked_at is not None:
        return False
    row.blocked_at = now
    audit.record(tx, actor=actor, action="user.block", subject=f"user:{user_id}", now=now, reason=reason[:500])
    return True


def unblock(tx: Session, user_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    """False when nobody had blocked them. Raises UserNotFound."""
    row = _locked(tx, user_id)
    if row.blocked_at is None:
        return False
    row.blocked_at = None
    audit.record(tx, actor=actor, action="user.unblock", subject=f"user:{user_id}", now=now, reason=reason[:500])
    return True


def _locked(tx: Session, user_id: int) -> UserRow:
    known = 0 < user_id < 2**63
    row = tx.get(UserRow, user_id, with_for_update=True, populate_existing=True) if known else None
    if row is None:
        raise UserNotFound(f"user {user_id}")
    return row


def _seen(row: UserRow) -> User:
    return User(
        id=row.id,
        telegram_id=row.telegram_id,
        first_name=row.first_name,
        username=row.username,
        language=language(row.chosen_language or row.language_code),
        language_is_chosen=row.chosen_language is not None,
        reachable=row.unreachable_at is None,
        blocked=row.blocked_at is not None,
    )
