"""Robokassa's signature: the hex hash of values joined by colons, a password among them. Letters may be of any case."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

from services.platform.errors import Misconfigured

HASHES = ("MD5", "SHA1", "RIPEMD160", "SHA256", "SHA384", "SHA512")  # as the cabinet names them


class Signer:
    """Signs with the hash that is set in the shop's cabinet. Raises Misconfigured for another one, and for one that
    the OpenSSL of this machine lacks (RIPEMD160 is a legacy there)."""

    def __init__(self, hash_name: str) -> None:
        self.hash_name = hash_name.upper()
        if self.hash_name not in HASHES:
            raise Misconfigured(f"Robokassa signs with one of {', '.join(HASHES)}")
        try:
            hashlib.new(self.hash_name.lower())
        except ValueError:
            raise Misconfigured(f"this machine has no {self.hash_name}: choose another hash in the cabinet") from None

    def sign(self, *values: str) -> str:
        return hashlib.new(self.hash_name.lower(), ":".join(values).encode()).hexdigest()

    def matches(self, given: str, *values: str) -> bool:
        return hmac.compare_digest(given.lower().encode(), self.sign(*values).encode())


def own_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """The shop's own fields, which Robokassa gives back: Shp_*, the prefix in any case."""
    return {name: value for name, value in fields.items() if name.lower().startswith("shp_")}


def signed(fields: Mapping[str, str]) -> Iterable[str]:
    """Such fields as a signature has them at its end: as they were sent, not url-encoded, in the order of the names."""
    return (f"{name}={value}" for name, value in sorted(own_fields(fields).items()))
