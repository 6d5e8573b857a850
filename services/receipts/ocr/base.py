"""What the engine that reads text gives, and the port it is reached by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image

LANGUAGES = ("ukr", "rus", "eng")


@dataclass(frozen=True, slots=True)
class Word:
    """One word and its box, in pixels of the prepared picture. `confidence` is the engine's own, 0 to 100."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Look:
    """One pass of the engine over one prepared picture; `name` says which preparation. `lines` from top to bottom,
    each from left to right, none empty; `words` in the same order; `confidence` is their mean, 0 to 100."""

    name: str
    lines: tuple[str, ...]
    words: tuple[Word, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a picture says about itself beside what is printed on it."""

    width: int  # in pixels, as it was sent, upright by its own word
    height: int
    kind: str  # "JPEG", "PNG", "WEBP", "HEIF" or "PDF"
    has_exif: bool = False
    edited: bool = False  # a program that edits pictures wrote it
    screenshot: bool = False  # of a screen, by its size and what it lacks
    several: bool = False  # more than one receipt


class Engine(Protocol):
    """Reads print. Lives in the reader's own process."""

    def read(self, image: Image, languages: Sequence[str]) -> Look:
        """Everything printed on a prepared, upright picture in shades of grey. `name` of the look is empty."""
        ...

    def orientation(self, image: Image) -> int:
        """By how many degrees (0, 90, 180, 270), counter-clockwise, the picture must be turned to stand upright. A
        guess: it is often wrong."""
        ...
