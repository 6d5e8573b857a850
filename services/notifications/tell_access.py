"""What is told when the other side has confirmed, as in tell.py.

One thing brings a subscription time, and its goods follow one by one: the first of them to be confirmed tells of it,
each further one only of itself, and only when there is something new to show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services import identity, provisioning
from services.notifications import goods
from services.notifications.tell import tell
from services.platform.crypto import Cipher


def tell_access_granted(tx: Session, cipher: Cipher, event: provisioning.AccessGranted, now: datetime) -> None:
    """Nothing when it has ended meanwhile: that is told by itself."""
    given = provisioning.access_of(tx, cipher, identity.Party.parse(event.party), event.subscription_id)
    access = next((one for one in given if one.grant_id == event.grant_id and one.state == "ready"), None)
    if access is None:
        return
    about = _about(event)
    params: dict[str, Any] = {
        "subscription_id": event.subscription_id,
        "grant_id": event.grant_id,
        "cause": event.cause,
        "change_id": event.change_id,
        "anew": not _is_of_subscription(event),
    }
    if event.fresh:
        if not goods.is_shown(access):
            return  # documents are sent by themselves
        kind = "access_file" if access.artifact("file") else "access_good"
        if not tell(tx, event.party, kind, about, params, now):
            tell(tx, event.party, kind, f"{about}:{event.grant_id}", params | {"also": True}, now)
        if kind == "access_file":
            tell(tx, event.party, "access_qr", f"qr:{about}:{event.grant_id}", params, now)
    elif _is_of_subscription(event):
        tell(tx, event.party, "extended", about, params, now)
    elif event.cause == "location":
        tell(tx, event.party, "access_moved", about, params, now)


def _is_of_subscription(event: provisioning.AccessGranted) -> bool:
    """All that the subscription gives goes through it; else it is a matter of this grant alone."""
    return bool(event.invoice_id or event.change_id)


def _about(event: provisioning.AccessGranted) -> str:
    if event.invoice_id:
        return f"access:{event.subscription_id}:invoice:{event.invoice_id}"
    if event.change_id:
        return f"access:{event.subscription_id}:change:{event.change_id}"
    return f"access:grant:{event.grant_id}:{event.revision}"
