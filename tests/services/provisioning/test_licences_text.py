"""The text form of signed keys: what was written is read, and nothing else is."""

from __future__ import annotations

import base64
import string
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st

from services.platform.errors import Misconfigured
from services.provisioning.licences import SignedLicence, Signer, make_signing_key
from tests.stock import SIGNING_KEY

OURS = Signer.of([SIGNING_KEY])
LICENCE = SignedLicence(7, "pro", datetime(2026, 12, 21, 12, 0, tzinfo=UTC), 2)
# By the description in docs/access/licences.md, with the signing key of the bytes 0 to 31: it may not change.
WRITTEN = (
    "lic_AQAAAAAAAAAHAAAAAGspFMAAAAACcHJvG_xGCRFBL5vmAwlfeBe912nlIERPlh"
    "V_vQMSOLWOIc9RgcGLUiYwn7A1OMpaT0OpdM19_KCkCThwWxLQNdHdBw"
)
words = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)
moments = st.integers(0, 253_402_214_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # to the year 9999
licences = st.builds(
    SignedLicence,
    id=st.integers(1, 2**63 - 1),
    plan=words,
    ends_at=moments,
    generation=st.integers(0, 2**32 - 1),
)


@given(licences)
def test_what_was_written_is_read(licence: SignedLicence) -> None:
    text = OURS.write(licence)
    assert OURS.read(text) == licence
    assert OURS.write(licence) == text
    assert len(text) <= 160


@given(licences, st.data())
def test_another_letter_anywhere_is_another_key(licence: SignedLicence, data: st.DataObject) -> None:
    """Also in the last one, where Base64 has bits to spare."""
    text = OURS.write(licence)
    at = data.draw(st.integers(0, len(text) - 1))
    letters = string.ascii_letters + string.digits + "-_+/= \n"
    letter = data.draw(st.sampled_from(letters.replace(text[at], "")))
    assert OURS.read(text[:at] + letter + text[at + 1 :]) is None


def test_one_key_has_one_text() -> None:
    """What decoders of Base64 let pass: bits to spare in the last letter, padding, characters between."""
    text = OURS.write(LICENCE)
    assert OURS.read(text) == LICENCE
    letters = string.ascii_letters + string.digits + "-_"
    others = [text[:-1] + letter for letter in letters.replace(text[-1], "")]
    others += [text[:40] + between + text[40:] for between in (" ", "\n", "=", "!", "====")]
    others += [text + "=", text + "==", text.replace("-", "+").replace("_", "/")]
    assert [OURS.read(other) for other in others if other != text] == [None] * len(others)


@given(licences, st.integers(0, 159))
def test_a_cut_key_is_none(licence: SignedLicence, at: int) -> None:
    text = OURS.write(licence)
    assert OURS.read(text[: min(at, len(text) - 1)]) is None
    assert OURS.read(text + "A") is None


@given(st.text() | st.text(string.ascii_letters + string.digits + "-_").map("lic_".__add__))
@example("")
@example("lic_")
@example("lic_" + "A" * 128)
@example("lic_" + "A" * 100_000)
@example("lic_ы" + "A" * 127)
@example("lic_\ud800")
def test_anything_else_is_none_and_harmless(text: str) -> None:
    assert OURS.read(text) is None


@given(licences)
def test_another_installations_keys_are_none(licence: SignedLicence) -> None:
    assert OURS.read(Signer.of([make_signing_key()]).write(licence)) is None
    assert Signer().read(OURS.write(licence)) is None


def test_earlier_keys_verify_and_do_not_sign() -> None:
    new = make_signing_key()
    both = Signer.of([new, SIGNING_KEY])
    assert both.read(OURS.write(LICENCE)) == LICENCE
    assert OURS.read(both.write(LICENCE)) is None
    assert Signer.of([new]).read(both.write(LICENCE)) == LICENCE


def test_another_version_is_not_understood() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    whole = base64.urlsafe_b64decode(OURS.write(LICENCE).removeprefix("lic_") + "==")
    said = b"\x02" + whole[1:-64]
    later = "lic_" + base64.urlsafe_b64encode(said + key.sign(said)).decode().rstrip("=")
    assert OURS.read(later) is None


def test_the_format_is_the_one_that_is_documented() -> None:
    """Read by hand, as whoever checks keys without asking does."""
    text = OURS.write(LICENCE)
    assert text == WRITTEN
    whole = base64.urlsafe_b64decode(text.removeprefix("lic_") + "=" * (-len(text.removeprefix("lic_")) % 4))
    said, signature = whole[:-64], whole[-64:]
    Ed25519PublicKey.from_public_bytes(OURS.public_keys()[0]).verify(signature, said)
    assert said[0] == 1
    assert int.from_bytes(said[1:9]) == 7
    assert datetime.fromtimestamp(int.from_bytes(said[9:17]), UTC) == LICENCE.ends_at
    assert int.from_bytes(said[17:21]) == 2
    assert said[21:] == b"pro"


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(Misconfigured, match="LICENCE_SIGNING_KEY"):
        Signer().write(LICENCE)


def test_a_signer_shows_no_key() -> None:
    assert "\\x01" not in repr(OURS)
    assert len(base64.b64decode(make_signing_key())) == 32
