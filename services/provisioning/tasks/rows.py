"""Rows of operators' tasks: finding, opening, closing them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.errors import Conflict, NotFound
from services.platform.outbox import emit
from services.provisioning.events import TaskOpened
from services.provisioning.models import AccessGrantRow
from services.provisioning.models_goods import TaskRow
from services.provisioning.provisioners.base import Grant

HOURS = 24  # where the good does not say how soon

__all__ = [
    "TaskClosed",
    "TaskNotFound",
    "TaskRow",
    "TaskTaken",
    "close",
    "given_by",
    "held_by",
    "open_task",
    "tasks_of",
]


class TaskNotFound(NotFound):
    code: ClassVar[str] = "task_not_found"


class TaskTaken(Conflict):
    """Another operator has it."""

    code: ClassVar[str] = "task_taken"


class TaskClosed(Conflict):
    """It is answered, declined, done, or nobody needs it any more."""

    code: ClassVar[str] = "task_closed"


def tasks_of(tx: Session, grant_id: int) -> list[TaskRow]:
    """Oldest first. The grant's row is locked before: its tasks are opened and closed one at a time."""
    tx.get_one(AccessGrantRow, grant_id, with_for_update=True)
    return list(tx.scalars(select(TaskRow).where(TaskRow.grant_id == grant_id).order_by(TaskRow.id)))


def given_by(tx: Session, grant_id: int) -> TaskRow | None:
    """The newest answer that was not taken back."""
    rows = tx.scalars(select(TaskRow).where(TaskRow.grant_id == grant_id).order_by(TaskRow.id.desc()))
    for row in rows:
        if row.kind == "take_back" and row.state == "done":
            return None
        if row.kind == "give" and row.state == "answered":
            return row
    return None


def open_task(tx: Session, grant: Grant, kind: str, now: datetime) -> TaskRow:
    """Operators and, of what is to be given, the buyer hear of it."""
    hours = int(grant.good.options.get("hours", HOURS))
    row = TaskRow(
        grant_id=grant.id,
        party=grant.party,
        good=grant.good.name,
        kind=kind,
        state="open",
        generation=grant.generation,
        usage_epoch=grant.usage_epoch,
        opened_at=now,
        due_at=now + timedelta(hours=hours),
    )
    tx.add(row)
    tx.flush()
    subscription_id = tx.get_one(AccessGrantRow, grant.id).subscription_id
    opened = TaskOpened(
        task_id=row.id,
        grant_id=grant.id,
        subscription_id=subscription_id,
        party=grant.party,
        kind=kind,
        hours=hours,
        again=grant.generation > 0,
    )
    emit(tx, opened, now)
    return row


def close(row: TaskRow, state: str, now: datetime) -> None:
    row.state, row.closed_at = state, now
    row.awaits = row.awaits_from = row.awaits_since = None


def held_by(tx: Session, task_id: int, operator: str, now: datetime) -> TaskRow:
    """Locked, after its grant, and this operator's from now on. Raises TaskNotFound, TaskClosed, TaskTaken."""
    grant_id = tx.scalar(select(TaskRow.grant_id).where(TaskRow.id == task_id))
    if grant_id is None:
        raise TaskNotFound(f"task {task_id}")
    tx.get_one(AccessGrantRow, grant_id, with_for_update=True)
    row = tx.get_one(TaskRow, task_id, with_for_update=True, populate_existing=True)
    if row.closed_at is not None:
        raise TaskClosed(f"task {task_id} is {row.state}")
    if row.operator not in (None, operator):
        raise TaskTaken(f"task {task_id} is with {row.operator}")
    if row.operator is None:
        row.state, row.operator, row.taken_at = "taken", operator, now
    return row
