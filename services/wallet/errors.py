from __future__ import annotations

from typing import ClassVar

from services.platform.errors import Conflict, Forbidden, Invalid
from services.platform.money import Money


class BelowMinimum(Invalid):
    """Less than may be paid in; `minimum` may."""

    code: ClassVar[str] = "below_minimum"

    def __init__(self, minimum: Money) -> None:
        super().__init__(f"{minimum} {minimum.currency} at least")
        self.minimum = minimum


class AboveMaximum(Invalid):
    code: ClassVar[str] = "above_maximum"


class BadTokens(Invalid):
    """Not a whole number above zero, or one that nobody has."""

    code: ClassVar[str] = "bad_tokens"


class BadUsage(Invalid):
    """Units, price or multiplier are not decimals that are 0 or more, or cost more than anybody has."""

    code: ClassVar[str] = "bad_usage"


class SubscriptionNeeded(Forbidden):
    """What is spent on needs a subscription that runs."""

    code: ClassVar[str] = "subscription_expired"


class ReferenceUsed(Conflict):
    """Another spending had this reference."""

    code: ClassVar[str] = "reference_used"
