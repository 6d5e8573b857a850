"""What Telegram does to a picture: a photo becomes several JPEG sizes, the largest at most 1280 pixels; a document gets
a thumbnail. Nothing of the camera is left in them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from apps.sandbox.telegram.errors import bad_request, malformed

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 10 * 1024 * 1024
THUMBNAIL = 320  # pixels, the longer side
_SIDES = (90, 320, 800, 1280)
_QUALITY = 87

Scaled = tuple[int, int, bytes]


def sizes(data: bytes, *, by_app: bool = False) -> list[Scaled]:
    """Width, height and JPEG bytes of each size, smallest first. Raises ApiError 400 for what is no photo.

    Limits: Telegram Bot API, sendPhoto (10 MB, width + height at most 10000, ratio at most 20). A person's app makes
    the photo smaller before it is sent (`by_app`): then only the ratio counts.
    """
    if len(data) > MAX_BYTES and not by_app:
        raise malformed("too big for a photo")
    image = _opened(data)
    if image is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    width, height = image.size
    if (width + height > 10_000 and not by_app) or max(width, height) > 20 * min(width, height):
        raise malformed("PHOTO_INVALID_DIMENSIONS")
    longest = max(width, height)
    wanted = [side for side in _SIDES if side < longest]
    if longest <= _SIDES[-1]:
        wanted.append(longest)
    return [_scaled(image, side / longest) for side in wanted]


def thumbnail(data: bytes) -> Scaled | None:
    """A small picture of a document; None of what is none."""
    image = _opened(data)
    return None if image is None else _scaled(image, min(1.0, THUMBNAIL / max(image.size)))


def _opened(data: bytes) -> Image.Image | None:
    """Upright, opaque, without what the file tells besides."""
    from PIL import Image, ImageOps, UnidentifiedImageError
    from pillow_heif import register_heif_opener

    register_heif_opener()  # phones take HEIC
    try:
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        clear = upright.has_transparency_data
        upright = upright.convert("RGBA" if clear else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright if clear else None)
    return paper


def _scaled(image: Image.Image, factor: float) -> Scaled:
    from PIL import Image

    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    jpeg = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(jpeg, "JPEG", quality=_QUALITY)
    return (*size, jpeg.getvalue())
