"""The port to those who pay: the balance, a provider of top-ups, an operator with a list.

An adapter talks to one of them, holds no state and opens no transaction. What it answers is exact about one thing: may
the money have left? Only what surely did not leave is ever sent again by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import ClassVar, Protocol

from services.platform.errors import Invalid, KioskError, Rejected, TryLater
from services.platform.money import Money


class NotSent(TryLater):
    """It surely did not leave: the same call may succeed later."""

    code: ClassVar[str] = "payout_not_sent"


class Refused(Rejected):
    """Understood and refused: nothing was paid. `reason` is the provider's own code."""

    code: ClassVar[str] = "payout_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unknown(KioskError):
    """It may have been paid. `reason` says what was seen; nothing repeats the call."""

    code: ClassVar[str] = "payout_unknown"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Capability(Flag):
    """What a provider is like."""

    NONE = 0
    INSIDE = auto()  # it needs no network: it is called within a transaction, and is undone with it
    PHONE = auto()  # it pays to a mobile phone
    CALLBACK = auto()  # it tells later what became of a payment


@dataclass(frozen=True, slots=True)
class Order:
    """One call. `reference` is ours and different for each call ("12.1": payout 12, its first); `phone` is
    380XXXXXXXXX."""

    reference: str
    amount: Money
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Paid:
    """`external_id` is the provider's name for what it did."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A person carries it out, and its result comes later."""


@dataclass(frozen=True, slots=True)
class News:
    """What a callback says. `external_id` is the provider's name of the payment; `reference` is ours, and `amount` what
    it paid, where it gives them back; `code` says why it did not pay."""

    external_id: str
    is_paid: bool
    reference: str | None = None
    amount: Money | None = None
    code: str = "refused"


class BadCallback(Invalid):
    """Not what this provider sends. The message never quotes it."""

    code: ClassVar[str] = "bad_callback"


class PayoutProvider(Protocol):
    """`currencies` are those it pays; None when it pays any."""

    name: str
    capabilities: Capability
    currencies: frozenset[str] | None

    def pay(self, order: Order) -> Paid | Listed:
        """Pays once for each call. Raises NotSent, Refused or Unknown; whatever else it raises counts as Unknown."""
        ...

    def read_callback(self, body: bytes) -> News:
        """The body of a callback. Raises BadCallback."""
        raise BadCallback("this provider sends none")

    def check(self) -> str:
        """What it is and where, for the doctor; pays nothing. Raises TryLater or Misconfigured."""
        ...

    def close(self) -> None: ...


PayoutProviders = Mapping[str, PayoutProvider]

# Where an order must name a phone. Also of providers that are switched off at the moment.
TO_PHONES = frozenset({"portmone", "manual"})
