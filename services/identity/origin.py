"""Where a person came from: the parameter of the very first /start, and who invited them."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.identity.models import UserRow

LONGEST_CHAIN = 1000  # whoever stands further above could not be told from a circle in time


def came_from(tx: Session, user_id: int) -> str | None:
    """The parameter of the first /start, if there was one."""
    return tx.scalar(select(UserRow.start_parameter).where(UserRow.id == user_id))


def who_came_from(tx: Session, parameter: str) -> list[int]:
    """The ids of everybody whose first /start carried exactly this parameter, in the order in which they came."""
    came = select(UserRow.id).where(UserRow.start_parameter == parameter)
    return list(tx.scalars(came.order_by(UserRow.id)))


def invited_by(tx: Session, user_id: int) -> int | None:
    return tx.scalar(select(UserRow.invited_by).where(UserRow.id == user_id))


def record_inviter(tx: Session, user_id: int, inviter_id: int) -> bool:
    """Writes down who invited a person: once, for ever, nobody themselves, and never in a circle. Returns whether it
    was written now."""
    # One after the other: two such changes at once could each see half of a circle.
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("identity:inviters", 0))))
    if _stands_above(tx, user_id, inviter_id):
        return False
    free = update(UserRow).where(UserRow.id == user_id, UserRow.invited_by.is_(None)).values(invited_by=inviter_id)
    return tx.scalar(free.returning(UserRow.id)) is not None


def _stands_above(tx: Session, user_id: int, inviter_id: int) -> bool:
    """Whether the person is the inviter, or invited the inviter, directly or over others."""
    above: int | None = inviter_id
    for _ in range(LONGEST_CHAIN):
        if above is None or above == user_id:
            return above == user_id
        above = invited_by(tx, above)
    return True
