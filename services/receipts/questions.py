"""What somebody is asked to write in the chat: a phone number, or what stands on a receipt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity import Party
from services.receipts.models import QuestionRow

OPEN_FOR = timedelta(minutes=30)
Asked = Literal["phone", "receipt"]


def ask(tx: Session, party: Party, what: Asked, now: datetime) -> None:
    """Their next words are the answer; an earlier question is forgotten."""
    row = insert(QuestionRow).values(party=str(party), what=what, asked_at=now)
    tx.execute(row.on_conflict_do_update(index_elements=["party"], set_={"what": what, "asked_at": now}))


def asked(tx: Session, party: Party, now: datetime) -> Asked | None:
    """What waits for an answer; an old question does not any more."""
    row = tx.get(QuestionRow, str(party), populate_existing=True)
    if row is None or now - row.asked_at > OPEN_FOR:
        return None
    return cast(Asked, row.what)


def forget(tx: Session, party: Party) -> None:
    tx.execute(delete(QuestionRow).where(QuestionRow.party == str(party)))
