"""How a panel's users are known as ours, and how their links are made: both follow from ENCRYPTION_SECRET, so that a
repeated call does the same again, and nobody else can guess them. Earlier secrets still count."""

from __future__ import annotations

import re

from services.platform.crypto import Cipher
from services.provisioning.remnawave.answers import PanelUser


def username(key: str) -> str:
    """Of a grant's key; a panel takes three characters or more: "k7" is "k07" there."""
    return f"{key[:1]}{key[1:]:0>2}"


def key_of(name: str) -> str | None:
    """The grant's key of a username that may be ours."""
    return f"k{int(name[1:])}" if re.fullmatch(r"k(0[1-9]|[1-9][0-9]{1,17})", name) else None


class Marks:
    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        hashes = cipher.blind_indexes(b"users of this Kiosk", "remnawave.tag")
        # A panel takes 16 of A-Z, 0-9 and _. Another Kiosk on the same panel has another tag.
        self._tags = [f"KIOSK_{one[:10].upper()}" for one in hashes]

    @property
    def tag(self) -> str:
        return self._tags[0]

    def are_on(self, user: PanelUser) -> bool:
        return user.tag in self._tags

    def short_uuids(self, key: str, generation: int) -> list[str]:
        """The last part of the link of a grant's `generation`, 128 bits in 32 characters: the one to set, then those
        which earlier secrets would have set."""
        hashes = self._cipher.blind_indexes(f"{key}:{generation}".encode(), "remnawave.short_uuid")
        return [one[:32] for one in hashes]
