"""Drawn receipts through the engine itself: picture in, facts out. A few: each costs a second or more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from PIL import Image

from services.receipts.ocr.languages import find_languages
from tests.drawn_receipts import FONT, cut, draw, noisy, saved, shaded, turned
from tests.printed_receipts import Truth, make

pytestmark = [
    pytest.mark.skipif(FONT is None, reason="no font with Cyrillic letters: apt-get install fonts-dejavu-core"),
    pytest.mark.skipif(find_languages(None).path is None, reason="no language files for the engine"),
]
TODAY = date(2027, 1, 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[object]:
    from services.receipts.ocr.tesseract import Tesseract

    return Tesseract(find_languages(None))


def short(layout: str, *, things: int = 2) -> Truth:
    """The first with so few lines: less to read."""
    return next(one for one in (make(layout, seed) for seed in range(100)) if len(one.bought) == things)


PICTURES: dict[str, tuple[Truth, Callable[[Image.Image], Image.Image]]] = {
    "from Ukraine, askew and in the shade": (short("ua"), lambda picture: shaded(turned(picture, 4), 0.5)),
    "from Russia, grainy": (short("ru"), lambda picture: noisy(picture, 15)),
}


@pytest.mark.parametrize(("truth", "harm"), PICTURES.values(), ids=PICTURES)
def test_print_is_read(truth: Truth, harm: Callable[[Image.Image], Image.Image], engine: object) -> None:
    from services.receipts.ocr.read import read

    reading = read(saved(harm(draw(truth))), engine, TODAY)  # type: ignore[arg-type]
    assert (reading.total, reading.date) == (truth.total, truth.date)
    assert Counter(line.sum for line in reading.lines) == Counter(one.sum for one in truth.bought)
    assert reading.fiscal_number == truth.register
    assert reading.tier == "C"


def test_a_code_and_print_together(engine: object) -> None:
    from services.receipts.ocr.read import read

    truth = short("ua_soft", things=1)
    reading = read(saved(draw(truth, code=True)), engine, TODAY)  # type: ignore[arg-type]
    assert (reading.tier, reading.source) == ("B", "both")
    assert (reading.total, reading.date) == (truth.total, truth.date)
    assert reading.code is not None
    assert reading.code.number == truth.register


def test_what_is_cut_off_is_not_guessed(engine: object) -> None:
    """Without its lower half there is no total, and nothing is paid."""
    from services.receipts.ocr.read import read

    truth = short("ru", things=1)
    reading = read(saved(cut(draw(truth), 0.72)), engine, TODAY)  # type: ignore[arg-type]
    assert reading.tier == "D"
