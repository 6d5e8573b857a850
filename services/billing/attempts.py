"""Invoices and the attempts to pay them, as rows: one invoice for what was shown, one attempt for each way tried."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import catalog, identity
from services.billing.fiscal import receipt
from services.billing.methods import CHARGE
from services.billing.models import InvoiceRow, PaymentChangeRow, PaymentRow, payment_numbers
from services.billing.providers.base import Order, PaymentProvider
from services.identity import Party
from services.platform.errors import Conflict

INVOICE_LIFE = timedelta(hours=24)
REUSE = timedelta(minutes=50)  # the shortest-lived page closes after an hour
FIRST_CHECK = timedelta(minutes=1)


class InvoiceClosed(Conflict):
    """It is paid, or its time is over: buying again means today's price."""

    code: ClassVar[str] = "invoice_closed"


@dataclass(frozen=True, slots=True)
class Terms:
    """How an attempt is made: `description` (128 characters) is what the provider shows, `return_url` where the buyer
    comes back to; `save`, `renews` as in providers.base.Order; `reference` makes asking twice one attempt."""

    description: str
    return_url: str
    save: bool = False
    renews: bool = False
    reference: str | None = None
    method_id: int | None = None
    method: str | None = None


def take_turns(tx: Session, party: Party) -> None:
    """One party's checkouts, one after the other."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"checkout:{party}", 0))))


def open_invoice(tx: Session, party: Party, quote: catalog.Quote, now: datetime) -> InvoiceRow:
    """The open one for exactly these terms, locked, or a new one."""
    frozen = quote.to_json()
    same = (
        select(InvoiceRow)
        .where(InvoiceRow.party == str(party), InvoiceRow.state == "open", InvoiceRow.valid_until > now)
        .where(InvoiceRow.quote == frozen)
        .order_by(InvoiceRow.id.desc())
        .limit(1)
        .with_for_update()
    )
    return tx.scalar(same) or new_invoice(tx, party, quote, now)


def new_invoice(
    tx: Session, party: Party, quote: catalog.Quote, now: datetime, life: timedelta = INVOICE_LIFE
) -> InvoiceRow:
    row = InvoiceRow(
        party=str(party),
        quote=quote.to_json(),
        amount_minor=quote.price.minor,
        currency=quote.price.currency,
        state="open",
        created_at=now,
        valid_until=now + life,
    )
    tx.add(row)
    tx.flush()
    return row


def known_attempt(tx: Session, reference: str | None) -> PaymentRow | None:
    return tx.scalar(select(PaymentRow).where(PaymentRow.reference == reference)) if reference else None


def open_attempt(
    tx: Session, provider: PaymentProvider, invoice: InvoiceRow, terms: Terms, now: datetime
) -> tuple[PaymentRow, bool]:
    """The attempt that is open for exactly this, or a new one; the flag tells whether it is new. An invoice may have
    several open at once."""
    same = (
        select(PaymentRow)
        .where(PaymentRow.invoice_id == invoice.id, PaymentRow.provider == provider.code)
        .where(PaymentRow.save == terms.save, PaymentRow.renews == terms.renews, PaymentRow.method_id.is_(None))
        .where(PaymentRow.state.in_(("sending", "unknown", "awaiting_user")), PaymentRow.created_at > now - REUSE)
        .order_by(PaymentRow.id.desc())
        .limit(1)
    )
    if terms.reference is None and (open_one := tx.scalar(same)):
        return open_one, False
    return new_attempt(tx, provider, invoice, terms, now), True


def new_attempt(tx: Session, provider: PaymentProvider, invoice: InvoiceRow, terms: Terms, now: datetime) -> PaymentRow:
    """The request is stored with it, before anything is sent."""
    order = _order(tx, provider, invoice, terms)
    request = provider.request(order)
    return insert_attempt(
        tx,
        PaymentRow(
            invoice_id=invoice.id,
            party=invoice.party,
            provider=provider.code,
            state="sending",
            amount_minor=invoice.amount_minor,
            currency=invoice.currency,
            key=order.key,
            reference=terms.reference,
            request=request,
            external_id=provider.known_id(request),
            save=terms.save,
            renews=terms.renews,
            method_id=terms.method_id,
            created_at=now,
            updated_at=now,
            check_after=now + FIRST_CHECK,
            checks=0,
        ),
        cause="charge" if (terms.reference or "").startswith(CHARGE) else "checkout",
    )


def insert_attempt(tx: Session, row: PaymentRow, *, cause: str) -> PaymentRow:
    tx.add(row)
    tx.flush()
    tx.add(PaymentChangeRow(payment_id=row.id, at=row.created_at, before=None, after=row.state, cause=cause))
    return row


def _order(tx: Session, provider: PaymentProvider, invoice: InvoiceRow, terms: Terms) -> Order:
    party = Party.parse(invoice.party)
    return Order(
        key=uuid.uuid4(),
        number=tx.scalars(select(payment_numbers.next_value())).one(),
        amount=invoice.amount,
        description=terms.description[:128],
        return_url=terms.return_url,
        party=invoice.party,
        telegram_id=identity.user(tx, party.id).telegram_id if party.kind == "user" else None,
        save=terms.save,
        method=terms.method,
        renews=terms.renews,
        receipt=receipt(provider, terms.description, invoice.amount),
    )
