"""Pictures that look alike have like fingerprints, and other receipts have others."""

from __future__ import annotations

import io

from PIL import Image

from services.receipts.duplicates import LIKE_PICTURE, SAME_PICTURE
from services.receipts.ocr.fingerprint import fingerprint
from tests.drawn_receipts import draw
from tests.printed_receipts import make


def distance(one: str, other: str) -> int:
    """In bits, as the database counts them."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_saved_again_and_smaller_it_is_the_same() -> None:
    picture = draw(make("ua", 3))
    kept = io.BytesIO()
    picture.resize((picture.width * 6 // 10, picture.height * 6 // 10)).save(kept, "JPEG", quality=40)
    assert distance(fingerprint(picture), fingerprint(Image.open(kept))) <= SAME_PICTURE


def test_other_receipts_of_one_shop_look_otherwise() -> None:
    one, other = fingerprint(draw(make("ua", 3))), fingerprint(draw(make("ua", 4)))
    assert distance(one, other) > LIKE_PICTURE


def test_it_has_256_bits_of_which_half_are_set() -> None:
    found = fingerprint(draw(make("ru", 3)))
    assert len(found) == 64
    assert distance(found, "0" * 64) == 128


def test_distance_counts_bits() -> None:
    assert distance("0" * 64, "0" * 63 + "7") == 3
    assert distance("f" * 64, "0" * 64) == 256
