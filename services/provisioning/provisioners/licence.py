"""Licence keys: one of a pool that the operator imported, or one that is signed here. There is no other side: our own
tables are, and who has a key asks whether it counts (licences/verify.py).

Options of the good: `pool` or `signed`, and `plan`, a word that the key's verification says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy.orm import Session

from services import catalog
from services.catalog import Good
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.errors import Misconfigured
from services.provisioning.licences import pool as keys
from services.provisioning.licences.models import LicenceKeyRow
from services.provisioning.licences.signed import SignedLicence, Signer
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Grant,
    Health,
    Held,
    Provisioner,
    Ref,
)

State = Literal["active", "suspended"]


class Licences(Provisioner):
    kind = "licence"
    capabilities = Capability.SUSPEND | Capability.ROTATE | Capability.STOCK

    def __init__(self, db: Database, cipher: Cipher, signer: Signer) -> None:
        self._db, self._cipher, self._signer = db, cipher, signer

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        """What is suspended keeps the key it has, and takes no other."""
        pool = _pool(grant.good)
        if pool is not None and grant.state == "active":
            keys.hold(tx, pool, grant.id, grant.generation, now)

    def stock(self, tx: Session, good: Good, locations: Sequence[str], now: datetime) -> int | None:
        pool = _pool(good)
        return None if pool is None else keys.free_keys(tx, pool)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        pool = _pool(grant.good)
        with db.begin() as tx:
            if grant.state == "ended":
                keys.let_go(tx, grant.id, "ended", now)
                return Held("absent", ref={**ref, "state": "absent"})
            if pool is None and not is_signed(grant.good):
                raise Misconfigured(f"the good {grant.good.name} names no pool, and its keys are not signed")
            if pool is None:
                keys.let_go(tx, grant.id, "replaced", now)
                return self._signed(grant.id, _next(grant, ref))
            self.reserve(tx, grant, now)
            own = keys.key_of(tx, grant.id)
            return self._of_pool(own, grant.state) if own and own.state == "taken" else Held("absent")

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """What is signed stands nowhere but in the reference, which tells what was given last. A key of a pool stands
        in our tables, whatever became of its reference."""
        if ref.get("state") == "absent":
            return Held("absent", ref=ref)
        if _pool(grant.good) is None:
            given = "exp" in ref and grant.state != "ended"
            return self._signed(grant.id, ref) if given else Held("absent", ref=ref)
        with db.begin() as tx:
            own = keys.key_of(tx, grant.id)
            if own is None or own.state != "taken":
                return Held("absent", ref=ref)
            return self._of_pool(own, ref.get("state") or ("active" if grant.state == "active" else "suspended"))

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        with db.begin() as tx:
            keys.let_go(tx, grant.id, "removed", now)

    def places(self, tx: Session) -> Sequence[str]:
        """The pools of the catalogue, and those of which there are still keys."""
        sold = [pool for good in catalog.goods(tx) if good.kind == self.kind and (pool := _pool(good)) is not None]
        return sorted({*sold, *(one.pool for one in keys.pools(tx))})

    def check(self, place: str) -> Health:
        with self._db.begin() as tx:
            here = next((one for one in keys.pools(tx) if one.pool == place), keys.PoolCount(place, 0, 0, 0))
        says = f"{here.free} of {here.total} keys are free, {here.taken} are people's, {here.revoked} are revoked"
        return Health(says, used=here.total - here.free, capacity=here.total)

    def repair(self, db: Database, place: str, now: datetime) -> None:
        """A pool loses nothing: it is our own."""

    def close(self) -> None:
        """There is nobody to close a connection to."""

    def _of_pool(self, row: LicenceKeyRow, state: State) -> Held:
        return Held(
            state,
            ref={"key": row.id, "generation": row.generation, "state": state},
            key=f"pool:{row.id}",
            place=row.pool,
            artifacts=(Artifact("key", keys.plain(self._cipher, row)),),
        )

    def _signed(self, grant_id: int, ref: Ref) -> Held:
        ends_at = datetime.fromtimestamp(ref["ends"], UTC)
        text = self._signer.write(SignedLicence(grant_id, ref["plan"], ends_at, ref["generation"]))
        return Held(
            ref["state"],
            ref=ref,
            key=f"signed:{ref['plan']}:{ref['generation']}:{ref['exp']}",
            ends_at=ends_at,
            artifacts=(Artifact("key", text),),
        )


def _next(grant: Grant, ref: Ref) -> Ref:
    """What the key is to say. `exp` is the furthest end that a key of this generation and plan has said, and names it:
    one that ends earlier is not news to its owner, for it does not prolong anything, and both are verified alike."""
    plan, ends = plan_of(grant.good), int(grant.ends_at.timestamp())
    same = (ref.get("generation"), ref.get("plan")) == (grant.generation, plan)
    exp = max(ends, ref.get("exp", 0)) if same else ends
    return {"generation": grant.generation, "plan": plan, "ends": ends, "exp": exp, "state": grant.state}


def plan_of(good: Good) -> str:
    """The word for what the licence is for; the good's own name where the operator gave none."""
    return str(good.options.get("plan") or good.name)


def is_signed(good: Good) -> bool:
    return good.options.get("signed") is True


def _pool(good: Good) -> str | None:
    """None where its keys are signed."""
    pool = good.options.get("pool")
    return None if pool is None else str(pool)
