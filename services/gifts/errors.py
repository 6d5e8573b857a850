from __future__ import annotations

from typing import ClassVar

from services.platform.errors import Conflict, NotFound


class GiftNotFound(NotFound):
    """No gift has this code, or this number among the asker's own."""

    code: ClassVar[str] = "gift_not_found"


class GiftTaken(Conflict):
    """Somebody has claimed it already."""

    code: ClassVar[str] = "gift_taken"


class GiftOver(Conflict):
    """It was not claimed in time, or its payment went back."""

    code: ClassVar[str] = "gift_over"
