"""Checkouts made by the real use cases with a provider that is always right, so that only our own code is measured."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from typing import Any

from services import billing, identity
from services.billing.providers.base import Capability, NextAction, Order, Outcome, PaymentProvider, Snapshot
from services.identity import Party
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.money import Money

TARIFF = "vpn-1m"  # of the sample catalogue
PRICE = Money(29900, "RUB")
FEE = Money(1046, "RUB")  # what the provider keeps of it

_telegram_ids = itertools.count(8_000_001)


class Instant(PaymentProvider):
    """A payment provider without a network. `key` is that of the last payment it opened."""

    code = "instant"
    currency = PRICE.currency
    minimum = PRICE
    merchant = "1"
    expects_test = True
    capabilities = Capability.PAGE | Capability.SAME_KEY | Capability.FETCH
    key: uuid.UUID

    def request(self, order: Order) -> dict[str, Any]:
        return {"amount": str(order.amount), "description": order.description, "return_url": order.return_url}

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:  # noqa: ARG002 - the port's signature
        self.key = key
        return NextAction(str(key), f"http://127.0.0.1/{key}")

    def fetch(self, external_id: str) -> Outcome:
        return self.paid(external_id)

    def paid(self, external_id: str) -> Snapshot:
        """What it says of a payment once the buyer has paid. Its id here is its key."""
        return Snapshot(external_id, "succeeded", PRICE, external_id, self.merchant, test=True, fee=FEE)

    def check(self) -> str:
        return "instant"

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Due:
    """An attempt that waits for its buyer, and the provider's word that it is paid."""

    party: Party
    invoice_id: int
    payment_id: int
    word: Snapshot


def newcomers(db: Database, count: int) -> list[Party]:
    """People who have just written to the bot for the first time."""
    with db.begin() as tx:
        return [
            identity.greet(
                tx, telegram_id=telegram_id, first_name="Anna", username=None, language_code="ru", now=wall_clock()
            ).party
            for telegram_id in itertools.islice(_telegram_ids, count)
        ]


def check_out(db: Database, provider: Instant, party: Party) -> Due:
    opened = billing.checkout(
        db,
        provider,
        party=party,
        tariff=TARIFF,
        description="VPN",
        return_url="https://t.me/kiosk_bot",
        now=wall_clock(),
    )
    return Due(party, opened.invoice_id, opened.payment_id, provider.paid(str(provider.key)))
