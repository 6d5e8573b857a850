from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import catalog
from services.billing.models import InvoiceRow, PaymentChangeRow, PaymentRow
from services.billing.providers.base import PaymentProvider, Unknown
from services.billing.record import record
from services.identity import Party
from services.platform.db import Database
from services.platform.errors import TryLater

INVOICE_LIFE = timedelta(hours=24)
REUSE = timedelta(minutes=50)  # YooKassa closes an unpaid page after an hour
FIRST_CHECK = timedelta(minutes=1)


class CheckoutFailed(TryLater):
    """The provider refused or cannot be reached: try again or pay in another way. The attempt is kept."""

    code: ClassVar[str] = "checkout_failed"


@dataclass(frozen=True, slots=True)
class Checkout:
    invoice_id: int
    payment_id: int
    pay_url: str


def checkout(
    db: Database,
    provider: PaymentProvider,
    *,
    party: Party,
    tariff: str,
    description: str,
    return_url: str,
    now: datetime,
) -> Checkout:
    """Opens an attempt to buy a tariff and returns the page where the buyer pays (URL). Asking again for the same
    thing, also after a crash in between, gives the same attempt as long as its page is fresh.
    `description` (128 characters) is what the provider shows. Raises TariffNotFound, NotForSale, CheckoutFailed."""
    with db.begin() as tx:
        attempt = _attempt(tx, provider, party, tariff, description, return_url, now)
        if attempt.pay_url:
            return Checkout(attempt.invoice_id, attempt.id, attempt.pay_url)
    outcome = provider.create(attempt.request, attempt.key)
    if isinstance(outcome, Unknown):  # the same key cannot charge twice, and most hiccups last one request
        outcome = provider.create(attempt.request, attempt.key)
    with db.begin() as tx:
        payment = record(tx, provider, attempt.id, outcome, now, cause="checkout")
        if payment.pay_url is None:
            raise_after_commit = CheckoutFailed(f"payment {payment.id}: {payment.state}: {payment.detail}")
        else:
            return Checkout(payment.invoice_id, payment.id, payment.pay_url)
    raise raise_after_commit


def audiences(tx: Session, party: Party) -> frozenset[str]:
    """Which tariffs a party may see: everybody's, and those for new or for existing buyers."""
    paid = select(InvoiceRow.id).where(InvoiceRow.party == str(party), InvoiceRow.state == "paid").limit(1)
    return frozenset({"all", "existing" if tx.scalar(paid) else "new"})


def _attempt(
    tx: Session,
    provider: PaymentProvider,
    party: Party,
    tariff: str,
    description: str,
    return_url: str,
    now: datetime,
) -> PaymentRow:
    """The open attempt for exactly this, or a new one under a new invoice. One party's checkouts take turns."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"checkout:{party}", 0))))
    quote = catalog.quote(tx, tariff, provider.currency, audiences(tx, party))
    frozen = quote.to_json()
    if known := _reusable(tx, provider, party, frozen, now):
        return known
    invoice = InvoiceRow(
        party=str(party),
        quote=frozen,
        amount_minor=quote.price.minor,
        currency=quote.price.currency,
        state="open",
        created_at=now,
        valid_until=now + INVOICE_LIFE,
    )
    tx.add(invoice)
    tx.flush()
    key = uuid.uuid4()
    payment = PaymentRow(
        invoice_id=invoice.id,
        party=str(party),
        provider=provider.code,
        state="sending",
        amount_minor=invoice.amount_minor,
        currency=invoice.currency,
        key=key,
        request=provider.request(key=key, amount=quote.price, description=description, return_url=return_url),
        created_at=now,
        updated_at=now,
        check_after=now + FIRST_CHECK,
        checks=0,
    )
    tx.add(payment)
    tx.flush()
    tx.add(PaymentChangeRow(payment_id=payment.id, at=now, before=None, after="sending", cause="checkout"))
    return payment


def _reusable(
    tx: Session, provider: PaymentProvider, party: Party, quote: dict[str, Any], now: datetime
) -> PaymentRow | None:
    same = (
        select(PaymentRow)
        .join(InvoiceRow, InvoiceRow.id == PaymentRow.invoice_id)
        .where(PaymentRow.party == str(party), PaymentRow.provider == provider.code)
        .where(PaymentRow.state.in_(("sending", "unknown", "awaiting_user")), PaymentRow.created_at > now - REUSE)
        .where(InvoiceRow.state == "open", InvoiceRow.quote == quote)
        .order_by(PaymentRow.id.desc())
    )
    return tx.scalars(same.limit(1)).first()
