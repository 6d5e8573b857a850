"""What Telegram does to a photo: several JPEG sizes, the largest at most 1280 pixels."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from apps.sandbox.telegram.errors import bad_request, malformed

MAX_BYTES = 10 * 1024 * 1024
_SIDES = (90, 320, 800, 1280)
_QUALITY = 87


def sizes(data: bytes) -> list[tuple[int, int, bytes]]:
    """Width, height and JPEG bytes of each size, smallest first. Raises ApiError 400 for what is no photo.

    Limits: Telegram Bot API, sendPhoto (10 MB, width + height at most 10000, ratio at most 20).
    """
    if len(data) > MAX_BYTES:
        raise malformed("too big for a photo")
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error
    width, height = image.size
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise malformed("PHOTO_INVALID_DIMENSIONS")
    longest = max(width, height)
    wanted = [side for side in _SIDES if side < longest]
    if longest <= _SIDES[-1]:
        wanted.append(longest)
    return [_scaled(image, side / longest) for side in wanted]


def _scaled(image: Image.Image, factor: float) -> tuple[int, int, bytes]:
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    jpeg = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(jpeg, "JPEG", quality=_QUALITY)
    return (*size, jpeg.getvalue())
