"""What a tariff delivers. A good is a name for one thing of one kind: these servers, that channel, that pool of keys.
Tariffs name goods; how a good is delivered may be mended at any time, for everybody who has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base

WORD = re.compile(r"[a-z][a-z0-9-]{0,30}")


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


def is_word(value: object) -> bool:
    """As names of goods and tariffs are written."""
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def _yes(value: object) -> bool:
    return value is True


def _chat(value: object) -> bool:
    """The id of a channel or supergroup (Telegram Bot API): -100 and what follows."""
    return type(value) is int and str(value).startswith("-100") and 10**12 < -value < 10**15


# By kind: what its options may be, and how each is checked. A kind without an option that must be given needs no
# [[good]]: its own name in a tariff's `access` is enough.
OPTIONS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "channel": {"chat": _chat},
    "licence": {"pool": is_word, "signed": _yes, "plan": is_word},
    "remnawave": {"squads": _words, "panel": _word},
    "wireguard": {"servers": _words},
}
REQUIRED: Mapping[str, frozenset[str]] = {"channel": frozenset({"chat"})}
ONE_OF: Mapping[str, frozenset[str]] = {"licence": frozenset({"pool", "signed"})}  # exactly one of these


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
