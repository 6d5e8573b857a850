"""Every QR code on a picture, decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from services.receipts.facts import FiscalCode
from services.receipts.ocr.fiscal_codes import parse_fiscal_code

SCALES = (1.0, 0.5, 2.0, 1.5, 3.0)  # small and creased codes decode at another size than their own
WIDEST, NARROWEST = 6000, 300  # pixels of the longer side that are worth a try
LARGEST = 18_000_000  # pixels; nothing is blown up beyond


def read_codes(picture: Image.Image) -> list[str]:
    """Texts of all QR codes, each once; of the first try that finds a fiscal one, or of all tries."""
    found: dict[str, None] = {}
    for attempt in _attempts(picture):
        texts = _decoded(attempt())
        found.update(dict.fromkeys(texts))
        if any(parse_fiscal_code(text) for text in texts):
            break
    return list(found)


def fiscal_codes(texts: list[str]) -> list[FiscalCode]:
    """Different receipts only: the same receipt may carry its code twice."""
    codes = [code for code in map(parse_fiscal_code, texts) if code]
    return list({code.key: code for code in codes}.values())


def _attempts(picture: Image.Image) -> Iterator[Callable[[], Image.Image]]:
    for scale in SCALES:
        if NARROWEST <= max(picture.size) * scale <= WIDEST and picture.width * picture.height * scale**2 < LARGEST:
            yield partial(_at, picture, scale)
    yield lambda: ImageOps.autocontrast(picture.filter(ImageFilter.MedianFilter(3)), cutoff=2)


def _at(picture: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return picture
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _decoded(picture: Image.Image) -> list[str]:
    codes = zxingcpp.read_barcodes(np.asarray(picture), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [code.text for code in codes if code.text]
