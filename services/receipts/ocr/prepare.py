"""A picture as the engine reads it best. Print stays grey: the engine's network reads shades, and binarised speckle
costs it minutes.

Each chain fails on other receipts than the next: one cuts closely and straightens, one measures the letters, one cuts
next to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from PIL import Image, ImageOps

from services.receipts.ocr import paper
from services.receipts.ocr.paper import Grey

WIDTH = 1100  # pixels across a receipt: its letters are then 20 to 40 high, what the engine was taught with
LETTER = 26  # pixels of a letter's height, where letters can be measured
SMALL = 16  # pixels of it, where gaps within letters are to close
LARGER = 3.0  # times at most: blown up further, blur is read as print
LONGEST = 3600  # pixels
LETTERS = 30  # fewer than these measure nothing


def straightened(picture: Image.Image) -> Image.Image:
    """Paper cut out and straightened, light evened, lines level. The surest for totals and dates."""
    sheet = _by_width(_sheet(picture))
    return Image.fromarray(levelled(evened(sheet)))


def softened(picture: Image.Image) -> Image.Image:
    """Paper cut out and straightened, letters brought to one height, light divided out softly. Keeps the small type of
    lines."""
    sheet = _by_letters(_sheet(picture))
    return Image.fromarray(levelled(lit(sheet)))


def rough(picture: Image.Image) -> Image.Image:
    """Cut to the bright part and nothing straightened: right where the paper's outline misleads."""
    sheet = _by_letters(paper.printed_part(np.asarray(paper.bright_box(picture))))
    return Image.fromarray(levelled(lit(sheet)))


def small(picture: Image.Image) -> Image.Image:
    """As `straightened`, with letters brought to a small height: the gaps that a worn print head leaves close, and
    figures of double width are read. The quickest, too."""
    return Image.fromarray(levelled(evened(_by_letters(_sheet(picture), SMALL))))


# In the order in which they are tried.
CHAINS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "straight": straightened,
    "small": small,
    "soft": softened,
    "rough": rough,
}


def evened(sheet: Grey) -> Grey:
    """White paper everywhere: what is darker than the paper around it remains."""
    light = cv2.medianBlur(cv2.dilate(sheet, np.ones((9, 9), np.uint8)), 51)
    ink = cv2.absdiff(sheet, light)
    return np.asarray(cv2.normalize(255 - ink, np.empty_like(sheet), 0, 255, cv2.NORM_MINMAX), np.uint8)


def lit(sheet: Grey) -> Grey:
    """Divided by the light that falls on it, with the palest ink kept."""
    few = (max(1, sheet.shape[1] // 16), max(1, sheet.shape[0] // 16))
    light = cv2.dilate(cv2.resize(sheet, few, interpolation=cv2.INTER_AREA), np.ones((5, 5), np.uint8))
    light = cv2.resize(cv2.GaussianBlur(light, (0, 0), 3), (sheet.shape[1], sheet.shape[0]))
    even = np.asarray(cv2.divide(sheet, np.maximum(light, 1), scale=255), np.uint8)
    return np.asarray(ImageOps.autocontrast(Image.fromarray(even), cutoff=(1, 20)))


def levelled(sheet: Grey) -> Grey:
    """Turned by up to 6 degrees, to where rows of print and gaps between them differ the most."""
    factor = min(1.0, 700 / sheet.shape[1])
    small = cv2.resize(sheet, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    _, ink = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    angle = max(np.arange(-6, 6.01, 0.5), key=lambda one: _banded(np.asarray(ink, np.float32), float(one)))
    if abs(angle) < 0.4:
        return sheet
    size = (sheet.shape[1], sheet.shape[0])
    turned = cv2.warpAffine(sheet, _turn(sheet, float(angle)), size, flags=cv2.INTER_CUBIC, borderValue=(255,))
    return np.asarray(turned, np.uint8)


def letter_height(sheet: Grey) -> float | None:
    """Of a usual letter, in pixels; None where too few stand out. Dots, rules and pictures are no letters."""
    _, ink = cv2.threshold(evened(sheet), 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    _, _, found, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height, area = found[1:, 2], found[1:, 3], found[1:, 4]
    full = area / (width * height)
    letters = (height >= 6) & (height <= 120) & (width <= height * 1.6) & (width >= height * 0.15)
    heights = height[letters & (full >= 0.15) & (full < 0.9)]
    if len(heights) < LETTERS:
        return None
    return float(np.median(heights[heights >= np.percentile(heights, 30)]))


def _sheet(picture: Image.Image) -> Grey:
    return paper.printed_part(paper.cropped(np.asarray(picture)))


def _by_width(sheet: Grey) -> Grey:
    factor = min(WIDTH / sheet.shape[1], LARGER)
    return sheet if 0.8 < factor <= 1 else _resized(sheet, factor)  # near enough: scaling only blurs


def _by_letters(sheet: Grey, wanted: int = LETTER) -> Grey:
    """Small pictures are measured at twice their size."""
    twice = 2.0 if sheet.shape[1] < 700 else 1.0
    height = letter_height(_resized(sheet, twice))
    if height is None:
        return _by_width(sheet)
    return _resized(sheet, min(wanted * twice / height, LARGER, LONGEST / max(sheet.shape)))


def _resized(sheet: Grey, factor: float) -> Grey:
    if factor == 1:
        return sheet
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(sheet, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _banded(ink: cv2.typing.MatLike, angle: float) -> float:
    turned = cv2.warpAffine(ink, _turn(ink, angle), (ink.shape[1], ink.shape[0]))
    rows = np.asarray(turned).sum(1)
    return float(((rows[1:] - rows[:-1]) ** 2).sum())


def _turn(sheet: cv2.typing.MatLike, angle: float) -> cv2.typing.MatLike:
    return cv2.getRotationMatrix2D((sheet.shape[1] / 2, sheet.shape[0] / 2), angle, 1)
