"""Checkouts made by the real use cases with a provider that is always right, so that only our own code is measured."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from services import billing
from services.billing.providers.base import NextAction, Notice, Outcome, Snapshot
from services.identity import Party
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.money import Money

TARIFF = "vpn-1m"  # of the sample catalogue
PRICE = Money(29900, "RUB")


class Instant:
    """A payment provider without a network. `key` is that of the last payment it opened."""

    code = "instant"
    currency = "RUB"
    merchant = "1"
    expects_test = True
    key: uuid.UUID

    def request(self, *, key: uuid.UUID, amount: Money, description: str, return_url: str) -> dict[str, Any]:
        return {"amount": str(amount), "description": description, "return_url": return_url, "key": str(key)}

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:  # noqa: ARG002 - the port's signature
        self.key = key
        return NextAction(str(key), f"http://127.0.0.1/{key}")

    def fetch(self, external_id: str) -> Outcome:
        return self.paid(external_id)

    def paid(self, external_id: str) -> Snapshot:
        """What it says of a payment once the buyer has paid. Its id here is its key."""
        return Snapshot(external_id, "succeeded", PRICE, external_id, self.merchant, test=True)

    def read_notification(self, body: bytes) -> Notice:  # noqa: ARG002 - the port's signature
        raise billing.BadNotification("it sends none")

    def check(self) -> str:
        return "instant"


@dataclass(frozen=True)
class Due:
    """An attempt that waits for its buyer, and the provider's word that it is paid."""

    party: Party
    invoice_id: int
    payment_id: int
    word: Snapshot


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
