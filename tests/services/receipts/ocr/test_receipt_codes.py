"""Codes on pictures: all of them, at any size and any turn."""

from __future__ import annotations

import io

import segno
from PIL import Image

from services.receipts.ocr.codes import fiscal_codes, read_codes
from tests.drawn_receipts import blurred, code_of, draw, noisy, turned
from tests.printed_receipts import make

OTHER = "https://example.com/feedback"


def square(text: str, scale: int = 4) -> Image.Image:
    kept = io.BytesIO()
    segno.make(text, error="m").save(kept, kind="png", scale=scale, border=4)
    return Image.open(kept).convert("L")


def test_a_code_on_a_receipt_however_it_lies() -> None:
    truth = make("ru", 5)
    picture = draw(truth, code=True)
    for seen in (picture, turned(picture, 90), blurred(turned(picture, 7), 1.5), noisy(picture, 30)):
        assert [code.total for code in fiscal_codes(read_codes(seen))] == [truth.total]


def test_every_code_is_found_and_the_same_one_counts_once() -> None:
    texts = [str(code_of(make("ua", seed))) for seed in (1, 2)]
    page = Image.new("L", (1400, 700), 255)
    for number, text in enumerate([texts[0], texts[1], texts[0], OTHER]):
        page.paste(square(text), (20 + 340 * number, 60))
    assert {*read_codes(page)} == {*texts, OTHER}
    assert len(fiscal_codes(read_codes(page))) == 2


def test_no_code_is_no_code() -> None:
    assert read_codes(draw(make("ua", 1))) == []
    assert fiscal_codes([OTHER]) == []
