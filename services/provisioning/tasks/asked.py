"""What an operator is being asked to write in the chat. Kept with the task, so that any worker can read the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.provisioning.models_goods import TaskRow
from services.provisioning.tasks.rows import held_by

OPEN_FOR = timedelta(hours=1)
Asked = Literal["text", "link", "key", "reason"]


@dataclass(frozen=True, slots=True)
class Question:
    task_id: int
    what: Asked


def ask_operator(tx: Session, task_id: int, what: Asked, telegram_id: int, now: datetime) -> None:
    """Their next words are the answer; an earlier question is forgotten. Raises as take_task."""
    forget_asked(tx, telegram_id)
    row = held_by(tx, task_id, f"operator:{telegram_id}", now)
    row.awaits, row.awaits_from, row.awaits_since = what, telegram_id, now


def asked_of(tx: Session, telegram_id: int, now: datetime) -> Question | None:
    """The question that waits for this operator's words; an old one does not any more."""
    asked = TaskRow.awaits_from == telegram_id, TaskRow.awaits_since > now - OPEN_FOR, TaskRow.closed_at.is_(None)
    row = tx.scalar(select(TaskRow).where(*asked))
    return Question(row.id, cast(Asked, row.awaits)) if row is not None else None


def forget_asked(tx: Session, telegram_id: int) -> None:
    nothing = {"awaits": None, "awaits_from": None, "awaits_since": None}
    tx.execute(update(TaskRow).where(TaskRow.awaits_from == telegram_id).values(**nothing))
