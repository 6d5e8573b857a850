from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING

from sqlalchemy.orm import Session

from services import billing, catalog, identity
from services.catalog import Quote, Tariff
from services.identity import Party
from services.platform.money import Money
from services.wallet.errors import AboveMaximum, BelowMinimum

LARGEST = 10**9  # minor units, exclusive: what a button can carry


def top_up_quote(tx: Session, party: Party, tariff: str, amount: Money) -> Quote:
    """The terms of paying in `amount` under a tariff, its rate frozen; for billing.checkout. Raises TariffNotFound,
    NotForSale (also where the tariff takes no such currency), UserBlocked, BelowMinimum or AboveMaximum."""
    if party.kind == "user" and identity.user(tx, party.id).blocked:
        raise identity.UserBlocked(str(party))
    offered = catalog.tariff(tx, tariff)
    rate = offered.token_rate.get(amount.currency)
    if not offered.active or offered.audience not in billing.audiences(tx, party) or rate is None:
        raise catalog.NotForSale(tariff[:80])
    minimum = minimum_of(offered, amount.currency)
    if amount < minimum:
        raise BelowMinimum(minimum)
    if amount.minor >= LARGEST:
        raise AboveMaximum(f"{amount} {amount.currency}")
    return replace(catalog.terms(offered, amount), purpose="topup", tokens=0, token_rate=f"{rate:f}")


def minimum_of(offered: Tariff, currency: str) -> Money:
    """The smallest sum that may be paid in; at least what brings one token."""
    given = offered.minimum_payments.get(currency)
    rate = offered.token_rate[currency]
    minor = (1 / (Money(1, currency).decimal * rate)).to_integral_value(ROUND_CEILING)
    smallest = Money(int(minor), currency)
    return smallest if given is None or given < smallest else given


def token_tariffs(tx: Session, party: Party) -> list[Tariff]:
    """What sells tokens by the sum to this party, in the operator's order."""
    return [offered for offered in catalog.list_tariffs(tx, billing.audiences(tx, party)) if offered.token_rate]
