"""What a party's spending stands on: the tariff under which it last bought tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import subscriptions
from services.catalog import Quote
from services.identity import Party
from services.platform.money import Money
from services.wallet.models import WalletRow
from services.wallet.rates import EXACT, tokens_for

USAGE = "usage"  # what is spent on where no product is named


def remember(tx: Session, party: Party, quote: Quote, now: datetime) -> None:
    terms = {
        "product": quote.product,
        "subscription_fee": quote.subscription_fee,
        "token_floor": quote.token_floor,
        "changed_at": now,
    }
    row = insert(WalletRow).values(party=str(party), **terms)
    tx.execute(row.on_conflict_do_update(index_elements=["party"], set_=terms))


def terms_of(tx: Session, party: Party) -> WalletRow:
    """A party that never bought tokens owes no fee and has no floor below zero."""
    known = tx.get(WalletRow, str(party), populate_existing=True)
    return known or WalletRow(party=str(party), product=USAGE, subscription_fee=0, token_floor=0)


def tokens_in(quote: Quote) -> int:
    """How many tokens a paid invoice brings. A discount makes a top-up cheaper, not smaller."""
    if quote.purpose == "topup":
        rate = EXACT.create_decimal(quote.token_rate or "0")
        return tokens_for(quote.list_price or quote.price, rate)
    return quote.tokens if quote.purpose == "subscription" else 0


def period_for_fee(terms: Quote) -> Quote:
    """The terms of a period that is paid in tokens."""
    price = Money(terms.subscription_fee, "TOKEN")
    return replace(
        terms, purpose="subscription", subject=None, price=price, list_price=None, promo=None, token_rate=None
    )


def runs(owned: subscriptions.Subscription, now: datetime) -> bool:
    return owned.is_on and owned.access_until > now
