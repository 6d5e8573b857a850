"""Cards that their owners let us remember: asked for with consent, listed, forgotten with one call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import identity
from services.billing.events import MethodGone, MethodSaved
from services.billing.models import ChargeRow, MethodRow, PaymentRow
from services.billing.providers.base import Capability, Method, PaymentProvider, Unsupported
from services.identity import Party
from services.platform.errors import Forbidden, NotFound
from services.platform.outbox import emit

CONSENT, CONSENT_VERSION = "saved_card", "1"
CHARGE = "charge:"  # how the references of attempts without their buyer begin


class ConsentMissing(Forbidden):
    """The buyer was not asked whether the card may be remembered."""

    code: ClassVar[str] = "consent_missing"


class MethodNotFound(NotFound):
    """There is none, it is forgotten, or it is another party's."""

    code: ClassVar[str] = "payment_method_not_found"


@dataclass(frozen=True, slots=True)
class SavedMethod:
    id: int
    provider: str
    title: str
    created_at: datetime


def consent_to_saving(tx: Session, party: Party, now: datetime) -> None:
    """Records that this person agreed to the words about remembered cards, which were shown."""
    identity.consent(tx, party.id, CONSENT, CONSENT_VERSION, now)


def require_consent(tx: Session, provider: PaymentProvider, party: Party, *, save: bool) -> None:
    """Raises ConsentMissing, or Unsupported where the provider remembers no cards."""
    if save and Capability.SAVED_METHOD not in provider.capabilities:
        raise Unsupported(f"{provider.code} remembers no cards")
    if save and not (party.kind == "user" and identity.has_consented(tx, party.id, CONSENT, CONSENT_VERSION)):
        raise ConsentMissing(f"{party} was not asked")


def remember(tx: Session, payment: PaymentRow, method: Method, now: datetime) -> None:
    """Keeps the card of a payment whose buyer wanted that. The same card again is the same row, active anew."""
    row = {"party": payment.party, "title": method.title[:100], "state": "active", "changed_at": now}
    stored = insert(MethodRow).values(provider=payment.provider, token=method.token, created_at=now, **row)
    kept = stored.on_conflict_do_update(
        index_elements=["provider", "token"], set_=row, where=(MethodRow.party == payment.party)
    )
    method_id = tx.scalar(kept.returning(MethodRow.id))
    if method_id is not None:
        emit(tx, MethodSaved(method_id=method_id, party=payment.party), now)


def methods_of(tx: Session, party: Party) -> list[SavedMethod]:
    """Newest first; what can be charged only."""
    own = select(MethodRow).where(MethodRow.party == str(party), MethodRow.state == "active")
    return [_seen(row) for row in tx.scalars(own.order_by(MethodRow.id.desc()))]


def forget_method(tx: Session, party: Party, method_id: int, now: datetime) -> SavedMethod:
    """From now on it is never charged; charges that waited for it stop. Raises MethodNotFound."""
    row = own_method(tx, party, method_id)
    row.state, row.changed_at = "forgotten", now
    emit(tx, MethodGone(method_id=row.id, party=row.party, cause="card_forgotten"), now)
    return _seen(row)


def refuse_method(tx: Session, method_id: int, now: datetime) -> None:
    """Its bank has said no for good."""
    row = tx.get_one(MethodRow, method_id)
    row.state, row.changed_at = "refused", now
    emit(tx, MethodGone(method_id=row.id, party=row.party, cause="card_refused"), now)


def may_charge(tx: Session, payment: PaymentRow) -> bool:
    """False for a charge whose owner has said no meanwhile: to the card, or to this charge."""
    if payment.method_id is not None and tx.get_one(MethodRow, payment.method_id).state != "active":
        return False
    state = select(ChargeRow.state).where(ChargeRow.invoice_id == payment.invoice_id)
    return not is_charge(payment) or tx.scalar(state) != "stopped"


def is_charge(payment: PaymentRow) -> bool:
    """Made by carry_out_charge: its buyer was not there."""
    return (payment.reference or "").startswith(CHARGE)


def method_saved_by(tx: Session, payment: PaymentRow) -> int | None:
    """The card that this payment had remembered, while it still is."""
    saved = select(MethodRow.id).where(MethodRow.party == payment.party, MethodRow.provider == payment.provider)
    saved = saved.where(MethodRow.state == "active", MethodRow.changed_at == payment.succeeded_at)
    return tx.scalar(saved) if payment.save and payment.succeeded_at else None


def own_method(tx: Session, party: Party, method_id: int) -> MethodRow:
    """Locked. Raises MethodNotFound."""
    own = select(MethodRow).where(MethodRow.id == method_id, MethodRow.party == str(party))
    row = tx.scalar(own.where(MethodRow.state == "active").with_for_update())
    if row is None:
        raise MethodNotFound(f"payment method {method_id} of {party}")
    return row


def _seen(row: MethodRow) -> SavedMethod:
    return SavedMethod(row.id, row.provider, row.title, row.created_at)
