"""Finding QR codes in a picture."""

from __future__ import annotations

from services.receipts.facts import FiscalCode
from services.receipts.ocr.base import Image
from services.receipts.ocr.fiscal_codes import parse_code

SCALES = (1.0, 0.5, 2.0, 1.5, 3.0)
SMALLEST, LARGEST = 300, 5200  # pixels of the longer side, after scaling
TILES = 3  # parts along the longer side, looked at enlarged: small codes of long receipts


def fiscal_codes(image: Image) -> list[FiscalCode]:
    """All different ones, in the order found; the first looks are the cheapest, and end the search once they find one.
    """
    import cv2

    height, width = image.shape
    for scale in SCALES:
        if not SMALLEST <= max(height, width) * scale <= LARGEST:
            continue
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        looked_at = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)
        if found := _read(looked_at):
            return found
    return _in_tiles(image)


def _in_tiles(image: Image) -> list[FiscalCode]:
    import cv2

    height, width = image.shape
    along = max(height, width)
    step = along // (TILES + 1)
    for number in range(TILES):
        start = number * step
        part = image[start : start + 2 * step] if height >= width else image[:, start : start + 2 * step]
        scale = min(3.0, LARGEST / max(part.shape))
        enlarged = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        sharper = cv2.addWeighted(enlarged, 1.8, cv2.GaussianBlur(enlarged, (0, 0), 3), -0.8, 0)
        for one in (enlarged, sharper):
            if found := _read(one):
                return found
    return []


def _read(image: Image) -> list[FiscalCode]:
    import zxingcpp

    found: dict[str, FiscalCode] = {}
    for one in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode):
        if code := parse_code(one.text):
            found.setdefault(code.key, code)
    return list(found.values())
