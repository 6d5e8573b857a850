"""Why a code does not work. Each reason has words of its own at the edges."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from services.platform.errors import Conflict, TryLater
from services.platform.money import Money


class PromoRefused(Conflict):
    """The code cannot be used here, or not now. Nothing was changed."""

    code: ClassVar[str] = "promo_refused"


class PromoUnknown(PromoRefused):
    code: ClassVar[str] = "promo_unknown"


class PromoNotYet(PromoRefused):
    """Good from `since` on."""

    code: ClassVar[str] = "promo_not_yet"

    def __init__(self, message: str, since: datetime) -> None:
        super().__init__(message)
        self.since = since


class PromoOver(PromoRefused):
    """Its time is over, or an operator has ended it."""

    code: ClassVar[str] = "promo_over"


class PromoUsedUp(PromoRefused):
    """Others have used it, or are about to, as often as it may be."""

    code: ClassVar[str] = "promo_used_up"


class PromoUsedByYou(PromoRefused):
    code: ClassVar[str] = "promo_used_by_you"


class PromoNotForTariff(PromoRefused):
    code: ClassVar[str] = "promo_not_for_tariff"


class PromoNotForYou(PromoRefused):
    """`audience`: new (who has not paid yet) or existing."""

    code: ClassVar[str] = "promo_not_for_you"

    def __init__(self, message: str, audience: str) -> None:
        super().__init__(message)
        self.audience = audience


class PromoBelowMinimum(PromoRefused):
    """The listed price must be at least `minimum`."""

    code: ClassVar[str] = "promo_below_minimum"

    def __init__(self, message: str, minimum: Money) -> None:
        super().__init__(message)
        self.minimum = minimum


class PromoNotForPayment(PromoRefused):
    """It gives nothing in this currency, or to what is charged again and again, or is not bought as a tariff."""

    code: ClassVar[str] = "promo_not_for_payment"


class PromoNeedsPurchase(PromoRefused):
    """It works when something is bought."""

    code: ClassVar[str] = "promo_needs_purchase"


class PromoWithoutPurchase(PromoRefused):
    """It works by itself, and does nothing to a purchase."""

    code: ClassVar[str] = "promo_without_purchase"


class TooManyGuesses(TryLater):
    code: ClassVar[str] = "promo_too_many_guesses"


REFUSALS: tuple[type[PromoRefused], ...] = (
    PromoUnknown,
    PromoNotYet,
    PromoOver,
    PromoUsedUp,
    PromoUsedByYou,
    PromoNotForTariff,
    PromoNotForYou,
    PromoBelowMinimum,
    PromoNotForPayment,
    PromoNeedsPurchase,
    PromoWithoutPurchase,
)
