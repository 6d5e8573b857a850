"""Pools of keys in our own tables: one key for a grant, once, and never for another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from services.platform.crypto import Cipher
from services.platform.errors import Conflict
from services.provisioning.licences.models import LicenceKeyRow
from services.provisioning.provisioners.base import OutOfStock

FINGERPRINT = "licence_keys.fingerprint"
REST = timedelta(days=1)  # each key replaced is one less to sell


class TooSoon(Conflict):
    """The key of a pool is replaced once a day at most."""

    code: ClassVar[str] = "replaced_lately"


@dataclass(frozen=True, slots=True)
class PoolCount:
    """How many keys a pool has, by state."""

    pool: str
    free: int
    taken: int
    revoked: int

    @property
    def total(self) -> int:
        return self.free + self.taken + self.revoked


def key_of(tx: Session, grant_id: int) -> LicenceKeyRow | None:
    """The one that a grant has, or had when it ended; locked."""
    own = select(LicenceKeyRow).where(
        LicenceKeyRow.grant_id == grant_id, or_(LicenceKeyRow.state == "taken", LicenceKeyRow.revoked_why == "ended")
    )
    newest = own.order_by(LicenceKeyRow.state.desc(), LicenceKeyRow.id.desc()).limit(1)  # "taken" before "revoked"
    return tx.scalar(newest.with_for_update())


def hold(
    tx: Session, pool: str, grant_id: int, generation: int, now: datetime, rest: timedelta = REST
) -> LicenceKeyRow:
    """The grant's own key, back from its end if need be; another one where it has none, or where its own was taken for
    an earlier generation, `rest` ago or longer, and is then revoked. Raises OutOfStock or TooSoon, and changes
    nothing."""
    own = key_of(tx, grant_id)
    if own is not None and (own.generation or 0) >= generation:
        own.state, own.revoked_at, own.revoked_why = "taken", None, None
        return own
    if own is not None and own.taken_at is not None and own.taken_at > now - rest:
        raise TooSoon(f"the key of grant {grant_id} was taken less than {rest} ago")
    row = _free(tx, pool)
    if own is not None:
        revoke(own, "rotated", now)
        tx.flush()  # a grant has one taken key at a time: the index holds it
    row.state, row.grant_id, row.generation, row.taken_at = "taken", grant_id, generation, now
    tx.flush()
    return row


def let_go(tx: Session, grant_id: int, why: str, now: datetime) -> None:
    """What the grant has is revoked. Nothing where it has nothing."""
    own = key_of(tx, grant_id)
    if own is not None and own.state == "taken":
        revoke(own, why, now)


def revoke(row: LicenceKeyRow, why: str, now: datetime) -> None:
    """For ever, unless the reason is "ended". A second reason that is for ever replaces "ended"."""
    row.state, row.revoked_at, row.revoked_why = "revoked", row.revoked_at or now, why


def free_keys(tx: Session, pool: str) -> int:
    own = select(func.count()).where(LicenceKeyRow.pool == pool, LicenceKeyRow.state == "free")
    return tx.scalar(own) or 0


def pools(tx: Session) -> list[PoolCount]:
    """All of which there is a key, by name."""
    states = [func.count().filter(LicenceKeyRow.state == state) for state in ("free", "taken", "revoked")]
    rows = tx.execute(select(LicenceKeyRow.pool, *states).group_by(LicenceKeyRow.pool).order_by(LicenceKeyRow.pool))
    return [PoolCount(row[0], row[1], row[2], row[3]) for row in rows]


def plain(cipher: Cipher, row: LicenceKeyRow) -> str:
    return cipher.open(row.sealed, sealed_place(row.fingerprint)).decode()


def find(tx: Session, cipher: Cipher, key: str) -> LicenceKeyRow | None:
    """By the key itself, also one that was imported under an earlier ENCRYPTION_SECRET."""
    known = cipher.blind_indexes(key.encode(), FINGERPRINT)
    return tx.scalar(select(LicenceKeyRow).where(LicenceKeyRow.fingerprint.in_(known)).limit(1))


def sealed_place(fingerprint: str) -> str:
    return f"licence_keys.sealed:{fingerprint}"


def _free(tx: Session, pool: str) -> LicenceKeyRow:
    """The first that nobody else is about to take. Where all that are left are being taken, it is seen what becomes of
    that: a buyer whose purchase comes to nothing leaves a key. Raises OutOfStock."""
    free = (LicenceKeyRow.pool == pool, LicenceKeyRow.state == "free")
    first = select(LicenceKeyRow).where(*free).order_by(LicenceKeyRow.id).limit(1)
    if (row := tx.scalar(first.with_for_update(skip_locked=True))) is not None:
        return row
    while tx.scalar(select(exists().where(*free))):
        if (row := tx.scalar(first.with_for_update())) is not None:
            return row
    raise OutOfStock(f"no key is left in the pool {pool}")
