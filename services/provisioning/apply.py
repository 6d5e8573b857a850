"""Making the other side equal to what is wanted: the one place where access is given, changed and taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.platform.clock import wall_clock
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.errors import KioskError, Misconfigured, TryLater
from services.platform.outbox import emit
from services.provisioning.events import AccessDelayed, AccessGranted, GrantChanged
from services.provisioning.grants import read, tell_sold_out
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant, Held, OutOfStock, Provisioner, Provisioners, Ref

CLAIM = timedelta(seconds=60)  # longer than the slowest adapter talks; a worker that died is waited for so long
# Nothing to tell its owner, who did not ask for anything.
SILENT = ("repair", "shorten", "bar")


@dataclass(frozen=True, slots=True)
class Claim:
    grant: Grant
    ref: Ref


def apply(db: Database, event: GrantChanged, now: datetime, provisioners: Provisioners, cipher: Cipher) -> None:
    """Applies what is wanted now, which may be newer than the event, and stores what came of it in one transaction.
    Repeating it changes nothing and announces nothing new. A failure is raised after the buyer was told, once, that it
    takes longer."""
    with db.begin() as tx:
        row = tx.get_one(AccessGrantRow, event.grant_id)
        if row.sold_out_at is not None:
            return
        is_done = row.applied_revision >= event.revision
    if not is_done:
        try:
            with claimed(db, event.grant_id, provisioners, now) as (provisioner, claim):
                held = provisioner.apply(db, claim.grant, claim.ref, now)
                with db.begin() as tx:
                    note_applied(tx, cipher, claim.grant, held, now)
        except KioskError as error:
            with db.begin() as tx:
                if isinstance(error, OutOfStock) and sell_out(tx, event, now):
                    return
                _note_failure(tx, event.grant_id, error, now)
            raise
    with db.begin() as tx:
        _announce(tx, tx.get_one(AccessGrantRow, event.grant_id, with_for_update=True), event, now)


@contextmanager
def claimed(
    db: Database, grant_id: int, provisioners: Provisioners, now: datetime
) -> Iterator[tuple[Provisioner, Claim]]:
    """For one worker at a time: an older wish that arrived after a newer one would win at the other side. Raises
    TryLater while another has it, Misconfigured when nobody gives this kind, OutOfStock."""
    with db.begin() as tx:
        row = tx.get_one(AccessGrantRow, grant_id, with_for_update=True)
        if row.claimed_until is not None and row.claimed_until > wall_clock():
            raise TryLater(f"grant {grant_id} is being applied", after=1)
        if row.sold_out_at is not None:
            raise OutOfStock(f"grant {grant_id} was sold out: its money goes back")
        if row.kind not in provisioners:
            raise Misconfigured(f"people have access of the kind {row.kind}, and nothing here gives it")
        provisioner, claim = provisioners[row.kind], Claim(read(tx, row), row.ref)
        if claim.grant.state != "ended":
            provisioner.reserve(tx, claim.grant, now)
        row.claimed_until = wall_clock() + CLAIM
    try:
        yield provisioner, claim
    finally:
        with db.begin() as tx:
            tx.get_one(AccessGrantRow, grant_id, with_for_update=True).claimed_until = None


def note_applied(tx: Session, cipher: Cipher, grant: Grant, held: Held, now: datetime) -> None:
    """The reference, what the owner is shown and the revision belong together: a link that was replaced is never
    shown again."""
    row = tx.get_one(AccessGrantRow, grant.id, with_for_update=True)
    if held.artifacts:
        shown = json.dumps([asdict(artifact) for artifact in held.artifacts]).encode()
        row.sealed = cipher.seal(shown, sealed_place(grant.id))
    row.ref, row.held, row.credentials = dict(held.ref), held.state, held.key or row.credentials
    row.place, row.place_name = held.place or row.place, held.location or row.place_name
    row.used_bytes = row.used_bytes if held.used_bytes is None else held.used_bytes
    row.problem, row.checked_at = held.problem, now
    row.failing_since = row.alerted_at = row.gone_at = row.removed_at = None
    row.applied_revision = max(row.applied_revision, grant.revision)


def sell_out(tx: Session, event: GrantChanged, now: datetime) -> bool:
    """The other side has nothing left: what was paid for and never given goes back. False where nothing was paid, or
    it is given already."""
    row = tx.get_one(AccessGrantRow, event.grant_id, with_for_update=True)
    if not event.invoice_id or row.wanted != "active" or row.held in ("active", "limited") or row.sold_out_at:
        return False
    row.sold_out_at, row.sold_out_invoice_id = now, event.invoice_id
    tell_sold_out(tx, row, event.invoice_id, now)
    return True


def sealed_place(grant_id: int) -> str:
    return f"access_grants.sealed:{grant_id}"


def _note_failure(tx: Session, grant_id: int, error: KioskError, now: datetime) -> None:
    if isinstance(error, TryLater) and error.after is not None:
        return  # it merely waits its turn
    row = tx.get_one(AccessGrantRow, grant_id, with_for_update=True)
    row.problem, row.failing_since = error.code, row.failing_since or now
    if row.wanted == "active" and row.held == "absent" and row.delayed_at is None and row.sold_out_at is None:
        row.delayed_at = now
        delayed = AccessDelayed(
            grant_id=row.id, subscription_id=row.subscription_id, party=row.party, reason=error.code, since=now
        )
        emit(tx, delayed, now)


def _announce(tx: Session, row: AccessGrantRow, event: GrantChanged, now: datetime) -> None:
    if row.wanted != "active" or row.barred is not None or row.held not in ("active", "limited"):
        return  # it ended between the push and here: the withdrawal has the last word
    fresh = row.announced_key != row.credentials
    row.ready_at, row.delayed_at, row.announced_key = now, None, row.credentials
    if event.cause in SILENT and not fresh:
        return
    news = AccessGranted(
        grant_id=row.id,
        subscription_id=row.subscription_id,
        invoice_id=event.invoice_id,
        party=row.party,
        fresh=fresh,
        ends_at=row.ends_at,
        cause=event.cause,
        change_id=event.change_id,
        revision=event.revision,
    )
    emit(tx, news, now)
