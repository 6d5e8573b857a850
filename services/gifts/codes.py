"""The code of a gift: whoever has it may claim the gift."""

from __future__ import annotations

import secrets

from services.platform.crypto import Cipher

PREFIX = "gift_"
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without letters and digits that look alike
LENGTH = 16  # 80 bits: nobody finds one by trying
WRITTEN = frozenset(ALPHABET)
INDEX_PLACE = "gifts.code_index"


def make() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def read(typed: str) -> str | None:
    """A code as somebody typed or pasted it: small letters, spaces, dashes and the link's prefix do no harm. None when
    it cannot be one."""
    words = typed.strip()
    if words.lower().startswith(PREFIX):
        words = words[len(PREFIX) :]
    plain = "".join(c for c in words.upper() if c not in "- ")
    return plain if len(plain) == LENGTH and set(plain) <= WRITTEN else None


def shown(code: str) -> str:
    """For people: in groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, LENGTH, 4))


def start_parameter(code: str) -> str:
    return PREFIX + code


def indexes(cipher: Cipher, code: str) -> list[str]:
    """By which it is found; the first is the one to store."""
    return cipher.blind_indexes(code.encode(), INDEX_PLACE)


def place(invoice_id: int) -> str:
    return f"gifts.code_sealed:{invoice_id}"
