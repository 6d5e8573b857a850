from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import catalog, identity
from services.billing.ask import ask
from services.billing.attempts import InvoiceClosed, Terms, known_attempt, open_attempt, open_invoice, take_turns
from services.billing.methods import require_consent
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.promo import open_discounted
from services.billing.providers.base import Capability, PaymentProvider, Unknown
from services.billing.record import record
from services.billing.switches import ProviderOff, require_offered
from services.billing.transitions import lock
from services.billing.views import payment as own_payment
from services.identity import Party
from services.platform.db import Database
from services.platform.errors import Rejected, TryLater
from services.promotions import PromoNotForPayment

# Asked in the transaction in which money is about to be asked for: raises a KioskError where it must not be.
MaySell = Callable[[Session, catalog.Quote], None]


class CheckoutFailed(TryLater):
    """The provider cannot be reached or gave no clear answer. The attempt is kept: the same call goes on with it."""

    code: ClassVar[str] = "checkout_failed"


class PaymentDeclined(Rejected):
    """The provider refused for certain; another try is another attempt. `reason` is its word."""

    code: ClassVar[str] = "payment_declined"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Checkout:
    """`pay_url` is where the buyer pays; None when there is nothing left to do (paid from the balance, held)."""

    invoice_id: int
    payment_id: int
    pay_url: str | None
    state: str


def checkout(
    db: Database,
    provider: PaymentProvider,
    *,
    party: Party,
    tariff: str | None = None,
    quote: catalog.Quote | None = None,
    description: str,
    return_url: str,
    now: datetime,
    save: bool = False,
    renews: bool = False,
    reference: str | None = None,
    promo: str | None = None,
    may_sell: MaySell | None = None,
) -> Checkout:
    """Opens an attempt to buy a tariff at its listed price, or else what a `quote` says, which the caller answers for.
    Asking again for the same thing, also after a crash in between, gives the same attempt as long as its page is fresh;
    with the same `reference`, always. `save`: the buyer agreed that the card is remembered (see
    methods.consent_to_saving); `renews`: the provider is to charge each period by itself; `promo`: a promo code, a use
    of which the invoice reserves; `may_sell` has the last word on what is sold. Raises TariffNotFound, NotForSale,
    ProviderOff, ConsentMissing, PromoRefused, Unsupported, PaymentDeclined or CheckoutFailed."""
    terms = Terms(description, return_url, save=save, renews=renews, reference=reference)
    with db.begin() as tx:
        take_turns(tx, party)
        known = known_attempt(tx, reference)
        if known is None:
            require_offered(tx, provider.code)
            require_consent(tx, provider, party, save=save)
            known_as = audiences(tx, party)
            sold = quote or catalog.quote(tx, tariff or "", provider.currency, known_as)
            if may_sell:
                may_sell(tx, sold)
            if promo is None:
                invoice = open_invoice(tx, party, sold, now)
            elif renews:
                raise PromoNotForPayment("every further period would be cheaper, too")
            else:
                invoice = open_discounted(tx, provider, party, sold, promo, known_as, now)
            attempt, is_new = open_attempt(tx, provider, invoice, terms, now)
        else:
            attempt, is_new = known, False
    return send(db, provider, attempt, now, is_new=is_new)


def retry(
    db: Database,
    providers: Mapping[str, PaymentProvider],
    *,
    party: Party,
    payment_id: int,
    provider: str | None = None,
    description: str,
    return_url: str,
    now: datetime,
    reference: str | None = None,
    may_sell: MaySell | None = None,
) -> Checkout:
    """Another attempt at the invoice of an own earlier one, at its frozen price, by the same provider or by another one
    of the same currency. `may_sell` as in `checkout`. Raises PaymentNotFound, InvoiceClosed, NotForSale, ProviderOff,
    PaymentDeclined or CheckoutFailed."""
    with db.begin() as tx:
        take_turns(tx, party)
        earlier = own_payment(tx, party, payment_id)
        chosen = providers.get(provider or earlier.provider)
        if chosen is None:
            raise ProviderOff(provider or earlier.provider)
        known = known_attempt(tx, reference)
        if known is None:
            require_offered(tx, chosen.code)
            invoice, _ = lock(tx, payment_id)
            if invoice.state != "open" or invoice.valid_until <= now:
                raise InvoiceClosed(f"invoice {invoice.id} is {invoice.state}")
            if chosen.currency != invoice.currency:
                raise catalog.NotForSale(f"invoice {invoice.id} by {chosen.code}")
            if may_sell:
                may_sell(tx, catalog.Quote.from_json(invoice.quote))
            attempt, is_new = open_attempt(
                tx, chosen, invoice, Terms(description, return_url, reference=reference), now
            )
        else:
            attempt, is_new = known, False
    return send(db, chosen, attempt, now, is_new=is_new)


def send(db: Database, provider: PaymentProvider, attempt: PaymentRow, now: datetime, *, is_new: bool) -> Checkout:
    """The network part of an attempt that is stored. One that is not new may have been sent: it is asked about first.
    Raises PaymentDeclined or CheckoutFailed."""
    if attempt.state not in ("sending", "unknown"):
        return _seen(attempt)
    outcome = provider.create(attempt.request, attempt.key) if is_new else ask(provider, attempt, now)
    if isinstance(outcome, Unknown) and attempt.external_id is None and Capability.SAME_KEY in provider.capabilities:
        outcome = provider.create(attempt.request, attempt.key)  # most hiccups last one request
    with db.begin() as tx:
        if outcome is None:
            payment = tx.get_one(PaymentRow, attempt.id)
        else:
            payment = record(tx, provider, attempt.id, outcome, now, cause="checkout")
    if payment.state in ("sending", "unknown"):
        raise CheckoutFailed(f"payment {payment.id}: {payment.state}: {payment.detail}")
    return _seen(payment)


def audiences(tx: Session, party: Party) -> frozenset[str]:
    """Which tariffs a party may see: everybody's, those for new or for existing buyers, and those for people whom
    somebody invited."""
    paid = select(InvoiceRow.id).where(InvoiceRow.party == str(party), InvoiceRow.state == "paid").limit(1)
    seen = {"all", "existing" if tx.scalar(paid) else "new"}
    if party.kind == "user" and identity.invited_by(tx, party.id) is not None:
        seen.add("invited")
    return frozenset(seen)


def _seen(payment: PaymentRow) -> Checkout:
    if payment.state in ("failed", "canceled"):
        raise PaymentDeclined(payment.detail or payment.state)
    return Checkout(payment.invoice_id, payment.id, payment.pay_url, payment.state)
