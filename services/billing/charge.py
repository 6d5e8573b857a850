"""Charging a remembered card, or the balance, without its owner: once for each purpose, in few and spaced tries, never
while an earlier try is open, never after its owner said no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog
from services.billing.attempts import INVOICE_LIFE, Terms, new_attempt, new_invoice
from services.billing.checkout import CheckoutFailed, PaymentDeclined, send
from services.billing.events import ChargeDeclined, ChargeDue, InvoicePaid, PaymentFailed
from services.billing.methods import CHARGE, is_charge, own_method, refuse_method
from services.billing.models import ChargeRow, InvoiceRow, MethodRow, PaymentRow
from services.billing.providers.base import PaymentProvider
from services.billing.reasons import can_be_tried_again
from services.billing.reconcile import configured
from services.billing.states import OPEN
from services.identity import Party
from services.platform.db import Database
from services.platform.outbox import emit

PAUSES = (timedelta(hours=24), timedelta(hours=48))  # before the second and the third try; there is no fourth
LIFE = timedelta(days=7)  # how long its price holds
AGAIN = timedelta(minutes=10)
BALANCE = "balance"

WhyNot = Callable[[Session, str, datetime], str | None]


@dataclass(frozen=True, slots=True)
class Charge:
    """`invoice_id` is what it pays, at the price of its beginning."""

    id: int
    purpose: str
    state: str
    tries: int
    next_at: datetime | None
    reason: str | None
    invoice_id: int


def start_charge(
    tx: Session,
    *,
    party: Party,
    purpose: str,
    method_id: int | None,
    quote: catalog.Quote,
    now: datetime,
    held: bool = False,
    until: datetime | None = None,
) -> int:
    """Plans to charge a party's remembered card (None: the party's balance) for what `quote` says, from now on and
    until `until`; `held`: not before `resume_charge`. `purpose` names it for ever ("subscription:5:2026-12-21"): the
    same again is the same charge. Returns its id. Raises MethodNotFound."""
    if known := tx.scalar(select(ChargeRow.id).where(ChargeRow.purpose == purpose)):
        return known
    method = own_method(tx, party, method_id) if method_id is not None else None
    row = ChargeRow(
        party=str(party),
        purpose=purpose,
        method_id=method.id if method else None,
        invoice_id=new_invoice(tx, party, quote, now, until - now + INVOICE_LIFE if until else LIFE).id,
        state="due",
        tries=0,
        next_at=None if held else now,
        until=until,
        created_at=now,
        updated_at=now,
    )
    tx.add(row)
    tx.flush()
    return row.id


def stop_charge(tx: Session, purpose: str, reason: str, now: datetime) -> bool:
    """No further try. False when there was none to stop; one that is on its way ends by itself."""
    row = _locked(tx, purpose)
    if row is None or row.state not in ("due", "sending"):
        return False
    row.state, row.detail, row.next_at, row.updated_at = "stopped", reason, None, now
    return True


def resume_charge(tx: Session, purpose: str, method_id: int | None, at: datetime | None, now: datetime) -> bool:
    """Due again, or at last, from `at` on (None: it waits for its caller), by this card or the balance. False when
    nothing is to be charged any more: it is paid, a try is open, the last was made, or time is over. Raises
    MethodNotFound."""
    row = _locked(tx, purpose)
    if row is None or row.state not in ("due", "stopped") or row.tries > len(PAUSES):
        return False
    invoice = tx.get_one(InvoiceRow, row.invoice_id)
    if invoice.state != "open" or (row.until is not None and (at or now) >= row.until) or _on_its_way(tx, row):
        return False
    row.method_id = own_method(tx, Party.parse(row.party), method_id).id if method_id is not None else None
    row.state, row.next_at, row.detail, row.updated_at = "due", at, None, now
    return True


def charge_of(tx: Session, purpose: str) -> Charge | None:
    row = tx.scalar(select(ChargeRow).where(ChargeRow.purpose == purpose))
    if row is None:
        return None
    return Charge(row.id, row.purpose, row.state, row.tries, row.next_at, row.detail, row.invoice_id)


def schedule_charges(tx: Session, now: datetime) -> int:
    """Announces the charges whose time has come. Returns how many."""
    due = select(ChargeRow).where(ChargeRow.next_at <= now).order_by(ChargeRow.next_at).limit(500)
    rows = tx.scalars(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        emit(tx, ChargeDue(charge_id=row.id, tries=row.tries), now)
        row.next_at = now + AGAIN
    return len(rows)


def carry_out_charge(
    db: Database,
    providers: Mapping[str, PaymentProvider],
    event: ChargeDue,
    now: datetime,
    why_not: WhyNot | None = None,
) -> None:
    """Makes the next try, unless one is open. `why_not` is asked in the transaction that begins it, with the purpose:
    a word ends the charge, in silence. It may lock what is above us: the charge is locked after it. Raises TryLater."""
    with db.begin() as tx:
        purpose = tx.get_one(ChargeRow, event.charge_id).purpose
        refusal = why_not(tx, purpose, now) if why_not else None
        row = tx.get_one(ChargeRow, event.charge_id, with_for_update=True, populate_existing=True)
        if row.state != "due" or event.tries not in (None, row.tries):
            return
        if refusal is not None:
            row.state, row.detail, row.next_at, row.updated_at = "stopped", refusal, None, now
            return
        begun = _begin(tx, providers, row, now)
    if begun is None:
        return
    try:
        send(db, *begun, now, is_new=True)
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
    if not is_charge(payment):
        return
    row = tx.scalar(select(ChargeRow).where(ChargeRow.invoice_id == payment.invoice_id).with_for_update())
    if row is None or row.state != "sending":
        return
    if not can_be_tried_again(event.reason):
        if row.method_id is not None:
            refuse_method(tx, row.method_id, now)
        _decline(tx, row, event.reason, None, now)
        return
    next_at = now + PAUSES[row.tries - 1] if row.tries <= len(PAUSES) else None
    in_time = next_at is not None and (row.until is None or next_at < row.until)
    _decline(tx, row, event.reason, next_at if in_time else None, now)


def _begin(
    tx: Session, providers: Mapping[str, PaymentProvider], row: ChargeRow, now: datetime
) -> tuple[PaymentProvider, PaymentRow] | None:
    """The next attempt, stored. None where something stands against it, which is told."""
    invoice = tx.get_one(InvoiceRow, row.invoice_id, with_for_update=True)
    method = tx.get_one(MethodRow, row.method_id) if row.method_id is not None else None
    if against := _obstacle(row, invoice, method, now):
        _decline(tx, row, against, None, now)
        return None
    provider = configured(providers, method.provider if method else BALANCE)
    row.tries += 1
    row.state, row.next_at, row.updated_at = "sending", None, now
    name = next(iter(invoice.quote["name"].values()))
    token, reference = method.token if method else None, f"{CHARGE}{row.id}:{row.tries}"
    terms = Terms(name, "", reference=reference, method_id=row.method_id, method=token)
    return provider, new_attempt(tx, provider, invoice, terms, now)


def _obstacle(row: ChargeRow, invoice: InvoiceRow, method: MethodRow | None, now: datetime) -> str | None:
    if method is not None and method.state != "active":
        return f"card_{method.state}"
    if invoice.state != "open" or invoice.valid_until <= now or (row.until is not None and row.until <= now):
        return "invoice_closed"
    return None


def _decline(tx: Session, row: ChargeRow, reason: str, next_at: datetime | None, now: datetime) -> None:
    row.state = "due" if next_at else "stopped"
    row.detail, row.next_at, row.updated_at = reason, next_at, now
    news = ChargeDeclined(charge_id=row.id, party=row.party, purpose=row.purpose, reason=reason, next_at=next_at)
    emit(tx, news, now)


def _on_its_way(tx: Session, row: ChargeRow) -> bool:
    tried = select(PaymentRow.id).where(PaymentRow.invoice_id == row.invoice_id, PaymentRow.state.in_(OPEN))
    return tx.scalar(tried.where(PaymentRow.reference.startswith(CHARGE)).limit(1)) is not None


def _locked(tx: Session, purpose: str) -> ChargeRow | None:
    wanted = select(ChargeRow).where(ChargeRow.purpose == purpose).with_for_update()
    return tx.scalar(wanted.execution_options(populate_existing=True))
