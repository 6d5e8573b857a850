"""What a reaction is: how one is written in services/reactions.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from services.kit import Kit
from services.platform import outbox

E = TypeVar("E", bound=outbox.Event)


@dataclass(frozen=True, slots=True)
class Reaction:
    """`name` stands in stored deliveries: it may not change while some are open."""

    event: type[outbox.Event]
    name: str
    queue: str
    inside: Callable[[Kit, Session, Any, datetime], object] | None = None
    outside: Callable[[Kit, Any, datetime], object] | None = None


def inside(event: type[E], name: str, run: Callable[[Kit, Session, E, datetime], object]) -> Reaction:
    return Reaction(event, name, "default", inside=run)


def plain(event: type[E], run: Callable[[Session, E, datetime], object]) -> Reaction:
    """An inside one that needs nothing of the kit, named after its service and function."""
    name = f"{run.__module__.split('.')[1]}.{run.__name__}"
    return inside(event, name, lambda _, tx, event, now: run(tx, event, now))


def outside(event: type[E], name: str, queue: str, run: Callable[[Kit, E, datetime], object]) -> Reaction:
    return Reaction(event, name, queue, outside=run)
