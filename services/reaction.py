"""What a reaction is: how one is written in services/reactions.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from services.kit import Kit
from services.platform import outbox
from services.platform.db import Database
from services.provisioning import Provisioners

E = TypeVar("E", bound=outbox.Event)


@dataclass(frozen=True, slots=True)
class Reaction:
    """`name` stands in stored deliveries: it may not change while some are open."""

    event: type[outbox.Event]
    name: str
    queue: str
    inside: Callable[[Kit, Session, Any, datetime], object] | None = None
    outside: Callable[[Kit, Any, datetime], object] | None = None


def inside(
    event: type[E], name: str, run: Callable[[Kit, Session, E, datetime], object], queue: str = "default"
) -> Reaction:
    return Reaction(event, name, queue, inside=run)


def plain(event: type[E], run: Callable[[Session, E, datetime], object]) -> Reaction:
    """An inside one that needs nothing of the kit, named after its service and function."""
    return inside(event, _named(run), lambda _, tx, event, now: run(tx, event, now))


def outside(event: type[E], name: str, queue: str, run: Callable[[Kit, E, datetime], object]) -> Reaction:
    return Reaction(event, name, queue, outside=run)


def for_operators(event: type[E], run: Callable[[Session, E, datetime, Sequence[int]], object]) -> Reaction:
    """An inside one that tells the operators, named as `plain` does."""
    return inside(event, _named(run), lambda kit, tx, event, now: run(tx, event, now, kit.settings.telegram_admin_ids))


def to_other_side(event: type[E], run: Callable[[Database, E, datetime, Provisioners], object]) -> Reaction:
    """An outside one that talks to whoever gives access, named as `plain` does."""
    return outside(event, _named(run), "access", lambda kit, event, now: run(kit.db, event, now, kit.provisioners))


def _named(run: Callable[..., object]) -> str:
    return f"{run.__module__.split('.')[1]}.{run.__name__}"
