"""A whole reading, with a real engine where this machine has its languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from PIL import Image

from services.receipts.ocr.base import Look
from services.receipts.ocr.languages import find_languages
from services.receipts.ocr.read import read
from services.receipts.ocr.tesseract import Tesseract
from tests.drawn_receipts import FONT, code_of, draw, saved, shaded, turned
from tests.printed_receipts import make, printed

TODAY = date(2027, 1, 1)
LANGUAGES = find_languages()
pytestmark = pytest.mark.skipif(FONT is None, reason="no font with Cyrillic letters to draw receipts with")
needs_engine = pytest.mark.skipif(
    bool(LANGUAGES.missing), reason="Tesseract's ukr, rus and eng are not on this machine (apt: tesseract-ocr-ukr ...)"
)


class Prints:
    """Reads exactly what it is told is printed, and counts how often."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines, self.asked = tuple(line for line in lines if line.strip()), 0

    def read(self, image: Image.Image, languages: Sequence[str]) -> Look:
        self.asked += 1
        return Look("", self.lines, (), 90.0)

    def orientation(self, image: Image.Image) -> int:
        return 0


@needs_engine
def test_a_photo_that_lies_on_its_side_in_bad_light() -> None:
    truth = make("ua", 5)
    assert LANGUAGES.path
    reading = read(saved(turned(shaded(draw(truth), 0.4), 93)), Tesseract(LANGUAGES), TODAY)
    assert (reading.total, reading.date) == (truth.total, truth.date)
    assert reading.passes >= 2
    printed_sums = {line.sum for line in truth.bought}
    assert len(printed_sums & {line.sum for line in reading.lines}) >= 0.75 * len(printed_sums)
    assert {"open", "codes", "upright", "print", "all", "work"} <= reading.seconds.keys()


def test_a_code_that_the_print_agrees_with_needs_few_looks() -> None:
    truth = make("ru", 5)
    engine = Prints(printed(truth))
    reading = read(saved(draw(truth, code=True)), engine, TODAY)
    assert (reading.tier, reading.total, reading.date) == ("B", truth.total, truth.date)
    assert reading.fiscal_key
    assert reading.passes < 4


def test_two_codes_are_two_receipts() -> None:
    one, other = make("ua", 1), make("ua", 2)
    page = Image.new("L", (2000, 1600), 90)
    for number, truth in enumerate((one, other)):
        page.paste(draw(truth, code=True).resize((900, 1500)), (50 + 950 * number, 50))
    assert code_of(one) != code_of(other)
    reading = read(saved(page, 95), Prints(printed(one)), TODAY)
    assert reading.tier == "D"
    assert "several_receipts" in reading.reasons


def test_without_an_engine_a_code_is_kept_for_a_person() -> None:
    truth = make("ua", 5)
    reading = read(saved(draw(truth, code=True)), None, TODAY)
    assert (reading.tier, reading.total) == ("D", truth.total)
    assert "no_engine" in reading.reasons
    assert reading.passes == 0


def test_it_ends_after_four_looks_that_say_nothing() -> None:
    engine = Prints(["nothing"])
    reading = read(saved(draw(make("de", 1))), engine, TODAY)
    assert reading.tier == "D"
    assert reading.passes <= 4
