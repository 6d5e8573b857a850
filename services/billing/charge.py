"""Charging a remembered card without its owner: once for each purpose, in few and spaced tries, never while an earlier
try is open, never after its owner said no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog
from services.billing.attempts import Terms, new_attempt, new_invoice
from services.billing.checkout import CheckoutFailed, PaymentDeclined, send
from services.billing.events import ChargeDeclined, ChargeDue, InvoicePaid, PaymentFailed
from services.billing.methods import own_method
from services.billing.models import ChargeRow, InvoiceRow, MethodRow, PaymentRow
from services.billing.providers.base import PaymentProvider
from services.billing.reasons import can_be_tried_again
from services.billing.reconcile import configured
from services.identity import Party
from services.platform.db import Database
from services.platform.outbox import emit

PAUSES = (timedelta(hours=24), timedelta(hours=48))  # before the second and the third try; there is no fourth
LIFE = timedelta(days=7)  # how long its price holds
AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Charge:
    id: int
    purpose: str
    state: str
    tries: int
    next_at: datetime | None
    reason: str | None


def start_charge(
    tx: Session, *, party: Party, purpose: str, method_id: int, quote: catalog.Quote, now: datetime
) -> int:
    """Plans to charge a party's remembered card for what `quote` says, from now on. `purpose` names it for ever
    ("subscription:5:2026-12-21"): the same again is the same charge. Returns its id. Raises MethodNotFound."""
    if known := tx.scalar(select(ChargeRow.id).where(ChargeRow.purpose == purpose)):
        return known
    method = own_method(tx, party, method_id)
    row = ChargeRow(
        party=str(party),
        purpose=purpose,
        method_id=method.id,
        invoice_id=new_invoice(tx, party, quote, now, LIFE).id,
        state="due",
        tries=0,
        next_at=now,
        created_at=now,
        updated_at=now,
    )
    tx.add(row)
    tx.flush()
    return row.id


def stop_charge(tx: Session, purpose: str, reason: str, now: datetime) -> bool:
    """No further try. False when there was none to stop; one that is on its way ends by itself."""
    row = tx.scalar(select(ChargeRow).where(ChargeRow.purpose == purpose).with_for_update())
    if row is None or row.state not in ("due", "sending"):
        return False
    row.state, row.detail, row.next_at, row.updated_at = "stopped", reason, None, now
    return True


def charge_of(tx: Session, purpose: str) -> Charge | None:
    row = tx.scalar(select(ChargeRow).where(ChargeRow.purpose == purpose))
    return Charge(row.id, row.purpose, row.state, row.tries, row.next_at, row.detail) if row else None


def schedule_charges(tx: Session, now: datetime) -> int:
    """Announces the charges whose time has come. Returns how many."""
    due = select(ChargeRow).where(ChargeRow.next_at <= now).order_by(ChargeRow.next_at).limit(500)
    rows = tx.scalars(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        emit(tx, ChargeDue(charge_id=row.id, tries=row.tries), now)
        row.next_at = now + AGAIN
    return len(rows)


def carry_out_charge(db: Database, providers: Mapping[str, PaymentProvider], event: ChargeDue, now: datetime) -> None:
    """Makes the next try, unless one is open. Raises TryLater."""
    with db.begin() as tx:
        row = tx.get_one(ChargeRow, event.charge_id, with_for_update=True)
        if row.state != "due" or event.tries not in (None, row.tries):
            return
        invoice = tx.get_one(InvoiceRow, row.invoice_id, with_for_update=True)
        method = tx.get_one(MethodRow, row.method_id)
        if why_not := _obstacle(invoice, method, now):
            _decline(tx, row, why_not, None, now)
            return
        provider = configured(providers, method.provider)
        row.tries += 1
        row.state, row.next_at, row.updated_at = "sending", None, now
        name = next(iter(invoice.quote["name"].values()))
        terms = Terms(name, "", reference=f"charge:{row.id}:{row.tries}", method_id=method.id, method=method.token)
        attempt = new_attempt(tx, provider, invoice, terms, now)
    try:
        send(db, provider, attempt, now, is_new=True)
    except (CheckoutFailed, PaymentDeclined):
        pass  # declined: PaymentFailed plans the next try; unknown: the attempt is asked about like any other


def note_charge_paid(tx: Session, event: InvoicePaid, now: datetime) -> None:
    """However its invoice was paid, there is nothing left to charge."""
    row = tx.scalar(select(ChargeRow).where(ChargeRow.invoice_id == event.invoice_id).with_for_update())
    if row is not None and row.state != "paid":
        row.state, row.next_at, row.detail, row.updated_at = "paid", None, None, now


def plan_next_try(tx: Session, event: PaymentFailed, now: datetime) -> None:
    """After a decline: again later where that can help, else the owner is asked. A card that the bank has refused for
    good is not charged again."""
    payment = tx.get_one(PaymentRow, event.payment_id)
    if payment.method_id is None:
        return
    row = tx.scalar(select(ChargeRow).where(ChargeRow.invoice_id == payment.invoice_id).with_for_update())
    if row is None or row.state != "sending":
        return
    if not can_be_tried_again(event.reason):
        method = tx.get_one(MethodRow, row.method_id)
        method.state, method.changed_at = "refused", now
        _decline(tx, row, event.reason, None, now)
    else:
        pause = PAUSES[row.tries - 1] if row.tries <= len(PAUSES) else None
        _decline(tx, row, event.reason, now + pause if pause else None, now)


def _obstacle(invoice: InvoiceRow, method: MethodRow, now: datetime) -> str | None:
    if method.state != "active":
        return f"card_{method.state}"
    if invoice.state != "open" or invoice.valid_until <= now:
        return "invoice_closed"
    return None


def _decline(tx: Session, row: ChargeRow, reason: str, next_at: datetime | None, now: datetime) -> None:
    row.state = "due" if next_at else "stopped"
    row.detail, row.next_at, row.updated_at = reason, next_at, now
    news = ChargeDeclined(charge_id=row.id, party=row.party, purpose=row.purpose, reason=reason, next_at=next_at)
    emit(tx, news, now)
