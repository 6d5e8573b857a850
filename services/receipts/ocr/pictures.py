"""Opening a picture that a stranger sent, within limits, and what it tells about how it was made."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from services.receipts.ocr.base import Image, PictureRefused
from services.receipts.pictures import LARGEST

MOST_PIXELS = 60_000_000  # before anything is decoded: 180 MB in colour
LONGEST_SIDE = 3200  # what is worked with; more costs memory and reads no better
SHORTEST_SIDE = 200
PDF_WIDTH = 1400
EXIF_SOFTWARE, EXIF_MAKE = 0x0131, 0x010F
EDITORS = ("photoshop", "gimp", "snapseed", "picsart", "lightroom", "canva", "pixlr", "paint", "inshot", "facetune")
# Sizes of phones' screens in pixels, upright; pictures that Telegram scaled to 1280 keep their proportions.
SCREENS = (
    (640, 1136), (720, 1280), (720, 1520), (720, 1560), (720, 1600), (720, 1612), (750, 1334), (828, 1792), (1080, 1920),
    (1080, 2160), (1080, 2220), (1080, 2280), (1080, 2310), (1080, 2340), (1080, 2376), (1080, 2400), (1080, 2408),
    (1080, 2412), (1125, 2436), (1170, 2532), (1179, 2556), (1206, 2622), (1220, 2712), (1242, 2208), (1242, 2688),
    (1260, 2800), (1284, 2778), (1290, 2796), (1320, 2868), (1440, 2560), (1440, 2960), (1440, 3040), (1440, 3088),
    (1440, 3120), (1440, 3200),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """`gray` stands as its maker meant it (EXIF orientation is applied); the sides are at most LONGEST_SIDE pixels.
    `size` is the original's, width and height."""

    gray: Image
    size: tuple[int, int]
    is_photo: bool  # a camera says so
    is_edited: bool
    is_screen: bool


def open_picture(content: bytes) -> Picture:
    """JPEG, PNG, WebP, HEIC, or a PDF with one page. Raises PictureRefused."""
    if len(content) > LARGEST:
        raise PictureRefused("too_large")
    return _page(content) if content[:5] == b"%PDF-" else _image(content)


def _image(content: bytes) -> Picture:
    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    _allow_heic()
    Pillow.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        opened: Any = Pillow.open(io.BytesIO(content), formats=("JPEG", "MPO", "PNG", "WEBP", "HEIF"))
    except UnidentifiedImageError:
        raise PictureRefused("not_a_picture") from None
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise PictureRefused("too_many_pixels") from None
    except Exception:  # noqa: BLE001  # decoders of broken files raise whatever they like
        raise PictureRefused("broken") from None
    _require(opened.size)
    if opened.format != "MPO" and getattr(opened, "n_frames", 1) > 1 and opened.format != "HEIF":
        raise PictureRefused("several_pages")
    size = opened.size
    try:
        exif = opened.getexif()
        software, make = str(exif.get(EXIF_SOFTWARE, "")).lower(), str(exif.get(EXIF_MAKE, ""))
        opened.draft("L", (LONGEST_SIDE, LONGEST_SIDE))
        whole = ImageOps.exif_transpose(_on_white(opened)).convert("L")
    except Pillow.DecompressionBombError:
        raise PictureRefused("too_many_pixels") from None
    except Exception:  # noqa: BLE001
        raise PictureRefused("broken") from None
    edited = any(name in software for name in EDITORS)
    is_photo = bool(make.strip("\0 "))
    return Picture(_gray(whole), size, is_photo, edited, not is_photo and _is_screen(size, opened.format))


def _page(content: bytes) -> Picture:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
        pages = len(document)
        if pages == 1:
            page = document[0]
            width, height = page.get_size()
            if not 20 <= width <= 20_000 or not 20 <= height <= 20_000:
                raise PictureRefused("too_many_pixels")
            scale = min(PDF_WIDTH / width, LONGEST_SIDE / height, 8)
            rendered = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    except pypdfium2.PdfiumError:
        raise PictureRefused("broken") from None
    if pages != 1:
        raise PictureRefused("several_pages" if pages else "broken")
    _require(rendered.size)
    return Picture(_gray(rendered), rendered.size, is_photo=False, is_edited=False, is_screen=False)


def _require(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise PictureRefused("too_many_pixels")
    if min(size) < SHORTEST_SIDE or max(size) > 100 * min(size):
        raise PictureRefused("too_small")


def _on_white(opened: Any) -> Any:
    """What is transparent would turn black."""
    from PIL import Image as Pillow

    if opened.mode not in ("RGBA", "LA", "PA") and "transparency" not in opened.info:
        return opened
    coloured = opened.convert("RGBA")
    white = Pillow.new("RGBA", coloured.size, "white")
    white.alpha_composite(coloured)
    return white


def _gray(whole: Any) -> Image:
    import numpy as np
    from PIL import Image as Pillow

    whole.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Pillow.Resampling.LANCZOS)
    return np.asarray(whole, dtype=np.uint8)


def _is_screen(size: tuple[int, int], form: str) -> bool:
    """A picture of a screen's exact size, or of its proportions at Telegram's, that no camera made."""
    short, long = sorted(size)
    if (short, long) in SCREENS:
        return True
    return form == "PNG" and long in (1280, 2560) and any(abs(short - round(w * long / h)) <= 1 for w, h in SCREENS)


def _allow_heic() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
