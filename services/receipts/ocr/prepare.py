"""A picture as the engine reads it best. Print stays grey: the engine's network reads shades, and binarised speckle
costs it minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from PIL import Image, ImageFilter, ImageOps

from services.receipts.ocr import paper
from services.receipts.ocr.paper import Grey

WIDTH = 1100  # pixels across a receipt: letters are then 20 to 40 high, what the engine was taught with
LARGER = 3.0  # times at most: blown up further, blur is read as print


def straightened(picture: Image.Image) -> Image.Image:
    """Paper cut out and straightened, light evened, lines level. The surest for totals and dates."""
    sheet = _resized(paper.cropped(np.asarray(picture)), WIDTH)
    return Image.fromarray(levelled(evened(sheet)))


def softened(picture: Image.Image) -> Image.Image:
    """Paper cut out roughly, light divided out softly. Keeps the small type of lines."""
    sheet = _scaled(paper.bright_box(picture), WIDTH)
    few = (max(1, sheet.width // 16), max(1, sheet.height // 16))
    light = sheet.resize(few, Image.Resampling.BILINEAR)
    light = light.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(3))
    light = light.resize(sheet.size, Image.Resampling.BILINEAR)
    even = cv2.divide(np.asarray(sheet), np.maximum(np.asarray(light), 1), scale=255)
    return ImageOps.autocontrast(Image.fromarray(even), cutoff=(1, 20))


CHAINS: Mapping[str, Callable[[Image.Image], Image.Image]] = {"straight": straightened, "soft": softened}


def evened(sheet: Grey) -> Grey:
    """White paper everywhere: what is darker than the paper around it remains."""
    light = cv2.medianBlur(cv2.dilate(sheet, np.ones((9, 9), np.uint8)), 51)
    ink = cv2.absdiff(sheet, light)
    return np.asarray(cv2.normalize(255 - ink, np.empty_like(sheet), 0, 255, cv2.NORM_MINMAX), np.uint8)


def levelled(sheet: Grey) -> Grey:
    """Turned by up to 6 degrees, to where rows of print and gaps between them differ the most."""
    factor = min(1.0, 700 / sheet.shape[1])
    small = cv2.resize(sheet, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    _, ink = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    angle = max(np.arange(-6, 6.01, 0.5), key=lambda one: _banded(np.asarray(ink, np.float32), float(one)))
    if abs(angle) < 0.4:
        return sheet
    turned = cv2.warpAffine(
        sheet,
        _turn(sheet, float(angle)),
        (sheet.shape[1], sheet.shape[0]),
        flags=cv2.INTER_CUBIC,
        borderValue=(255,),
    )
    return np.asarray(turned, np.uint8)


def _banded(ink: cv2.typing.MatLike, angle: float) -> float:
    turned = cv2.warpAffine(ink, _turn(ink, angle), (ink.shape[1], ink.shape[0]))
    rows = np.asarray(turned).sum(1)
    return float(((rows[1:] - rows[:-1]) ** 2).sum())


def _turn(sheet: cv2.typing.MatLike, angle: float) -> cv2.typing.MatLike:
    return cv2.getRotationMatrix2D((sheet.shape[1] / 2, sheet.shape[0] / 2), angle, 1)


def _factor(width: int, wanted: int) -> float:
    factor = min(wanted / width, LARGER)
    return 1.0 if 0.8 < factor <= 1 else factor  # near enough: scaling only blurs


def _resized(sheet: Grey, wanted: int) -> Grey:
    factor = _factor(sheet.shape[1], wanted)
    if factor == 1:
        return sheet
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(sheet, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _scaled(sheet: Image.Image, wanted: int) -> Image.Image:
    factor = _factor(sheet.width, wanted)
    if factor == 1:
        return sheet
    return sheet.resize((round(sheet.width * factor), round(sheet.height * factor)), Image.Resampling.LANCZOS)
