"""One form for texts that look alike: what a machine reads from paper against what an operator writes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Cyrillic letters and digits that printers and readers do not tell apart, each as one sign of its group. L is here for
# its small form: "1", "I" and "l" are one stroke.
_SAME = str.maketrans(
    {
        **dict(zip("АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS", strict=True)),
        **dict.fromkeys("0О", "O"),
        **dict.fromkeys("З", "3"),
        **dict.fromkeys("1L|", "I"),
        "Ґ": "Г",
        "Є": "E",
        "Ъ": "Ь",
    }
)
_NO_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Capital letters and digits with single spaces between words; what looks alike is the same. Folding again changes
    nothing."""
    plain = unicodedata.normalize("NFKC", text).upper()
    # Marks above letters are dust to a reader: Й is И, Ї is І, Ё is Е.
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return _NO_WORD.sub(" ", bare.upper().translate(_SAME)).strip()


@dataclass(frozen=True, slots=True)
class Folded:
    """A text, ready to be compared with many: its words, the same without spaces, and how many letters it has."""

    words: str
    compact: str
    letters: int

    @classmethod
    def of(cls, text: str) -> Folded:
        words = fold(text)
        return cls(words, words.replace(" ", ""), sum(sign.isalpha() for sign in words))
