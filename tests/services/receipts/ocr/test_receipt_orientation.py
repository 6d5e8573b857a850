"""Which way up, told by an engine that reads only what stands upright."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from services.receipts.ocr.base import Look, Word
from services.receipts.ocr.orientation import lies_on_its_side, upright
from tests.drawn_receipts import TABLE, draw
from tests.printed_receipts import make

RECEIPT = draw(make("ua", 7))
ImageDraw.Draw(RECEIPT).rectangle((TABLE + 10, TABLE + 20, TABLE + 20, RECEIPT.height - TABLE - 20), fill=30)


class TellsUp:
    """Makes sense of the receipt only where its bar is on the left, from top to bottom; counts its looks."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, image: Image.Image, languages: Sequence[str]) -> Look:
        self.reads += 1
        ink = 255 - np.asarray(image, np.float32).mean(0)
        stands = ink.max() > 120 and ink.argmax() < len(ink) / 4
        words = ["12.34", "слово"] * 20 if stands else ["~"] * 40
        sure = 90.0 if stands else 30.0
        return Look("", (" ".join(words),), tuple(Word(word, 0, 0, 9, 9, sure) for word in words), sure)

    def orientation(self, image: Image.Image) -> int:
        raise AssertionError("its guess is not worth its time")


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_every_way_is_found(turn: int) -> None:
    stood = upright(RECEIPT.rotate(turn, expand=True), TellsUp())
    assert (stood.turned + turn) % 360 == 0
    assert stood.image.size == RECEIPT.size
    assert stood.look.confidence == 90.0


def test_what_makes_sense_as_it_stands_is_not_turned() -> None:
    class ReadsAll(TellsUp):
        def read(self, image: Image.Image, languages: Sequence[str]) -> Look:
            self.reads += 1
            return Look("", (), tuple(Word("12.34", 0, 0, 9, 9, 90.0) for _ in range(20)), 90.0)

    engine = ReadsAll()
    assert upright(draw(make("ua", 7)), engine).turned == 0
    assert engine.reads == 2  # a band of it, and all of it


def test_rows_of_print_tell_what_lies_on_its_side() -> None:
    for layout in ("ua", "ru", "de", "my"):
        for seed in (1, 2):
            picture = draw(make(layout, seed))
            assert not lies_on_its_side(picture)
            assert lies_on_its_side(picture.rotate(90, expand=True))


def test_an_empty_picture_is_read_as_it_is() -> None:
    class SeesNothing(TellsUp):
        def read(self, image: Image.Image, languages: Sequence[str]) -> Look:
            return Look("", (), (), 0.0)

    assert upright(Image.new("L", (300, 500), 200), SeesNothing()).look.words == ()
