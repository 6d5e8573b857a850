"""What a tariff delivers. A good is a name for one thing of one kind: these servers, that channel, that pool of keys.
Tariffs name goods; how a good is delivered may be mended at any time, for everybody who has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base
from services.platform.i18n import LANGUAGES

LONGEST_TEXT = 3000  # characters: with what stands around it, one message


class GoodRow(Base):
    """`title` is by language. `options` are those of its kind (OPTIONS)."""

    __tablename__ = "goods"
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Good:
    name: str
    kind: str
    title: Mapping[str, str]
    options: Mapping[str, Any]


def _word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_word(word) for word in value)


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


# By kind: what its options may be, and how each is checked. A kind without a required option needs no [[good]]: its
# own name in a tariff's `access` is enough.
OPTIONS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "wireguard": {},
    "text": {"text": _texts},
    "link": {"url": _secure_url},
    "file": {"file": _word, "file_name": _file_name},
    "manual": {"hours": _hours, "take_back": _flag},
    "callout": {"url": _callout_url, "text": _texts, "send_telegram_id": _flag},
}
REQUIRED: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "link": frozenset({"url"}),
    "file": frozenset({"file", "file_name"}),
    "callout": frozenset({"url"}),
}


def good(tx: Session, name: str) -> Good:
    """A good by its name. A name that no [[good]] has is a kind's own."""
    row = tx.get(GoodRow, name)
    return Good(row.name, row.kind, row.title, row.options) if row else Good(name, name, {}, {})


def goods(tx: Session) -> list[Good]:
    """Those of the catalogue, by name; kinds named by themselves are not among them."""
    return [Good(row.name, row.kind, row.title, row.options) for row in tx.scalars(select(GoodRow).order_by("name"))]


def store(tx: Session, values: Mapping[str, Any], now: datetime) -> None:
    """Adds a good or mends the one of this name."""
    row = insert(GoodRow).values(**values, updated_at=now)
    changed = {name: row.excluded[name] for name in ("title", "options", "updated_at")}
    tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=changed))
