from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog, subscriptions
from services.identity import Party
from services.platform.crypto import Cipher
from services.provisioning.apply import sealed_place
from services.provisioning.grants import own_row
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Artifact
from services.provisioning.wireguard import qr


@dataclass(frozen=True, slots=True)
class Access:
    """One good of an own subscription. `state`: preparing, ready, suspended, ended or sold_out. Only a ready one has
    its secret `artifacts`; `location` is what its place is called, `generation` counts how often its credentials were
    replaced.

    A ready one whose traffic is used up `is_limited`; `is_delayed`: preparing it takes longer than usual; `is_barred`:
    an operator suspends it, whatever its subscription says."""

    grant_id: int
    good: catalog.Good
    state: str
    location: str = ""
    used_bytes: int | None = None
    generation: int = 0
    artifacts: tuple[Artifact, ...] = field(default=(), repr=False)
    subscription_id: int = 0
    is_limited: bool = False
    is_delayed: bool = False
    is_barred: bool = False

    @property
    def kind(self) -> str:
        return self.good.kind

    def artifact(self, kind: str) -> Artifact | None:
        """The first of this kind."""
        return next((one for one in self.artifacts if one.kind == kind), None)


def access_of(tx: Session, cipher: Cipher, party: Party, subscription_id: int) -> list[Access]:
    """What an own subscription gives. Raises SubscriptionNotFound, also for other people's."""
    subscriptions.own_subscription(tx, party, subscription_id)
    rows = select(AccessGrantRow).where(AccessGrantRow.subscription_id == subscription_id)
    return [_seen(tx, cipher, row) for row in tx.scalars(rows.order_by(AccessGrantRow.id))]


def own_access(tx: Session, cipher: Cipher, party: Party, grant_id: int) -> Access:
    """One own good. Raises AccessNotFound, also for other people's."""
    return _seen(tx, cipher, own_row(tx, party, grant_id))


def _seen(tx: Session, cipher: Cipher, row: AccessGrantRow) -> Access:
    seen = Access(
        grant_id=row.id,
        good=catalog.good(tx, row.good),
        state=state_of(row),
        subscription_id=row.subscription_id,
        is_delayed=row.delayed_at is not None,
        is_barred=row.barred is not None,
    )
    if seen.state != "ready" or row.sealed is None:
        return seen
    opened = json.loads(cipher.open(row.sealed, sealed_place(row.id)))
    return replace(
        seen,
        location=row.place_name or "",
        used_bytes=row.used_bytes,
        generation=row.generation,
        artifacts=tuple(Artifact(**one) for one in opened),
        is_limited=row.held == "limited",
    )


def state_of(row: AccessGrantRow) -> str:
    if row.wanted != "active":
        return row.wanted
    if row.sold_out_at is not None:
        return "sold_out"
    if row.barred is not None:
        return "suspended"
    return "ready" if row.held in ("active", "limited") and row.sealed is not None else "preparing"


def qr_png(text: str) -> bytes:
    """A PNG that phones read. Raises ValueError when the text does not fit (about 2900 bytes)."""
    return qr.png(text)
