"""Tasks of operators: what a grant needs done by hand, and what they do about it. `operator` is who acts, as in the
audit log: "operator:<telegram id>" or "console:<name>"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal, cast
from urllib.parse import urlsplit

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services import billing, catalog
from services.identity import Party
from services.platform import audit
from services.platform.crypto import Cipher
from services.platform.errors import Invalid
from services.platform.outbox import emit
from services.provisioning.events import TaskDeclined, TaskOverdue
from services.provisioning.grants import touch
from services.provisioning.models import AccessGrantRow
from services.provisioning.models_goods import TaskRow
from services.provisioning.paid import paid_for
from services.provisioning.provisioners.base import Grant
from services.provisioning.tasks.rows import TaskNotFound, close, given_by, held_by, open_task, tasks_of

AnswerKind = Literal["text", "link", "key"]
LONGEST = {"text": 3000, "link": 2000, "key": 1000}  # characters
LONGEST_REASON = 300
REMIND_AGAIN = timedelta(hours=24)


class BadAnswer(Invalid):
    """Empty, too long, or not what it is called."""

    code: ClassVar[str] = "bad_answer"


@dataclass(frozen=True, slots=True)
class Task:
    """`kind`, `state`, `operator` and `reason` as in TaskRow. `answer` is what is written so far: secret."""

    id: int
    grant_id: int
    subscription_id: int
    party: Party
    good: catalog.Good
    kind: str
    state: str
    opened_at: datetime
    due_at: datetime
    operator: str | None = None
    reason: str | None = None
    answer: tuple[AnswerKind, str] | None = field(default=None, repr=False)


def follow(tx: Session, grant: Grant, now: datetime, *, is_over: bool = False) -> TaskRow | None:
    """Opens what the grant needs done and drops what it needs no more. Returns the answer in force."""
    rows = tasks_of(tx, grant.id)
    waiting, given = next((row for row in rows if row.closed_at is None), None), given_by(tx, grant.id)
    over = is_over or grant.state == "ended"
    if waiting is not None and waiting.kind == ("give" if over else "take_back") and (over or grant.state == "active"):
        close(waiting, "dropped", now)
        tx.flush()  # one is open at a time
        waiting = None
    if waiting is not None:
        waiting.generation, waiting.usage_epoch = grant.generation, grant.usage_epoch
    elif over:
        if given is not None and grant.good.options.get("take_back"):
            open_task(tx, grant, "take_back", now)
    elif grant.state == "active" and _is_wanting(rows, given, grant):
        open_task(tx, grant, "give", now)
    return given


def _is_wanting(rows: list[TaskRow], given: TaskRow | None, grant: Grant) -> bool:
    """Not where an operator has said no to this very wish; what is paid or asked for after that is another one."""
    if given is not None and given.generation >= grant.generation:
        return False
    last = rows[-1] if rows else None
    if last is None or last.state != "declined":
        return True
    return (last.generation, last.usage_epoch) < (grant.generation, grant.usage_epoch)


def open_tasks(tx: Session) -> list[Task]:
    """Everybody's, the most urgent first."""
    waiting = select(TaskRow).where(TaskRow.closed_at.is_(None)).order_by(TaskRow.due_at, TaskRow.id)
    return [_seen(tx, row) for row in tx.scalars(waiting)]


def task(tx: Session, cipher: Cipher, task_id: int) -> Task:
    """Raises TaskNotFound."""
    row = tx.get(TaskRow, task_id)
    if row is None:
        raise TaskNotFound(f"task {task_id}")
    return _seen(tx, row, answer_in(cipher, row) if row.sealed and row.closed_at is None else None)


def take_task(tx: Session, task_id: int, operator: str, now: datetime) -> None:
    """From now on it is this operator's. Raises TaskNotFound, TaskClosed, TaskTaken."""
    held_by(tx, task_id, operator, now)


def put_back_task(tx: Session, task_id: int, operator: str, now: datetime) -> None:
    """Anybody may take it again. Raises as take_task."""
    row = held_by(tx, task_id, operator, now)
    row.state, row.operator, row.taken_at, row.sealed, row.reason = "open", None, None, None, None
    row.awaits = row.awaits_from = row.awaits_since = None


def write_answer(
    tx: Session, cipher: Cipher, task_id: int, kind: AnswerKind, content: str, operator: str, now: datetime
) -> None:
    """Keeps what will be given, sealed; `send_answer` gives it. Raises BadAnswer, and as take_task."""
    written = content.strip()
    if not 0 < len(written) <= LONGEST[kind] or "\0" in written:
        raise BadAnswer(f"a {kind} has 1 to {LONGEST[kind]} characters")
    if kind == "link" and not _is_link(written):
        raise BadAnswer("a link begins with https://")
    row = _to_give(held_by(tx, task_id, operator, now))
    row.sealed = cipher.seal(json.dumps([kind, written]).encode(), _place(row.id))
    row.reason = row.awaits = row.awaits_from = row.awaits_since = None


def write_reason(tx: Session, task_id: int, reason: str, operator: str, now: datetime) -> None:
    """Keeps why it will be declined, in words for the buyer; `decline_task` declines. Raises as write_answer."""
    written = " ".join(reason.split())
    if not 0 < len(written) <= LONGEST_REASON:
        raise BadAnswer(f"a reason has 1 to {LONGEST_REASON} characters")
    row = _to_give(held_by(tx, task_id, operator, now))
    row.reason, row.sealed = written, None
    row.awaits = row.awaits_from = row.awaits_since = None


def send_answer(tx: Session, task_id: int, operator: str, now: datetime) -> None:
    """What was written becomes the buyer's. Raises BadAnswer when nothing is, and as take_task."""
    row = _to_give(held_by(tx, task_id, operator, now))
    if row.sealed is None:
        raise BadAnswer("nothing is written yet")
    close(row, "answered", now)
    grant = tx.get_one(AccessGrantRow, row.grant_id, with_for_update=True)
    audit.record(tx, actor=operator, action="access.answer", subject=f"task:{row.id}", now=now, grant=grant.id)
    touch(tx, grant, now, cause="rotation" if row.generation else "payment")


def decline_task(
    tx: Session,
    providers: Mapping[str, billing.PaymentProvider],
    task_id: int,
    *,
    refund: bool,
    operator: str,
    now: datetime,
) -> int | None:
    """It will not be given, for the reason written before. With `refund` all that is left of what paid for it goes
    back; returns that refund's id. Raises BadAnswer without a reason, NotRefundable, CannotRefund, and as take_task."""
    row = _to_give(held_by(tx, task_id, operator, now))
    if not row.reason:
        raise BadAnswer("no reason is written yet")
    payment = payment_for(tx, row.grant_id) if refund else None
    if refund and payment is None:
        raise billing.NotRefundable(f"nobody paid for grant {row.grant_id}")
    refund_id = None
    if payment is not None:
        if payment.provider not in providers:
            raise billing.CannotRefund(f"{payment.provider} is not in PAYMENT_PROVIDERS")
        refund_id = billing.request_refund(
            tx,
            providers[payment.provider],
            payment.id,
            reason=row.reason,
            actor=operator,
            now=now,
            reference=f"task:{row.id}",
        )
    close(row, "declined", now)
    detail = {"reason": row.reason, "refund": refund_id}
    audit.record(tx, actor=operator, action="access.decline", subject=f"task:{row.id}", now=now, **detail)
    grant = tx.get_one(AccessGrantRow, row.grant_id)
    declined = TaskDeclined(
        task_id=row.id,
        grant_id=grant.id,
        subscription_id=grant.subscription_id,
        party=row.party,
        refund_id=refund_id or 0,
    )
    emit(tx, declined, now)
    return refund_id


def finish_task(tx: Session, task_id: int, operator: str, now: datetime) -> None:
    """What was given is taken back. Raises as take_task; BadAnswer of a task that wants an answer."""
    row = held_by(tx, task_id, operator, now)
    if row.kind != "take_back":
        raise BadAnswer(f"task {row.id} waits for an answer")
    close(row, "done", now)
    audit.record(tx, actor=operator, action="access.taken_back", subject=f"task:{row.id}", now=now, grant=row.grant_id)


def payment_for(tx: Session, grant_id: int) -> billing.Payment | None:
    """What paid for it last; None for trials, gifts and days given."""
    return paid_for(tx, tx.get_one(AccessGrantRow, grant_id).subscription_id)


def remind_of_tasks(tx: Session, now: datetime) -> int:
    """Of those that have waited longer than was promised: at once, and each day."""
    late = select(TaskRow).where(TaskRow.closed_at.is_(None), TaskRow.due_at <= now)
    unsaid = late.where(or_(TaskRow.reminded_at.is_(None), TaskRow.reminded_at <= now - REMIND_AGAIN))
    rows = tx.scalars(unsaid.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.reminded_at = now
        emit(tx, TaskOverdue(task_id=row.id, party=row.party, kind=row.kind, since=row.opened_at), now)
    return len(rows)


def answer_in(cipher: Cipher, row: TaskRow) -> tuple[AnswerKind, str]:
    assert row.sealed is not None, "an answered task has its answer"
    kind, content = json.loads(cipher.open(row.sealed, _place(row.id)))
    return cast(AnswerKind, kind), str(content)


def _seen(tx: Session, row: TaskRow, answer: tuple[AnswerKind, str] | None = None) -> Task:
    subscription_id = tx.get_one(AccessGrantRow, row.grant_id).subscription_id
    return Task(
        id=row.id,
        grant_id=row.grant_id,
        subscription_id=subscription_id,
        party=Party.parse(row.party),
        good=catalog.good(tx, row.good),
        kind=row.kind,
        state=row.state,
        opened_at=row.opened_at,
        due_at=row.due_at,
        operator=row.operator,
        reason=row.reason,
        answer=answer,
    )


def _to_give(row: TaskRow) -> TaskRow:
    if row.kind != "give":
        raise BadAnswer(f"task {row.id} is not answered: something is to be taken back")
    return row


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and text.isprintable() and " " not in text
    except ValueError:
        return False


def _place(task_id: int) -> str:
    return f"access_tasks.sealed:{task_id}"
