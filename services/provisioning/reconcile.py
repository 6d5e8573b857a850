"""Holding what the other sides have against what was paid. Our database has the last word on ends, limits and plans,
the other side on usage only. What nobody answered for is left alone, and so is all that is not ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from services.platform.clock import wall_clock
from services.platform.db import Database
from services.platform.errors import KioskError, Misconfigured
from services.platform.outbox import emit
from services.provisioning import repairs, troubles
from services.provisioning.compare import What, difference
from services.provisioning.events import ChecksDue, ServerCheckDue
from services.provisioning.grants import read_all
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant, Held, Provisioner, Provisioners, Ref

FRESH = timedelta(minutes=5)  # looked at so lately, it is not looked at again
RARELY = timedelta(days=1)  # kinds without places keep all in our own tables, or far away
AT_ONCE = 200  # answers stored in one transaction
MOST_REPAIRS = 500  # in one run: buyers wait in the same queue

Asked = tuple[Grant, Ref, str, str | None]  # with its state and key when it was last applied

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Looked:
    """How many were looked at, found different and ordered to be repaired; `held_back` are gone, and wait for an
    operator's word."""

    seen: int = 0
    repaired: int = 0
    held_back: int = 0


def schedule_checks(tx: Session, now: datetime) -> int:
    emit(tx, ChecksDue(), now)
    return 1


def plan_checks(tx: Session, now: datetime, provisioners: Provisioners) -> None:
    """One check for each place, so that a slow one delays nobody else; of kinds without places when somebody's turn
    has come."""
    for kind, provisioner in provisioners.items():
        places = provisioner.places(tx)
        troubles.forget_others(tx, kind, places or ("",))
        for place in places:
            emit(tx, ServerCheckDue(kind=kind, server=place), now)
        if not places and tx.scalar(select(exists().where(*_due(kind, "", now - RARELY)))):
            emit(tx, ServerCheckDue(kind=kind, server=""), now)


def reconcile(db: Database, event: ServerCheckDue, now: datetime, provisioners: Provisioners) -> None:
    """Looks at one place and at what it has. A place that does not answer is a trouble that operators hear of, not a
    failure: the next check is on its way already."""
    provisioner = provisioners.get(event.kind)
    if provisioner is None:
        return
    try:
        if event.server:
            provisioner.repair(db, event.server, now)  # first: what it lost may be all that ails it
            health = provisioner.check(event.server)
            with db.begin() as tx:
                troubles.note_health(tx, event.kind, event.server, health, now)
        look_at_place(db, provisioner, event.server, now)
        with db.begin() as tx:
            troubles.note_over(tx, event.kind, event.server, troubles.SILENCE, now)
    except KioskError as error:
        log.warning("place_not_looked_at", kind=event.kind, place=event.server, error=str(error))
        if provisioner.tells_of_rights and isinstance(error, Misconfigured):
            return
        with db.begin() as tx:
            troubles.note_error(tx, event.kind, event.server, error, now)


def look_at_place(
    db: Database, provisioner: Provisioner, place: str, now: datetime, *, even_all: bool = False
) -> Looked:
    """Compares one page of what is to be at this place, longest not looked at first. `even_all`: an operator wants back
    whatever is gone, however much, and now. Raises as the provisioner's `survey`."""
    kind = provisioner.kind
    rest = timedelta(microseconds=1) if even_all else FRESH if place else RARELY
    with db.begin() as tx:
        turn = _due(kind, place, now - rest, even_gone=even_all)
        due = select(AccessGrantRow).where(*turn)
        oldest = due.order_by(AccessGrantRow.checked_at.asc().nulls_first(), AccessGrantRow.id)
        rows = tx.scalars(oldest.limit(provisioner.survey_size)).all()
        grants = read_all(tx, rows)
        asked = {row.id: (grants[row.id], row.ref, row.held, row.credentials) for row in rows}
    looked, gone = Looked(), dict[int, Held]()
    pairs = [(grant, ref) for grant, ref, _, _ in asked.values()]
    answers = provisioner.survey(db, place, pairs, now) if pairs else iter(())
    while page := list(islice(answers, AT_ONCE)):
        with db.begin() as tx:
            gone |= _note(tx, asked, page, looked, now)
    with db.begin() as tx:
        _make_again(tx, kind, place, asked, gone, looked, now, even_all=even_all)
    return looked


def _due(kind: str, place: str, before: datetime, *, even_gone: bool = False) -> Sequence[ColumnElement[bool]]:
    """What is wanted or held at a place, and as we want it as far as we know. `even_gone`: those that wait for an
    operator's word, however lately they were looked at."""
    row = AccessGrantRow
    return [
        row.kind == kind,
        *([row.place == place] if place else []),
        or_(row.wanted != "ended", row.held != "absent"),
        row.applied_revision >= row.revision,
        row.applied_revision > 0,
        row.failing_since.is_(None),
        row.sold_out_at.is_(None),
        or_(row.claimed_until.is_(None), row.claimed_until < wall_clock()),
        or_(row.checked_at.is_(None), row.checked_at <= before, *([row.gone_at.is_not(None)] if even_gone else [])),
    ]


def _note(
    tx: Session, asked: Mapping[int, Asked], page: Sequence[tuple[int, Held]], looked: Looked, now: datetime
) -> dict[int, Held]:
    """Stores what was answered and orders repairs. Returns what is gone: whether that is made again is decided when
    all have been looked at."""
    gone: dict[int, Held] = {}
    rows = repairs.still_as_asked(tx, [asked[grant_id][0] for grant_id, _ in page])
    for grant_id, held, what in _compared(asked, page, now):
        looked.seen += 1
        if what == "absent":
            gone[grant_id] = held
            continue
        if what is not None and looked.repaired >= MOST_REPAIRS:
            continue  # its turn comes with the next check
        row = rows.get(grant_id)
        if row is None:
            continue
        if what is None:
            repairs.note_same(row, held, now)
        else:
            looked.repaired += repairs.repair(tx, row, asked[grant_id][0], held, what, now)
    return gone


def _compared(
    asked: Mapping[int, Asked], page: Sequence[tuple[int, Held]], now: datetime
) -> Iterator[tuple[int, Held, What | None]]:
    """In the order of their ids, in which everybody locks."""
    for grant_id, held in sorted(page, key=lambda answer: answer[0]):
        grant, _, before, credentials = asked[grant_id]
        yield grant_id, held, difference(grant, held, before, credentials, now)


def _make_again(
    tx: Session,
    kind: str,
    place: str,
    asked: Mapping[int, Asked],
    gone: Mapping[int, Held],
    looked: Looked,
    now: datetime,
    *,
    even_all: bool,
) -> None:
    lost = repairs.still_as_asked(tx, [asked[number][0] for number in gone])
    if not even_all and lost and not repairs.may_make_again(tx, kind, place, len(lost), looked.seen, now):
        repairs.hold_back(tx, list(lost.values()), kind, place, now)
        looked.held_back = len(lost)
    else:
        for number, row in lost.items():
            row.gone_at = None
            looked.repaired += repairs.repair(tx, row, asked[number][0], gone[number], "absent", now)
    repairs.release(tx, kind, place, now)
