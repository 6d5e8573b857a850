"""Letters as engines confuse them, and numbers as they spoil them."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz

# Cyrillic letters that look like Latin ones, and digits that look like letters.
ALIKE = str.maketrans(
    {
        **dict(zip("АВЕЄЁКМНОРСТУХІЇЙ", "ABEEEKMHOPCTYXIIИ", strict=True)),
        **dict(zip("01358|", "OIЗSBI", strict=True)),
    }
)
DIGITS = str.maketrans(dict(zip("OОоoQDlI|іІSsБBЗз", "00000011111556833", strict=True)))
NUMBER = re.compile(r"(?<![^\W\d_])[0-9OОoоlI|іІSБBЗз]{1,7}(?:\s?[.,]\s?[0-9OОoоlI|SБBЗз]{2,3})+(?![^\W\d_])")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Upper case, look-alikes as one letter, everything else than letters and digits as a space."""
    return re.sub(r"[\W_]+", " ", text.upper().translate(ALIKE)).strip()


def mend_numbers(line: str) -> str:
    """Letters within what must be an amount become the digits that they look like."""

    def mend(match: re.Match[str]) -> str:
        found = match[0]
        digits = sum(char in "0123456789" for char in found)
        return found.translate(DIGITS) if 2 * digits >= len(re.sub(r"[\s.,]", "", found)) else found

    return NUMBER.sub(mend, line)


@lru_cache(maxsize=16384)
def says(folded: str, words: tuple[str, ...], *, score: int = 84) -> bool:
    """Whether a folded line has one of these (folded) words or phrases, nearly: in order and at the bounds of words;
    short ones exactly."""
    padded = f" {folded} "
    for word in words:
        if f" {word} " in padded:
            return True
        if len(word) >= 5 and _near(folded, word, score):
            return True
    return False


def _near(folded: str, word: str, score: int) -> bool:
    count = word.count(" ") + 1
    tokens = folded.split()
    for start in range(len(tokens) - count + 1):
        part = " ".join(tokens[start : start + count])
        if abs(len(part) - len(word)) <= 2 and fuzz.ratio(part, word) >= score:
            return True
    return False


def letters(text: str) -> int:
    return len(re.findall(r"[^\W\d_]", text))
