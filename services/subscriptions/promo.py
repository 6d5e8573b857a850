"""What promo codes give of subscriptions: free days, with a purchase or without, and trials."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy.orm import Session

from services import billing, promotions
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.errors import TryLater
from services.subscriptions.give import give_days, take_back
from services.subscriptions.journal import known, take_turns
from services.subscriptions.trial import start_trial
from services.subscriptions.views import Subscription, own_subscription, subscriptions_of


class PromoNeedsSubscription(promotions.PromoRefused):
    """Free days are added to a live subscription, and there is none."""

    code: ClassVar[str] = "promo_needs_subscription"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code gave at once. `subscription` is the one that got days or a trial."""

    code: promotions.PromoCode
    subscription: Subscription | None = None


def redeem(tx: Session, cipher: Cipher, party: Party, text: str, audiences: Collection[str], now: datetime) -> Redeemed:
    """Uses a code that needs no purchase. Days go to the live subscription (of one of the code's tariffs, where it
    names some) that ends first. Raises PromoRefused, or what start_trial raises; then nothing was used."""
    code = promotions.find(tx, text, lock=True)
    promotions.require_valid(code, audiences, now)
    if code.needs_purchase:
        raise promotions.PromoNeedsPurchase(code.code)
    use = promotions.take(tx, code, party, now)
    reference = f"promo:{use}"
    match code.kind:
        case "bonus_tokens":
            billing.give_bonus(tx, party, code.value, reference, now)
            return Redeemed(code)
        case "trial":
            subscription_id = start_trial(tx, cipher, party, code.trial or "", now, cause="promo")
        case _:
            subscription_id = _give_days(tx, party, code, reference, now)
    tx.flush()
    return Redeemed(code, own_subscription(tx, party, subscription_id))


def add_promo_days(tx: Session, event: billing.InvoicePaid, now: datetime) -> None:
    """The days that the code of a paid invoice promised, after those that were bought. Raises TryLater while those are
    not there; once they are, this ends, also where nothing of the subscription is left to add to."""
    promised = promotions.code_of_invoice(tx, event.invoice_id)
    if promised is None or promised.kind != "free_days":
        return
    product = billing.invoice(tx, event.invoice_id).quote.product
    code = billing.promo_gift(tx, event)
    take_turns(tx, event.party, product)
    if not known(tx, invoice_id=event.invoice_id):
        raise TryLater(f"invoice {event.invoice_id} has not extended its subscription yet")
    if code is not None:
        party, span = Party.parse(event.party), timedelta(days=code.value)
        give_days(tx, party, product, span, reference=_reference(event.invoice_id), cause="promo", now=now)


def take_promo_days(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    """They go with all of the money."""
    if event.full and event.applied:
        take_back(tx, _reference(event.invoice_id), cause="refund", now=now)


def _give_days(tx: Session, party: Party, code: promotions.PromoCode, reference: str, now: datetime) -> int:
    fitting = [
        one
        for one in subscriptions_of(tx, party)
        if one.is_live and (not code.tariffs or one.terms.tariff in code.tariffs)
    ]
    if not fitting:
        raise PromoNeedsSubscription(code.code)
    first = min(fitting, key=lambda one: (one.ends_at, one.id))
    given = give_days(tx, party, first.product, timedelta(days=code.value), reference=reference, cause="promo", now=now)
    if given is None:  # it ended a moment ago
        raise PromoNeedsSubscription(code.code)
    return given


def _reference(invoice_id: int) -> str:
    return f"promo:invoice:{invoice_id}"
