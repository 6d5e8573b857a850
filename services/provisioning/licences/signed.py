"""Signed licence keys, as text: `lic_` and Base64 (RFC 4648, section 5: the alphabet for URLs, without padding) of

    1 byte    version, 1
    8 bytes   id of the licence       \
    8 bytes   end, Unix seconds        | unsigned, the highest byte first
    4 bytes   generation              /
    n bytes   plan, ASCII, 1 to 31
    64 bytes  Ed25519 signature (RFC 8032) of all bytes before it

A licence keeps its id for ever; it is prolonged by a key with a later end, and of its generations only the newest
counts."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.platform.errors import Misconfigured

PREFIX = "lic_"
VERSION = 1
HEAD = struct.Struct(">BQQI")
SIGNATURE = 64
LONGEST_PLAN = 31
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SignedLicence:
    """What a signed key says. `ends_at` is aware, in whole seconds."""

    id: int
    plan: str
    ends_at: datetime
    generation: int


@dataclass(frozen=True, slots=True)
class Signer:
    """The installation's signing keys, 32 bytes each: the first signs, all of them verify. There may be none."""

    keys: Sequence[bytes] = field(default=(), repr=False)

    @classmethod
    def of(cls, written: Sequence[str]) -> Signer:
        """Of keys in Base64, as in the settings."""
        return cls(tuple(base64.b64decode(key) for key in written))

    def write(self, licence: SignedLicence) -> str:
        """The key as text; the same licence gives the same key. Raises Misconfigured without a signing key."""
        if not self.keys:
            raise Misconfigured("signed licences are sold, and LICENCE_SIGNING_KEY is not set")
        seconds = (licence.ends_at - EPOCH) // timedelta(seconds=1)
        said = HEAD.pack(VERSION, licence.id, seconds, licence.generation) + licence.plan.encode("ascii")
        signature = Ed25519PrivateKey.from_private_bytes(self.keys[0]).sign(said)
        return PREFIX + _encode(said + signature)

    def read(self, text: str) -> SignedLicence | None:
        """None for everything that none of these keys has signed, to the letter."""
        whole = _decode(text)
        if whole is None or not HEAD.size < len(whole) - SIGNATURE <= HEAD.size + LONGEST_PLAN:
            return None
        said, signature = whole[:-SIGNATURE], whole[-SIGNATURE:]
        version, number, seconds, generation = HEAD.unpack(said[: HEAD.size])
        if version != VERSION or not any(_has_signed(key, signature, said) for key in self.public_keys()):
            return None
        ends_at = EPOCH + timedelta(seconds=seconds)
        return SignedLicence(number, said[HEAD.size :].decode("ascii"), ends_at, generation)

    def public_keys(self) -> list[bytes]:
        """32 bytes each, the one in use first."""
        private = [Ed25519PrivateKey.from_private_bytes(key) for key in self.keys]
        return [one.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for one in private]


def make_signing_key() -> str:
    """A new one, in Base64."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _has_signed(key: bytes, signature: bytes, said: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, said)
    except InvalidSignature:
        return False
    return True


def _encode(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


def _decode(text: str) -> bytes | None:
    """One text for each key: spare bits and foreign characters, which Base64 decoders let pass, do not."""
    if not text.startswith(PREFIX) or not text.isascii():
        return None
    written = text.removeprefix(PREFIX)
    try:
        whole = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except (binascii.Error, ValueError):
        return None
    return whole if _encode(whole) == written else None
