"""What a tariff delivers. A good is a name for one thing of one kind: these servers, that channel, that pool of keys.
Tariffs name goods; how a good is delivered may be mended at any time, for everybody who has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base


class GoodRow(Base):
    """`title` is by language. `options` are those of its kind (good_options.OPTIONS)."""

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
