"""Programs of the operator's that call the HTTP API.

A key is shown once, when its client is made: `kiosk_<id>_<random>`. Only SHA-256 of the random part is kept: it has 256
bits, so there is nothing for a slow hash to protect."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.identity.models import ApiClientRow
from services.platform import audit
from services.platform.errors import Conflict, Invalid, NotFound, Unauthenticated

# What a key can be allowed to do. None of them includes another.
SCOPES = {
    "payments": "open payments, try them again, read them",
    "payments:refund": "give money back",
    "tokens": "read people's tokens and what became of them",
    "tokens:spend": "spend people's tokens",
    "receipts:write": "send receipts for people",
    "receipts:read": "read receipts, their statistics and exports",
    "receipts:review": "read what waits for a person, correct, approve and reject it",
}
KEY = re.compile(r"kiosk_([1-9][0-9]{0,17})_([A-Za-z0-9_-]{43})")
NAME = re.compile(r"[^\W_][\w .-]{0,59}")
NOTED_EVERY = timedelta(minutes=1)


class BadKey(Unauthenticated):
    """No such key, or it was revoked; the message says which, for the log."""


class BadClient(Invalid):
    code: ClassVar[str] = "bad_client"


class NameTaken(Conflict):
    code: ClassVar[str] = "name_taken"


class ClientNotFound(NotFound):
    code: ClassVar[str] = "client_not_found"


@dataclass(frozen=True, slots=True)
class Client:
    """`scopes` are names of what it may, as `scopes()` has them. `last_used_at` is right to a minute."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """Its name in the audit log."""
        return f"client:{self.id}"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new client and its key, which nobody can ask for again."""

    client: Client
    key: str = field(repr=False)


def scopes() -> Mapping[str, str]:
    """What a key can be allowed to do, and what it means."""
    return SCOPES


def create_client(tx: Session, *, name: str, scopes: Collection[str], actor: str, now: datetime) -> IssuedKey:
    """`name` is for people, unique among clients that are not revoked; `actor` is who makes it, as the audit log has
    it. Raises BadClient or NameTaken."""
    if not NAME.fullmatch(name):
        raise BadClient("a name is 1 to 60 letters, digits, spaces, dots and dashes")
    if not scopes or set(scopes) - set(SCOPES):
        raise BadClient(f"scopes are one or more of {', '.join(SCOPES)}")
    secret = secrets.token_urlsafe(32)
    ordered = [scope for scope in SCOPES if scope in scopes]
    row = ApiClientRow(name=name, scopes=ordered, key_hash=_hash(secret), created_at=now)
    try:
        with tx.begin_nested():
            tx.add(row)
            tx.flush()
    except IntegrityError:
        raise NameTaken(f"there is a client named {name!r} already") from None
    audit.record(tx, actor=actor, action="client.create", subject=f"client:{row.id}", now=now, scopes=row.scopes)
    return IssuedKey(_seen(row), f"kiosk_{row.id}_{secret}")


def revoke_client(tx: Session, client_id: int, *, actor: str, now: datetime) -> Client:
    """Its key counts no more; the first time stays. Raises ClientNotFound."""
    known = 0 < client_id < 2**63
    row = tx.get(ApiClientRow, client_id, with_for_update=True, populate_existing=True) if known else None
    if row is None:
        raise ClientNotFound(f"client {client_id}")
    if row.revoked_at is None:
        row.revoked_at = now
        audit.record(tx, actor=actor, action="client.revoke", subject=f"client:{row.id}", now=now)
    return _seen(row)


def clients(tx: Session) -> list[Client]:
    """All of them, revoked ones too, in the order they were made."""
    return [_seen(row) for row in tx.scalars(select(ApiClientRow).order_by(ApiClientRow.id))]


def authenticate(tx: Session, key: str, now: datetime) -> Client:
    """Whose key it is. Notes that it was used, at most once a minute. Raises BadKey."""
    written = KEY.fullmatch(key)
    if written is None:
        raise BadKey("not a key")
    row = tx.get(ApiClientRow, int(written[1]))
    if row is None:
        raise BadKey("no such client")
    if not secrets.compare_digest(_hash(written[2]), row.key_hash):
        raise BadKey(f"not the key of client {row.id}")
    if row.revoked_at is not None:
        raise BadKey(f"client {row.id} was revoked")
    if row.last_used_at is None or now - row.last_used_at >= NOTED_EVERY:
        long_ago = or_(ApiClientRow.last_used_at.is_(None), ApiClientRow.last_used_at <= now - NOTED_EVERY)
        tx.execute(update(ApiClientRow).where(ApiClientRow.id == row.id, long_ago).values(last_used_at=now))
    return _seen(row)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _seen(row: ApiClientRow) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
