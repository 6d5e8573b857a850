"""Sealed columns: AES-256-GCM with key ids, bound to the place they were sealed for.

A sealed value is 0x01 | key id (4 bytes) | nonce (12) | ciphertext and tag. The key id is derived from the secret,
so a rotation needs no bookkeeping: put the new secret into ENCRYPTION_SECRET, the earlier ones into
ENCRYPTION_SECRET_EARLIER. `place` (say "access_grants.sealed:42") is authenticated with the value: one that was
moved to another row or column does not open."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.platform.errors import Misconfigured

VERSION = b"\x01"


class Unreadable(Misconfigured):
    """No key of ours opens it: one is missing from ENCRYPTION_SECRET_EARLIER, or the value was moved or changed."""

    code = "unreadable_secret"


class Cipher:
    def __init__(self, secret: str, earlier: Sequence[str] = ()) -> None:
        keys = [_derive(one) for one in (secret, *earlier)]
        self._index_keys = [hmac.new(key, b"blind index", hashlib.sha256).digest() for key in keys]
        self._current = _key_id(keys[0])
        self._keys = {_key_id(key): AESGCM(key) for key in keys}

    def seal(self, plain: bytes, place: str) -> bytes:
        nonce = os.urandom(12)
        sealed = self._keys[self._current].encrypt(nonce, plain, place.encode())
        return VERSION + self._current + nonce + sealed

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises Unreadable."""
        version, key_id, nonce, body = sealed[:1], sealed[1:5], sealed[5:17], sealed[17:]
        if version != VERSION or key_id not in self._keys:
            raise Unreadable("sealed with a key that is not configured")
        try:
            return self._keys[key_id].decrypt(nonce, body, place.encode())
        except (InvalidTag, ValueError):  # ValueError: cut off within the nonce
            raise Unreadable("does not belong here, or was changed") from None

    def blind_indexes(self, plain: bytes, place: str) -> list[str]:
        """Keyed hashes (hex) by which a value is found that may not be kept: the current secret's, which is the one to
        store, then those of the earlier ones, which are still to be looked for."""
        return [hmac.new(key, place.encode() + b"\0" + plain, hashlib.sha256).hexdigest() for key in self._index_keys]

    def is_current(self, sealed: bytes) -> bool:
        return sealed[:5] == VERSION + self._current


def _derive(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"kiosk sealed columns").derive(secret.encode())


def _key_id(key: bytes) -> bytes:
    return hmac.new(key, b"key id", hashlib.sha256).digest()[:4]
