"""A promo code on an invoice: the discount, the use it holds, and what it gives when the invoice is paid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from services import catalog, ledger, promotions
from services.billing.attempts import open_invoice
from services.billing.events import InvoicePaid
from services.billing.models import InvoiceRow
from services.billing.paid import is_given_back
from services.billing.providers.base import PaymentProvider
from services.billing.rewards import reference_of
from services.billing.transitions import lock
from services.identity import Party
from services.platform.money import Money

BONUS = "promotions:bonus"


def open_discounted(
    tx: Session,
    provider: PaymentProvider,
    party: Party,
    quote: catalog.Quote,
    promo: str,
    audiences: Collection[str],
    now: datetime,
) -> InvoiceRow:
    """The invoice at the price that the code leaves, with a use of it reserved. Another open order of this buyer's that
    holds the only use there is gives it up and is closed: it can be paid no more at that price. Raises
    PromoRefused."""
    if quote.purpose != "subscription":
        raise promotions.PromoNotForPayment(f"for a {quote.purpose}")
    purchase = promotions.Purchase(quote.tariff, quote.price, provider.minimum, audiences)
    deal = promotions.appraise(tx, promo, purchase, now, lock=True)
    sold = replace(quote, price=deal.price, list_price=quote.price, promo=deal.code.code)
    invoice = open_invoice(tx, party, sold, now)
    for order in promotions.open_orders(tx, deal.code, party, now):
        if tx.get_one(InvoiceRow, order, with_for_update=True, populate_existing=True).state == "paid":
            promotions.note_paid(tx, order, now)  # a moment ago: this use is not to be had again
    given_up = promotions.reserve(tx, deal.code, party, invoice.id, invoice.valid_until, now)
    if given_up is not None:
        tx.get_one(InvoiceRow, given_up).state = "expired"
    return invoice


def honour_promo(tx: Session, event: InvoicePaid, now: datetime) -> None:
    """The reserved use becomes a used one, and the tokens that the code promised are given. Once for an invoice."""
    promotions.note_paid(tx, event.invoice_id, now)
    code = promo_gift(tx, event)
    if code is not None and code.kind == "bonus_tokens":
        give_bonus(tx, event.party, code.value, reference_of(event.invoice_id), now)


def promo_gift(tx: Session, event: InvoicePaid) -> promotions.PromoCode | None:
    """The code of a paid invoice, where it gives something on top and the money has not all gone back. A refund that
    comes later waits for this transaction, and takes back what it gave."""
    code = promotions.code_of_invoice(tx, event.invoice_id)
    if code is None or code.kind not in promotions.GIFTS:
        return None
    lock(tx, event.payment_id)
    return None if is_given_back(tx, event.invoice_id) else code


def give_bonus(tx: Session, party: Party | str, tokens: int, reference: str, now: datetime) -> None:
    """Books tokens that a code gives; a `reference` that was booked changes nothing."""
    amount = Money(tokens, "BONUS")
    entries = [ledger.Entry(BONUS, amount), ledger.Entry(f"bonus:{party}", -amount)]
    try:
        ledger.post(tx, kind="bonus_tokens", reference=reference, entries=entries, now=now)
    except ledger.AlreadyPosted:
        return
