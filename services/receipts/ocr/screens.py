"""Whether a picture was taken of a screen by the phone itself: exactly its size, and a bar of one shade on top."""

from __future__ import annotations

import numpy as np
from PIL import Image

from services.receipts.ocr.base import PictureFacts

# Width and height of the screens of common phones, in pixels.
SCREENS = frozenset(
    {
        *((640, 1136), (750, 1334), (828, 1792), (1125, 2436), (1170, 2532), (1179, 2556), (1206, 2622)),
        *((1242, 2208), (1242, 2688), (1284, 2778), (1290, 2796), (1320, 2868)),
        *((720, height) for height in (1280, 1440, 1520, 1544, 1560, 1570, 1600, 1612, 1640, 1650)),
        *((1080, height) for height in (1920, 2160, 2220, 2246, 2280, 2316, 2340, 2376, 2388, 2400, 2408, 2412)),
        *((1080, height) for height in (2460, 2520, 2640)),
        *((1440, height) for height in (2560, 2880, 2960, 3040, 3088, 3120, 3168, 3200, 3216)),
        *((1220, 2712), (1260, 2800), (1344, 2992), (1008, 2244)),
    }
)
SENT = 1280  # pixels of the longer side, to which Telegram brings photos
BAR, FLAT = 0.025, 0.5  # of the height; of its pixels have one shade: no camera sees so evenly


def is_screenshot(image: Image.Image, facts: PictureFacts) -> bool:
    """`image` in shades of grey, at any size."""
    if facts.has_exif or not _size_of_a_screen(facts.width, facts.height):
        return False
    bar = np.asarray(image)[: max(4, round(image.height * BAR))]
    return float(np.bincount(bar.ravel(), minlength=256).max()) / bar.size >= FLAT


def _size_of_a_screen(width: int, height: int) -> bool:
    if (width, height) in SCREENS:
        return True
    return height == SENT and any(abs(SENT * wide / high - width) <= 1 for wide, high in SCREENS)
