from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import billing, ledger, subscriptions
from services.catalog import Quote
from services.identity import Party
from services.platform.money import Money
from services.platform.outbox import emit
from services.wallet.balances import ISSUED, hold, tokens_of
from services.wallet.draw import draw
from services.wallet.events import TokensCredited
from services.wallet.terms import period_for_fee, remember, tokens_in

TOPUP, FEE = "topup", "token_fee"


def credit_after_payment(tx: Session, event: billing.InvoicePaid, now: datetime) -> None:
    """Credits the tokens that a paid invoice bought, once. Of a top-up, the fee of the tariff's subscription is taken
    first where that does not run: it begins at once."""
    quote, party = billing.invoice(tx, event.invoice_id).quote, Party.parse(event.party)
    tokens = tokens_in(quote)
    if not tokens:
        return
    # Everybody in this order: the subscription's turn, then the balances.
    subscriptions.take_turns(tx, str(party), quote.product)
    hold(tx, party)
    amount = Money(tokens, "TOKEN")
    entries = [ledger.Entry(ISSUED, amount), ledger.Entry(tokens_of(party), -amount)]
    try:
        ledger.post(tx, kind=TOPUP, reference=reference_of(event.invoice_id), entries=entries, now=now)
    except ledger.AlreadyPosted:
        return
    remember(tx, party, quote, now)
    fee, missing = 0, 0
    if quote.purpose == "topup" and quote.subscription_fee and _is_over(tx, party, quote.product, now):
        is_taken = _begin(tx, party, quote, event.invoice_id, now)
        fee, missing = (quote.subscription_fee, 0) if is_taken else (0, quote.subscription_fee)
    news = TokensCredited(
        party=event.party,
        invoice_id=event.invoice_id,
        product=quote.product,
        tokens=tokens,
        fee=fee,
        fee_missing=missing,
    )
    emit(tx, news, now)


def reference_of(invoice_id: int) -> str:
    return f"invoice:{invoice_id}"


def fee_reference(invoice_id: int) -> str:
    return f"fee:invoice:{invoice_id}"


def _is_over(tx: Session, party: Party, product: str, now: datetime) -> bool:
    """It has ended, or never was. One that stands still was stopped on purpose."""
    owned = [one for one in subscriptions.subscriptions_of(tx, party) if one.product == product]
    return not any(one.state == "paused" or (one.is_on and one.ends_at > now) for one in owned)


def _begin(tx: Session, party: Party, quote: Quote, invoice_id: int, now: datetime) -> bool:
    """False when there are too few tokens, from before and of this payment together."""
    reference, fee = fee_reference(invoice_id), quote.subscription_fee
    try:
        draw(tx, party, fee, kind=FEE, reference=reference, what=quote.product, floor=0, now=now)
    except ledger.Insufficient:
        return False
    subscriptions.give(
        tx,
        party,
        period_for_fee(quote),
        reference=reference,
        cause="fee",
        value=Money(fee, "TOKEN"),
        now=now,
        happens="paid",
    )
    return True
