"""Why a picture was not read."""

from __future__ import annotations

from typing import ClassVar

from services.platform.errors import TryLater
from services.receipts.errors import BadPicture


class PictureRefused(BadPicture):
    """It is no picture that can be read, and trying again changes nothing. `reason`: too_large, not_a_picture,
    too_many_pixels, too_small, several_pages or broken."""


class EngineFailed(TryLater):
    """The process that reads died, took too long or too much memory over this picture. `after` is None."""

    code: ClassVar[str] = "engine_failed"


class ReaderBusy(TryLater):
    """It reads another picture; `after` is in seconds."""

    code: ClassVar[str] = "reader_busy"
