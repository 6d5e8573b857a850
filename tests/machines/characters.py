"""What scripted providers are like: some as in the world, some only possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.billing.providers.base import Capability


@dataclass(frozen=True)
class Character:
    """What a provider is like, beside its capabilities. `signed`: its notices prove what they say; `asked`: they are
    signed and yet asked about. `by_number`: we choose the payment's id; `by_charge`: a page can be paid any number of
    times, each time a payment with an id of its own, and a refund has its payment's id; both name nothing before money
    moves. `late_fees` are told a day later. `refund_keys`: it gives back the key of a refund; `refund_notices`: it
    notifies of refunds; `unnamed`: asked about a refund it does not say of which payment. `page_life`: None lives for
    ever."""

    capabilities: Capability
    currency: str = "RUB"
    signed: bool = False
    asked: bool = False
    by_number: bool = False
    by_charge: bool = False
    late_fees: bool = False
    refund_keys: bool = False
    refund_notices: bool = False
    unnamed: bool = False
    lists_when_paid: bool = False
    page_life: timedelta | None = timedelta(hours=1)


PAGE = Capability.PAGE | Capability.WEBHOOK
REFUNDS = Capability.REFUND | Capability.PARTIAL_REFUND
EVERYTHING = (
    PAGE
    | Capability.SAME_KEY
    | Capability.FETCH
    | Capability.LIST
    | Capability.SAVED_METHOD
    | REFUNDS
    | Capability.REFUND_SAME_KEY
)
# Providers as they are in the world, and a few that are only possible.
CHARACTERS = {
    "complete": Character(EVERYTHING, refund_keys=True, refund_notices=True),
    "two_stage": Character(EVERYTHING | Capability.HOLD, refund_keys=True, page_life=timedelta(hours=30)),
    "numbered": Character(
        PAGE | Capability.LINK | Capability.FETCH | Capability.SAVED_METHOD | REFUNDS,
        signed=True,
        by_number=True,
        unnamed=True,
        page_life=None,
    ),
    "charges": Character(
        Capability.PAGE
        | Capability.MESSAGE
        | Capability.SAME_KEY
        | Capability.LIST
        | Capability.RENEWS
        | Capability.REFUND
        | Capability.REFUND_SAME_KEY,
        currency="XTR",
        signed=True,
        by_charge=True,
        refund_notices=True,
        lists_when_paid=True,
        page_life=None,
    ),
    "coins": Character(PAGE | Capability.FETCH | Capability.LIST, signed=True, asked=True),
    "keyless": Character(PAGE | Capability.FETCH | Capability.LIST | Capability.SAVED_METHOD | REFUNDS, late_fees=True),
    "keyless, refunds named": Character(
        PAGE | Capability.FETCH | Capability.LIST | REFUNDS, refund_keys=True, refund_notices=True
    ),
    "no list": Character(
        PAGE | Capability.SAME_KEY | Capability.FETCH | Capability.SAVED_METHOD | REFUNDS,
        page_life=timedelta(hours=30),
    ),
}
