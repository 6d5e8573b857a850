from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import subscriptions
from services.identity import Party
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Provisioner
from services.provisioning.wireguard import qr


@dataclass(frozen=True, slots=True)
class Access:
    """`state`: preparing, ready or ended. Only a ready one has a location, a file name and its secret `config`."""

    grant_id: int
    kind: str
    state: str
    location: str = ""
    file_name: str = ""
    config: str = field(default="", repr=False)


def access_of(tx: Session, provisioners: Mapping[str, Provisioner], party: Party, subscription_id: int) -> list[Access]:
    """What an own subscription gives. Raises SubscriptionNotFound, also for other people's."""
    subscriptions.own_subscription(tx, party, subscription_id)
    rows = select(AccessGrantRow).where(AccessGrantRow.subscription_id == subscription_id)
    found = []
    for row in tx.scalars(rows.order_by(AccessGrantRow.id)):
        if row.state == "ready":
            shown = provisioners[row.kind].reveal(tx, row.id)
            found.append(Access(row.id, row.kind, row.state, shown.location, shown.file_name, shown.config))
        else:
            found.append(Access(row.id, row.kind, row.state))
    return found


def qr_png(text: str) -> bytes:
    """A PNG that phones read. Raises ValueError when the text does not fit (about 2900 bytes)."""
    return qr.png(text)
