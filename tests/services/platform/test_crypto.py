from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.crypto import Cipher, Unreadable

PLACE = "access_grants.sealed:42"
CIPHER = Cipher("a secret of the house")


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_what_is_sealed_opens_at_its_place(plain: bytes, place: str) -> None:
    assert CIPHER.open(CIPHER.seal(plain, place), place) == plain


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert len({CIPHER.seal(b"key", PLACE) for _ in range(100)}) == 100


def test_a_rotation_reads_the_earlier_and_seals_with_the_new() -> None:
    old = CIPHER.seal(b"key", PLACE)
    rotated = Cipher("the next secret", ["a secret of the house"])
    new = rotated.seal(b"key", PLACE)
    assert rotated.open(old, PLACE) == rotated.open(new, PLACE) == b"key"
    assert not rotated.is_current(old)
    assert rotated.is_current(new)
    assert Cipher("the next secret").open(new, PLACE) == b"key", "the earlier one may be forgotten now"
    with pytest.raises(Unreadable):
        Cipher("the next secret").open(old, PLACE)


@pytest.mark.parametrize("place", ["access_grants.sealed:43", "access_grants.other:42", ""])
def test_a_moved_value_does_not_open(place: str) -> None:
    with pytest.raises(Unreadable):
        CIPHER.open(CIPHER.seal(b"key", PLACE), place)


def test_a_changed_value_does_not_open_and_ends_in_one_error() -> None:
    sealed = CIPHER.seal(b"key", PLACE)
    for at in range(len(sealed)):
        with pytest.raises(Unreadable):
            CIPHER.open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], PLACE)
        with pytest.raises(Unreadable):
            CIPHER.open(sealed[:at], PLACE)


def test_the_plain_value_is_not_inside() -> None:
    assert b"private key" not in CIPHER.seal(b"private key", PLACE)
