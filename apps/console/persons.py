"""How an operator names a person."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services import identity
from services.platform.errors import Invalid

PERSON = 'the number that the person\'s /support shows, "user:" and that number, or "tg:" and a Telegram id'
LARGEST = 2**63 - 1


def find_person(tx: Session, named: str) -> identity.User:
    """Raises UserNotFound, or Invalid for what names nobody."""
    kind, colon, number = named.rpartition(":")
    is_number = number.isascii() and number.isdigit() and int(number[:19]) > 0
    if kind not in ("", "user", "tg") or (colon and not kind) or not is_number:
        raise Invalid(f"{named[:80]!r} is not a number, user:N or tg:N")
    if kind != "tg":
        return identity.user(tx, min(int(number), LARGEST))
    found = identity.find_user(tx, min(int(number), LARGEST))
    if found is None:
        raise identity.UserNotFound(f"user with Telegram id {number[:20]}")
    return found
