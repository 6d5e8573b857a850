"""Carrying out one delivery of an event to a reaction."""

from __future__ import annotations

import structlog

from services.kit import Kit
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.errors import TryLater
from services.reaction import Reaction
from services.reactions import BY_NAME

log = structlog.get_logger(__name__)


def react(kit: Kit, event_id: int, name: str) -> None:
    """Carries out one delivery. Never raises for what the reaction does: a failure is noted at the delivery, which
    comes again later."""
    reaction = BY_NAME.get(name)
    if reaction is None:
        log.error("unknown_reaction", reaction=name)  # a newer release knows it; the delivery comes again
        return
    try:
        _carry_out(kit, reaction, event_id)
    except TryLater as wait:
        if wait.after is None:
            log.warning("reaction_postponed", error=str(wait))
        _postpone(kit, event_id, name, error=None if wait.after is not None else str(wait), after=wait.after)
    except Exception as error:
        log.exception("reaction_failed")
        _postpone(kit, event_id, name, error=f"{type(error).__name__}: {error}", after=None)


def _carry_out(kit: Kit, reaction: Reaction, event_id: int) -> None:
    with kit.db.begin() as tx:
        stored = outbox.read(tx, event_id, reaction.name)
        if stored is None:
            return  # done already, by another delivery of it
        event = reaction.event.from_json(stored[1])
        if reaction.inside and outbox.finish(tx, event_id, reaction.name, wall_clock()):
            reaction.inside(kit, tx, event, kit.clock.now())
    if reaction.outside:
        reaction.outside(kit, event, kit.clock.now())
        with kit.db.begin() as tx:
            outbox.finish(tx, event_id, reaction.name, wall_clock())


def _postpone(kit: Kit, event_id: int, name: str, *, error: str | None, after: float | None) -> None:
    with kit.db.begin() as tx:
        outbox.postpone(tx, event_id, name, wall_clock(), error=error, after=after)
