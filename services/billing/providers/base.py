"""The port to payment providers, and every answer one can give.

An adapter talks to one shop, holds no state and opens no transaction. It never raises for what a provider or the
network does: each call ends in one of the outcomes, and "we do not know" is one of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, auto
from typing import Any, ClassVar, Protocol

from services.platform.errors import Invalid, Rejected
from services.platform.money import Money

IGNORED = "ignored"  # the kind of a notice that is accepted so that it is not repeated, and means nothing to us
BUSY = "busy"  # the error of a NotSent that comes from ourselves: enough calls are under way


class BadNotification(Invalid):
    """Not a notification of this provider, or not signed by it. Nothing was stored."""

    code: ClassVar[str] = "bad_notification"


class Unsupported(Rejected):
    """This provider cannot do that; its capabilities say so beforehand."""

    code: ClassVar[str] = "unsupported_by_provider"


class Capability(Flag):
    """What a provider can do. Nothing here is guessed: what its documentation does not promise is absent."""

    PAGE = auto()  # buyers pay on its page
    LINK = auto()  # the page's address is made here: making it again asks nobody and changes nothing
    MESSAGE = auto()  # buyers pay in an invoice message of the chat
    SAME_KEY = auto()  # the same request and key again are the same payment, for at least 23 hours
    FETCH = auto()  # it can be asked about one payment
    LIST = auto()  # it lists the operations of a span of time
    WEBHOOK = auto()  # it notifies by HTTP
    HOLD = auto()  # money can be held first and taken later
    SAVED_METHOD = auto()  # a card can be remembered and charged without the buyer
    RENEWS = auto()  # it charges every period by itself
    REFUND = auto()  # it gives money back, all of it
    PARTIAL_REFUND = auto()  # or a part
    REFUND_SAME_KEY = auto()  # the same refund and key again are the same refund
    FISCAL = auto()  # it makes fiscal receipts (54-FZ)


@dataclass(frozen=True, slots=True)
class Fiscal:
    """How a shop makes out its receipts (54-FZ); codes as in FiscalLine. `email` is for buyers who gave no address."""

    email: str
    vat_code: int
    tax_system: int | None
    subject: str
    mode: str


@dataclass(frozen=True, slots=True)
class FiscalLine:
    """One line of a 54-FZ receipt. `total` is for the whole quantity. Codes as YooKassa's API has them: vat_code 1..12,
    payment_subject and payment_mode as words."""

    name: str
    total: Money
    vat_code: int
    subject: str
    mode: str


@dataclass(frozen=True, slots=True)
class FiscalReceipt:
    """`tax_system` is 1..6. The lines sum exactly to the amount of the payment or refund they go with."""

    email: str
    tax_system: int | None
    lines: tuple[FiscalLine, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What one attempt asks for. `key` is our idempotency key, `number` a whole number below 2^31 that no other attempt
    ever gets, `telegram_id` the buyer's. `save`: the buyer agreed that the card is remembered; `method`: the token of a
    remembered one, to be charged without the buyer; `renews`: the provider is to charge each 30 days by itself."""

    key: uuid.UUID
    number: int
    amount: Money
    description: str
    return_url: str
    party: str
    telegram_id: int | None = None
    save: bool = False
    method: str | None = None
    renews: bool = False
    receipt: FiscalReceipt | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money of a succeeded payment to be given back. `full`: nothing of the payment is left afterwards."""

    key: uuid.UUID
    payment_external_id: str
    amount: Money
    full: bool
    description: str
    party: str
    telegram_id: int | None = None
    receipt: FiscalReceipt | None = None


@dataclass(frozen=True, slots=True)
class NextAction:
    """The provider waits for the buyer at `url`. Where it names the payment only once it is paid, `external_id` is
    None."""

    external_id: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Method:
    """A remembered card: `token` charges it, `title` is what its owner recognises ("Visa •• 4444")."""

    token: str
    title: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A payment as the provider has it now. `status` is ours: awaiting_user, authorized, succeeded or canceled.
    `key` is the attempt's key as the provider gives it back (None where it gives nothing back), `merchant` the shop
    that was paid; `reason` is the provider's own word for a cancellation; `fee` what the provider keeps;
    `refunded` what it has given back; `renewal`: the provider charged a further period of an earlier payment; `url` is
    where the buyer pays, while it waits and where the provider tells it again; `at` is when it was paid, else made."""

    external_id: str
    status: str
    amount: Money
    key: str | None
    merchant: str
    test: bool
    reason: str | None = None
    fee: Money | None = None
    refunded: Money | None = None
    method: Method | None = None
    renewal: bool = False
    url: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """A refund as the provider has it now. `status` is pending, succeeded or canceled; `key` is ours, where the
    provider gives it back."""

    external_id: str
    payment_external_id: str
    status: str
    amount: Money
    key: str | None = None
    reason: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """The state of a provider's own renewing: active, canceled (by the buyer) or failed. `key` is the attempt's that
    began it."""

    key: str
    state: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Understood and refused: a new attempt needs a new key. `retryable` is False when it cannot ever succeed."""

    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class NotSent:
    """The provider was surely not reached. `after` is how many seconds later that may be different, where we know."""

    error: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may have been carried out. Ask again, with the same key."""

    error: str


Outcome = NextAction | Snapshot | Declined | NotSent | Unknown
RefundOutcome = RefundSnapshot | Declined | NotSent | Unknown
Operation = Snapshot | RefundSnapshot
Evidence = Snapshot | RefundSnapshot | Renewal


@dataclass(frozen=True, slots=True)
class RawNotice:
    """A notification as it came. Header names are in lower case; `query` is the address's."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification claims. `external_id` names the payment or refund it is about; `body` is what is stored of
    it, without anything personal. `signed`: the provider said it for certain. `answer` is the text it wants to hear
    once the notification is stored. `about` is the id of the payment whose refund it names; the kinds of those begin
    with "refund"."""

    kind: str
    external_id: str
    body: dict[str, Any]
    signed: bool = False
    answer: str = ""
    about: str | None = None


class PaymentProvider(Protocol):
    """`merchant` is the shop, `expects_test` whether its payments must be test payments, `fiscal` how its receipts are
    made out, if at all, `minimum` its smallest payment. Adapters inherit; what they cannot do stays as it is here."""

    code: str
    currency: str
    merchant: str
    expects_test: bool
    minimum: Money
    capabilities: Capability
    fiscal: Fiscal | None = None

    def request(self, order: Order) -> dict[str, Any]:
        """The exact request for an attempt, to be stored before it is sent. Pure."""
        ...

    def known_id(self, request: dict[str, Any]) -> str | None:
        """The payment's id where we choose it ourselves and asking by it is safer than sending again. Pure."""
        return None

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        """Sends it."""
        ...

    def fetch(self, external_id: str) -> Outcome:
        """A Snapshot; Declined when there is no such payment; NotSent or Unknown when nobody knows."""
        raise Unsupported(f"{self.code} cannot be asked")

    def operations(self, since: datetime, until: datetime) -> Sequence[Operation]:
        """Payments and refunds made at the provider in this span of time, in any order and state. Raises TryLater."""
        raise Unsupported(f"{self.code} lists nothing")

    def capture(self, external_id: str, amount: Money, key: uuid.UUID) -> Outcome:
        """Takes money that is held."""
        raise Unsupported(f"{self.code} holds nothing")

    def cancel(self, external_id: str, key: uuid.UUID) -> Outcome:
        """Lets money go that is held."""
        raise Unsupported(f"{self.code} holds nothing")

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        """The exact request for a refund, to be stored before it is sent. Pure. Raises Unsupported."""
        raise Unsupported(f"{self.code} cannot refund")

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:
        """Sends it."""
        raise Unsupported(f"{self.code} cannot refund")

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        """A RefundSnapshot; Declined when there is no such refund; NotSent or Unknown when nobody knows."""
        raise Unsupported(f"{self.code} cannot be asked about refunds")

    def read_notification(self, raw: RawNotice) -> Notice:
        """Pure. Raises BadNotification."""
        raise BadNotification(f"{self.code} sends no notifications")

    def evidence(self, kind: str, body: dict[str, Any]) -> Evidence | None:
        """What a stored notification proves by itself; None where the provider is to be asked. Pure."""
        return None

    def check(self) -> str:
        """One line about the shop for the operator. Raises Misconfigured or TryLater."""
        ...

    def close(self) -> None:
        """Closes its connections."""
        ...
