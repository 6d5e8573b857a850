"""What may go wrong with a payout, for those who decide about it."""

from __future__ import annotations

from typing import ClassVar

from services.platform.errors import Conflict, NotFound


class PayoutNotFound(NotFound):
    code: ClassVar[str] = "payout_not_found"


class PayoutDecided(Conflict):
    """It stands where this cannot be decided, or not any more."""

    code: ClassVar[str] = "payout_decided"
