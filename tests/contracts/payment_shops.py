"""How the contract drives each payment provider, and the table of what each one claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from apps.sandbox.faults import MODES
from services.billing.providers.base import (
    Capability,
    NextAction,
    Order,
    PaymentProvider,
    RawNotice,
    RefundOutcome,
)
from tests.contracts.cryptopay_shop import CryptoPayShop
from tests.contracts.robokassa_shop import RobokassaShop
from tests.contracts.stars_shop import StarsShop
from tests.contracts.yookassa_shop import YooKassaShop


class Shop(Protocol):
    """One shop at a provider, with both sides in our hands."""

    @property
    def provider(self) -> PaymentProvider: ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that nobody may ever see."""

    def order(self, **changes: Any) -> Order:
        """A new order that this provider can take; `changes` are fields of Order."""

    def pay(self, order: Order, opened: NextAction, *, decline: bool = False) -> str:
        """The buyer pays, or is declined. Returns the provider's id of the payment."""

    def told(self, external_id: str) -> RawNotice:
        """The newest notification that the provider has sent about this payment. Only with WEBHOOK."""

    def forged(self) -> Sequence[RawNotice]:
        """Notifications true to form that the provider did not sign; none where it signs nothing."""

    def fault(self, mode: str, times: int = 1) -> None:
        """The next requests at the provider meet this fault."""

    def settled(self, refund: RefundOutcome) -> RefundOutcome:
        """A refund at its end, where the provider takes its time."""

    def unknown_id(self) -> str:
        """A payment's id that is true to form, and nobody's."""

    def seen(self) -> int:
        """How many payments the provider has, in any state."""

    def now(self) -> datetime:
        """The provider's clock."""

    def later(self, seconds: int) -> None:
        """Moves it."""

    def twin(self, *, nowhere: bool = False, refused: bool = False, holds: bool = False) -> PaymentProvider:
        """Another adapter: `nowhere` asks where nobody listens, `refused` has credentials that are not the shop's,
        `holds` has money held first. The shop closes it."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Claim:
    """What a provider is held to. `sends`: opening a payment is a request to the provider, not only an address;
    `begins`: the payment is at the provider from then on, not only once it is paid; `declines`: a buyer's failed try
    ends it; `modes`: the faults that its sandbox knows."""

    open: Callable[[Path], Shop]
    capabilities: Capability
    sends: bool = True
    begins: bool = True
    declines: bool = False
    modes: Sequence[str] = tuple(MODES)


# Each provider as its documentation promises it. What is absent here is not tried, and must refuse.
CLAIMS: dict[str, Claim] = {
    "yookassa": Claim(
        YooKassaShop,
        Capability.PAGE
        | Capability.SAME_KEY
        | Capability.FETCH
        | Capability.LIST
        | Capability.WEBHOOK
        | Capability.HOLD
        | Capability.SAVED_METHOD
        | Capability.REFUND
        | Capability.PARTIAL_REFUND
        | Capability.REFUND_SAME_KEY
        | Capability.FISCAL,
        declines=True,
    ),
    "robokassa": Claim(
        RobokassaShop,
        Capability.PAGE
        | Capability.LINK
        | Capability.FETCH
        | Capability.WEBHOOK
        | Capability.SAVED_METHOD
        | Capability.REFUND
        | Capability.PARTIAL_REFUND
        | Capability.FISCAL,
        sends=False,
        begins=False,
    ),
    "cryptopay": Claim(CryptoPayShop, Capability.PAGE | Capability.FETCH | Capability.LIST | Capability.WEBHOOK),
    "stars": Claim(
        StarsShop,
        Capability.MESSAGE
        | Capability.PAGE
        | Capability.SAME_KEY
        | Capability.LIST
        | Capability.RENEWS
        | Capability.REFUND
        | Capability.REFUND_SAME_KEY,
        begins=False,
        modes=("429", "500", "502", "dropped", "dropped_after", "slow"),
    ),
}

# Notifications by their form: each is nonsense to every other provider.
FORMS: dict[str, RawNotice] = {
    "yookassa": RawNotice(
        b'{"type": "notification", "event": "payment.succeeded",'
        b' "object": {"id": "22d6d597-000f-5000-9000-145f6df21d6f", "status": "succeeded"}}',
        {"content-type": "application/json"},
    ),
    "robokassa": RawNotice(
        b"OutSum=299.00&InvId=7&SignatureValue=0123456789ABCDEF0123456789ABCDEF&Shp_attempt=x",
        {"content-type": "application/x-www-form-urlencoded"},
    ),
    "cryptopay": RawNotice(
        b'{"update_id": 1, "update_type": "invoice_paid", "request_date": "2026-11-21T12:00:00Z",'
        b' "payload": {"invoice_id": 7, "status": "paid", "amount": "299", "payload": "x"}}',
        {"content-type": "application/json", "crypto-pay-api-signature": "00" * 32},
    ),
    "telegram": RawNotice(
        b'{"update_id": 1, "message": {"message_id": 1, "successful_payment": {"currency": "XTR",'
        b' "total_amount": 150, "invoice_payload": "x", "telegram_payment_charge_id": "c"}}}',
        {"content-type": "application/json"},
    ),
}
