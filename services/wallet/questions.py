"""The one thing that people type: how much to pay in. Kept as a row, so that it outlives a restart and any worker can
read the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity import Party
from services.wallet.models import QuestionRow

OPEN_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    tariff: str
    currency: str


def ask_amount(tx: Session, party: Party, tariff: str, currency: str, now: datetime) -> None:
    asked = {"tariff": tariff, "currency": currency, "asked_at": now}
    row = insert(QuestionRow).values(party=str(party), **asked)
    tx.execute(row.on_conflict_do_update(index_elements=["party"], set_=asked))


def asked_amount(tx: Session, party: Party, now: datetime) -> Question | None:
    """The question that waits for an answer; an old one does not any more."""
    row = tx.get(QuestionRow, str(party), populate_existing=True)
    if row is None or now - row.asked_at > OPEN_FOR:
        return None
    return Question(row.tariff, row.currency)


def forget_question(tx: Session, party: Party) -> None:
    tx.execute(delete(QuestionRow).where(QuestionRow.party == str(party)))
