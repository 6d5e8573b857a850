"""How each kind of good is described in the catalogue: its options, and what they may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from services.platform.i18n import LANGUAGES

LONGEST_TEXT = 3000  # characters: with what stands around it, one message

WORD = re.compile(r"[a-z][a-z0-9-]{0,30}")


def _word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_word(word) for word in value)


def is_word(value: object) -> bool:
    """As names of goods and tariffs are written."""
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def _yes(value: object) -> bool:
    return value is True


def _chat(value: object) -> bool:
    """The id of a channel or supergroup (Telegram Bot API): -100 and what follows."""
    return type(value) is int and str(value).startswith("-100") and 10**12 < -value < 10**15


def _texts(value: object) -> bool:
    """By language, as far as they fit into one message."""
    if not isinstance(value, dict) or not value or not set(value) <= set(LANGUAGES):
        return False
    return all(isinstance(text, str) and 0 < len(text) <= LONGEST_TEXT for text in value.values())


def _secure_url(value: object) -> bool:
    return _word(value) and _host(str(value), "https") is not None


def _callout_url(value: object) -> bool:
    """Without TLS only on this very machine, where the sandbox is."""
    return _secure_url(value) or (_word(value) and _host(str(value), "http") in ("127.0.0.1", "localhost"))


def _host(url: str, scheme: str) -> str | None:
    try:
        parts = urlsplit(url)
        if parts.scheme != scheme or "@" in parts.netloc or parts.port == 0 or not url.isprintable() or " " in url:
            return None
        return parts.hostname
    except ValueError:
        return None


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _hours(value: object) -> bool:
    return type(value) is int and 1 <= value <= 720


def _file_name(value: object) -> bool:
    return _word(value) and "/" not in str(value) and str(value).isprintable()


# By kind: what its options may be, and how each is checked. A kind without an option that must be given needs no
# [[good]]: its own name in a tariff's `access` is enough.
OPTIONS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "callout": {"url": _callout_url, "text": _texts, "send_telegram_id": _flag},
    "channel": {"chat": _chat},
    "file": {"file": _word, "file_name": _file_name},
    "licence": {"pool": is_word, "signed": _yes, "plan": is_word},
    "link": {"url": _secure_url},
    "manual": {"hours": _hours, "take_back": _flag},
    "remnawave": {"squads": _words, "panel": _word},
    "text": {"text": _texts},
    "wireguard": {"servers": _words},
}
REQUIRED: Mapping[str, frozenset[str]] = {
    "callout": frozenset({"url"}),
    "channel": frozenset({"chat"}),
    "file": frozenset({"file", "file_name"}),
    "link": frozenset({"url"}),
    "text": frozenset({"text"}),
}
ONE_OF: Mapping[str, frozenset[str]] = {"licence": frozenset({"pool", "signed"})}  # exactly one of these
