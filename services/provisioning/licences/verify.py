"""Whether a licence key counts. The key is the question's whole authority: who has it may know how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy.orm import Session

from services import catalog, subscriptions
from services.platform.crypto import Cipher
from services.platform.errors import NotFound
from services.provisioning.licences import pool
from services.provisioning.licences.signed import SignedLicence, Signer
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.licence import is_signed, plan_of

State = Literal["active", "suspended", "ended", "rotated", "refunded"]


class LicenceNotFound(NotFound):
    """Nobody was given this key: unknown, forged, cut, another installation's, or not sold yet. Which, is not told."""

    code: ClassVar[str] = "licence_not_found"


@dataclass(frozen=True, slots=True)
class LicenceState:
    """`state`: active, suspended (paused, or by an operator), ended, rotated (another key took its place), refunded.
    `ends_at` is when access ends on our clock."""

    state: State
    plan: str
    product: str
    ends_at: datetime

    @property
    def valid(self) -> bool:
        return self.state == "active"


def verify_licence(tx: Session, cipher: Cipher, signer: Signer, key: str, now: datetime) -> LicenceState:
    """By our own tables as they are now, whatever end a signed key says. Raises LicenceNotFound."""
    text = key.strip()
    licence = signer.read(text)
    return _of_pool(tx, cipher, text, now) if licence is None else _of_signed(tx, licence, now)


def _of_signed(tx: Session, licence: SignedLicence, now: datetime) -> LicenceState:
    row = tx.get(AccessGrantRow, licence.id) if licence.id < 2**63 else None
    if row is None or row.kind != "licence":
        raise LicenceNotFound("no licence has this key")
    is_old = licence.generation < row.generation or not is_signed(catalog.good(tx, row.good))
    return _seen(tx, row, now, is_old=is_old)


def _of_pool(tx: Session, cipher: Cipher, text: str, now: datetime) -> LicenceState:
    key = pool.find(tx, cipher, text)
    row = tx.get(AccessGrantRow, key.grant_id) if key and key.grant_id is not None else None
    if key is None or row is None:
        raise LicenceNotFound("no licence has this key")
    return _seen(tx, row, now, is_old=key.state == "revoked" and key.revoked_why != "ended")


def _seen(tx: Session, row: AccessGrantRow, now: datetime, *, is_old: bool) -> LicenceState:
    subscription = subscriptions.subscription(tx, row.subscription_id)
    state: State = "rotated" if is_old else state_of_licence(tx, row, now)
    return LicenceState(state, plan_of(catalog.good(tx, row.good)), subscription.product, row.ends_at)


def state_of_licence(tx: Session, row: AccessGrantRow, now: datetime) -> State:
    """Of the grant, whichever key of its counts."""
    if row.wanted == "suspended" or (row.wanted == "active" and row.barred is not None):
        return "suspended"
    if row.wanted == "active" and row.ends_at > now:
        return "active"
    is_over = subscriptions.subscription(tx, row.subscription_id).state == "expired"
    return "refunded" if is_over and subscriptions.history(tx, row.subscription_id)[-1].cause == "refund" else "ended"
