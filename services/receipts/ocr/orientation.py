"""Which way up a receipt is. The engine's own guess is often wrong, whatever it thinks of itself, so it is read before
it is believed."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from PIL import Image

from services.receipts.ocr.base import LANGUAGES, Engine, Look
from services.receipts.ocr.prepare import straightened

READABLE = 40.0  # of `readability`: what is upright has more, but for a torn scrap
SURE = 45.0  # mean confidence of print read the right way up
AMOUNT = re.compile(r"\d[.,]\d\d(?!\d)")
WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Upright:
    """The picture turned, how it was read so, and by how many degrees counter-clockwise it was turned."""

    image: Image.Image
    look: Look
    turned: int


def upright(image: Image.Image, engine: Engine) -> Upright:
    """Reads it as it stands; where that makes little sense, as the engine guesses, and then every other way."""
    best = _read(image, engine, 0)
    if _sensible(best.look):
        return best
    guess = engine.orientation(straightened(image))
    for turn in sorted({90, 180, 270}, key=lambda one: one != guess):
        other = _read(image, engine, turn)
        if readability(other.look) > readability(best.look):
            best = other
        if _sensible(best.look):
            break
    return best


def readability(look: Look) -> float:
    """How much of it looks like a receipt."""
    sure = [word.text for word in look.words if word.confidence >= 50]
    text = " ".join(sure)
    return 3.0 * len(AMOUNT.findall(text)) + len(WORD.findall(text))


def _sensible(look: Look) -> bool:
    return look.confidence >= SURE and readability(look) >= READABLE


def _read(image: Image.Image, engine: Engine, turn: int) -> Upright:
    turned = image.rotate(turn, expand=True) if turn else image
    look = dataclasses.replace(engine.read(straightened(turned), LANGUAGES), name="straight")
    return Upright(turned, look, turn)
