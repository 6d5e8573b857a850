"""Opens what somebody sent. Nothing of it is trusted: sizes are checked before a pixel is decoded."""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from services.receipts.errors import BadPicture
from services.receipts.ocr.base import PictureFacts
from services.receipts.ocr.errors import PictureRefused
from services.receipts.ocr.screens import is_screenshot
from services.receipts.pictures import media_type

KINDS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
    "application/pdf": "PDF",
}
LONGEST = 3200  # pixels; a scan of 5000 x 7000 reads no better and costs half as much memory again
SHORTEST = 100  # nothing can be read on less
MOST_PIXELS = 60_000_000  # decoded in shades of grey: 60 MB
PDF_LONGEST = 2400  # a page has no pixels of its own
SOFTWARE, MODEL, MAKE = 0x0131, 0x0110, 0x010F  # EXIF tags (JEITA CP-3451)
EDITORS = (
    "photoshop",
    "gimp",
    "snapseed",
    "lightroom",
    "picsart",
    "canva",
    "pixelmator",
    "affinity",
    "paint",
    "photopea",
    "facetune",
    "inkscape",
    "illustrator",
    "corel",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """`image` in shades of grey, upright as far as its EXIF says, LONGEST at most."""

    image: Image.Image
    facts: PictureFacts


def open_picture(content: bytes) -> Picture:
    """Raises PictureRefused."""
    try:
        kind = KINDS[media_type(content)]
    except BadPicture as error:
        raise PictureRefused("not_a_picture" if error.reason == "empty" else error.reason) from None
    with _refusing():
        return _page(content) if kind == "PDF" else _photo(content, kind)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of half a bomb; MOST_PIXELS is stricter
            yield
    except PictureRefused:
        raise
    except Image.DecompressionBombError:
        raise PictureRefused("too_many_pixels") from None
    except UnidentifiedImageError:
        raise PictureRefused("not_a_picture") from None
    except Exception as error:  # decoders of hostile bytes raise whatever they like
        raise PictureRefused("broken") from error


def _photo(content: bytes, kind: str) -> Picture:
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    image = Image.open(io.BytesIO(content), formats=[kind])
    _check_size(image.width, image.height)
    # Some cameras append a second picture (MPO); those are one picture here.
    if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
        raise PictureRefused("several_pages")
    width, height = image.size
    exif = image.getexif()
    software = str(exif.get(SOFTWARE) or "").lower()
    if exif.get(0x0112, 1) in (5, 6, 7, 8):  # turned by a quarter
        width, height = height, width
    if kind == "JPEG":
        image.draft("L", (LONGEST, LONGEST))
    grey = _grey(image)
    grey = ImageOps.exif_transpose(grey)
    has_exif = bool(exif.get(MODEL) or exif.get(MAKE))
    facts = PictureFacts(
        width,
        height,
        kind,
        has_exif=has_exif,
        edited=any(name in software for name in EDITORS),
    )
    grey = _capped(grey)
    return Picture(grey, dataclasses.replace(facts, screenshot=is_screenshot(grey, facts)))


def _page(content: bytes) -> Picture:
    """The only page of a PDF, PDF_LONGEST pixels long."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        raise PictureRefused("broken") from None
    try:
        if len(document) != 1:
            raise PictureRefused("several_pages")
        page = document[0]
        width, height = page.get_size()  # points
        if not (1 < width < 20_000 and 1 < height < 20_000):
            raise PictureRefused("broken")
        scale = min(PDF_LONGEST / max(width, height), 6.0)
        if min(width, height) * scale < SHORTEST:
            raise PictureRefused("too_small")
        bitmap = page.render(scale=scale, grayscale=True)
        image = bitmap.to_pil().convert("L")
    finally:
        document.close()
    return Picture(image, PictureFacts(image.width, image.height, "PDF"))


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PictureRefused("too_many_pixels")
    if min(width, height) < SHORTEST:
        raise PictureRefused("too_small")


def _grey(image: Image.Image) -> Image.Image:
    """Transparent pixels become white paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        ink = image.convert("RGBA")
        paper = Image.new("RGBA", ink.size, "white")
        paper.alpha_composite(ink)
        image = paper
    elif image.mode.startswith("I") or image.mode == "F":  # 16 bits: Pillow would cut, not scale
        shades = np.asarray(image, np.float64)
        low, high = shades.min(), shades.max()
        image = Image.fromarray(((shades - low) * (255.0 / max(high - low, 1.0))).astype(np.uint8))
    return image.convert("L")


def _capped(image: Image.Image) -> Image.Image:
    image.load()
    if max(image.size) > LONGEST:
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return image
