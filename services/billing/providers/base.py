"""The port to payment providers, and every answer one can give.

An adapter talks to one shop, holds no state and opens no transaction. It never raises for what a provider or the
network does: each call ends in one of the outcomes, and "we do not know" is one of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from services.platform.errors import Invalid
from services.platform.money import Money


class BadNotification(Invalid):
    """Not a notification of this provider. Nothing was stored."""

    code: ClassVar[str] = "bad_notification"


@dataclass(frozen=True, slots=True)
class NextAction:
    """The provider waits for the buyer at `url`."""

    external_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A payment as the provider has it now. `status` is ours: awaiting_user, authorized, succeeded or canceled.
    `key` is the attempt's key as the provider gives it back, `merchant` the shop that was paid; `reason` is the
    provider's own word for a cancellation."""

    external_id: str
    status: str
    amount: Money
    key: str | None
    merchant: str
    test: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Understood and refused: a new attempt needs a new key. `retryable` is False when it cannot ever succeed."""

    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class NotSent:
    """The provider was surely not reached."""

    error: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may have been carried out. Ask again, with the same key."""

    error: str


Outcome = NextAction | Snapshot | Declined | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification claims, unbelieved."""

    kind: str
    external_id: str
    body: dict[str, Any]


class PaymentProvider(Protocol):
    code: str
    currency: str
    merchant: str
    expects_test: bool

    def request(self, *, key: uuid.UUID, amount: Money, description: str, return_url: str) -> dict[str, Any]:
        """The exact request for a one-stage payment, to be stored before it is sent. Pure."""

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        """Sends it. The same key and request again give the same payment for at least 23 hours."""

    def fetch(self, external_id: str) -> Outcome:
        """A Snapshot; Declined when there is no such payment; NotSent or Unknown when nobody knows."""

    def read_notification(self, body: bytes) -> Notice:
        """Pure. Raises BadNotification."""

    def check(self) -> str:
        """One line about the shop for the operator. Raises Misconfigured or TryLater."""

    def close(self) -> None:
        """Closes its connections."""
