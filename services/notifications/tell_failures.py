"""What is told of access that fails, and of places in trouble, as in tell.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services import provisioning
from services.notifications.tell import queue, tell

Place = provisioning.PlaceTroubled | provisioning.PlaceMended


def tell_access_failed(tx: Session, event: provisioning.AccessFailed, now: datetime, admins: Sequence[int]) -> None:
    """The buyer may have the money back, where there was any. Operators hear once a day of each place: the console
    lists the rest."""
    about = {"grant_id": event.grant_id, "subscription_id": event.subscription_id, "payment_id": event.payment_id}
    if event.payment_id:
        tell(tx, event.party, "access_failed", f"access_failed:payment:{event.payment_id}", about, now)
    place = f"{event.kind}:{event.place}:{now.date().isoformat()}"
    params = {**about, "party": event.party, "reason": event.reason, "since": event.since.isoformat()}
    _tell_all(tx, admins, "admin_access_failed", f"access_failed:{place}", params, now)


def tell_withdrawal_stuck(
    tx: Session, event: provisioning.WithdrawalStuck, now: datetime, admins: Sequence[int]
) -> None:
    params = {"kind": event.kind, "place": event.place, "grants": event.grants, "reason": event.reason}
    about = f"withdrawal_stuck:{event.kind}:{event.place}:{now.date().isoformat()}"
    _tell_all(tx, admins, "admin_withdrawal_stuck", about, params | {"grant_id": event.grant_id}, now)


def tell_place_troubled(tx: Session, event: Place, now: datetime, admins: Sequence[int]) -> None:
    params = {"says": event.says} if isinstance(event, provisioning.PlaceTroubled) else {}
    _tell_all(tx, admins, "admin_place_troubled", _about("troubled", event), params | _named(event), now)


def tell_place_mended(tx: Session, event: Place, now: datetime, admins: Sequence[int]) -> None:
    _tell_all(tx, admins, "admin_place_mended", _about("mended", event), _named(event), now)


def _about(word: str, event: Place) -> str:
    return f"{word}:{event.kind}:{event.place}:{event.trouble}:{event.since.isoformat()}"


def _named(event: Place) -> dict[str, Any]:
    return {"kind": event.kind, "place": event.place, "trouble": event.trouble}


def _tell_all(tx: Session, admins: Sequence[int], kind: str, key: str, params: dict[str, Any], now: datetime) -> None:
    for telegram_id in admins:
        queue(tx, telegram_id, kind, f"admin:{telegram_id}:{key}", params, now)
