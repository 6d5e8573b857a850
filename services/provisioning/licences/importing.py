from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from services import catalog
from services.platform import audit
from services.platform.crypto import Cipher
from services.platform.errors import Conflict
from services.provisioning.licences.models import LicenceKeyRow
from services.provisioning.licences.pool import FINGERPRINT, sealed_place
from services.provisioning.licences.reading import BadKeys

AT_ONCE = 5000


class ImportRunning(Conflict):
    """Keys are being imported by somebody else at this moment."""

    code: ClassVar[str] = "import_running"


def import_keys(
    tx: Session,
    cipher: Cipher,
    pool: str,
    keys: Sequence[tuple[int, str]],
    *,
    actor: str,
    now: datetime,
    progress: Callable[[int], None] = lambda _done: None,
) -> int:
    """Adds the keys, with the lines they stand in, to a pool: all of them, or none. `progress` hears how many are done.
    Returns how many there are. Raises BadKeys, also where one is known already, in whatever pool and state;
    ImportRunning."""
    if not catalog.is_word(pool):
        raise BadKeys(["the name of a pool is 1 to 31 of a-z, 0-9 and -, beginning with a letter"])
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended("licences:import", 0))
    if not tx.scalar(select(lock)):
        raise ImportRunning("try again when it is done")
    faults = _given_twice(keys)
    for begin in range(0, len(keys), AT_ONCE):
        some = keys[begin : begin + AT_ONCE]
        indexes = {line: cipher.blind_indexes(key.encode(), FINGERPRINT) for line, key in some}
        known = _known(tx, [one for all_of_it in indexes.values() for one in all_of_it])
        for line, fingerprints in indexes.items():
            if there := next((known[one] for one in fingerprints if one in known), None):
                faults.append(f"line {line}: the pool {there} has this key already")
        if not faults:
            rows = [_row(cipher, pool, key, indexes[line][0], now) for line, key in some]
            tx.connection().execute(insert(LicenceKeyRow.table()), rows)
        progress(begin + len(some))
    if faults:
        raise BadKeys(faults)
    audit.record(tx, actor=actor, action="licences.import", subject=f"pool:{pool}", now=now, keys=len(keys))
    return len(keys)


def _given_twice(keys: Sequence[tuple[int, str]]) -> list[str]:
    first: dict[str, int] = {}
    again = [(line, key) for line, key in keys if first.setdefault(key, line) != line]
    return [f"line {line}: the same key as in line {first[key]}" for line, key in again]


def _known(tx: Session, fingerprints: Sequence[str]) -> Mapping[str, str]:
    """The pools that have them, by fingerprint."""
    there = select(LicenceKeyRow.fingerprint, LicenceKeyRow.pool).where(LicenceKeyRow.fingerprint.in_(fingerprints))
    return {fingerprint: pool for fingerprint, pool in tx.execute(there)}  # noqa: C416 - rows are not pairs to mypy


def _row(cipher: Cipher, pool: str, key: str, fingerprint: str, now: datetime) -> dict[str, object]:
    sealed = cipher.seal(key.encode(), sealed_place(fingerprint))
    return {"pool": pool, "sealed": sealed, "fingerprint": fingerprint, "state": "free", "imported_at": now}
