"""Which way up a receipt is. The engine's own guess is often wrong, whatever it thinks of itself; so rows of print tell
whether it lies on its side, and what is read tells which end is up."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from services.receipts.ocr.base import LANGUAGES, Engine, Look
from services.receipts.ocr.languages import likely_languages
from services.receipts.ocr.paper import Grey, cropped, printed_part
from services.receipts.ocr.prepare import evened, straightened

READABLE = 15.0  # of `readability`: what is upright has more in a band, but for a torn scrap
SURE = 45.0  # mean confidence of print read the right way up
BAND = 700  # pixels of height that are enough to tell up from down
CLEARLY = 1.1  # times as striped along as across: it lies on its side
AMOUNT = re.compile(r"\d[.,]\d\d(?!\d)")
WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Upright:
    """The picture turned, how it was read so and in which languages, and by how many degrees counter-clockwise it was
    turned."""

    image: Image.Image
    look: Look
    languages: tuple[str, ...]
    turned: int


def upright(image: Image.Image, engine: Engine) -> Upright:
    """Reads a band of it as its rows of print suggest, and where that makes no sense, the other ways; then all of it,
    the way that says most."""
    turns = [90, 270, 0, 180] if lies_on_its_side(image) else [0, 180, 90, 270]
    best, sheet, band = turns[0], *_band(image, engine, turns[0])
    for number, turn in enumerate(turns[1:], 1):
        # One end that makes sense is up; of two that do not, the better one, unless both are nonsense.
        if _sensible(band) or (number == 2 and readability(band) >= READABLE):
            break
        other_sheet, other = _band(image, engine, turn)
        if readability(other) > readability(band):
            best, sheet, band = turn, other_sheet, other
    languages = likely_languages(band)
    look = dataclasses.replace(engine.read(sheet, languages), name="straight")
    return Upright(_turned(image, best), look, languages, best)


def lies_on_its_side(image: Image.Image) -> bool:
    """Whether print runs up or down: gaps between rows then run so, too."""
    sheet = printed_part(cropped(np.asarray(image)))
    factor = min(1.0, 900 / max(sheet.shape))
    small = np.asarray(cv2.resize(sheet, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    _, ink = cv2.threshold(evened(small), 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return _stripes(np.asarray(ink, np.uint8).T) > CLEARLY * _stripes(np.asarray(ink, np.uint8))


def readability(look: Look) -> float:
    """How much of it looks like a receipt."""
    text = " ".join(word.text for word in look.words if word.confidence >= 50)
    return 3.0 * len(AMOUNT.findall(text)) + len(WORD.findall(text))


def _stripes(ink: Grey) -> float:
    """How striped it is from top to bottom, by stripes wider than a letter's strokes and narrower than a paragraph; in
    pieces narrow enough for rows that are not level."""
    found = []
    for piece in np.array_split(ink.astype(np.float32), 6, axis=1):
        profile = piece.mean(1)[:, None]
        stripes = cv2.GaussianBlur(profile, (1, 15), 2.5) - cv2.GaussianBlur(profile, (1, 55), 9)
        found.append(float(np.asarray(stripes).std()))
    return float(np.mean(found))


def _sensible(look: Look) -> bool:
    return look.confidence >= SURE and readability(look) >= READABLE


def _band(image: Image.Image, engine: Engine, turn: int) -> tuple[Image.Image, Look]:
    """All of it, prepared, and how its middle reads: that is a third of the work."""
    sheet = straightened(_turned(image, turn))
    top = max(0, (sheet.height - BAND) // 2)
    band = sheet.crop((0, top, sheet.width, min(sheet.height, top + BAND)))
    return sheet, engine.read(band, LANGUAGES)


def _turned(image: Image.Image, turn: int) -> Image.Image:
    return image.rotate(turn, expand=True) if turn else image
