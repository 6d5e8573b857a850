"""Who came a day ago and has sent no receipt is reminded, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services import identity, receipts
from services.receipts import Facts, questions, remind
from services.receipts.models import ReminderRow
from tests.services.receipts.rules.made import imported

HOUR = timedelta(hours=1)


def came(tx: Session, ago: timedelta, now: datetime, telegram_id: int = 1) -> identity.User:
    return identity.greet(
        tx, telegram_id=telegram_id, first_name="Анна", username=None, language_code="uk", now=now - ago
    )


def reminded(tx: Session) -> list[int]:
    rows = tx.execute(text("SELECT body FROM outbox_events WHERE name = 'receipts.reminder_due' ORDER BY id"))
    return [row.body["user_id"] for row in rows]


@pytest.mark.parametrize(("hours", "is_due"), [(23, False), (25, True), (71, True), (73, False)])
def test_a_day_after_they_came_and_not_long_after_that(tx: Session, now: datetime, hours: int, is_due: bool) -> None:
    imported(tx)
    anna = came(tx, hours * HOUR, now)
    assert [remind(tx, now), remind(tx, now)] == [int(is_due), 0]
    assert reminded(tx) == ([anna.id] if is_due else [])


def test_only_while_a_campaign_runs_and_by_day(tx: Session, now: datetime) -> None:
    came(tx, 30 * HOUR, now)
    assert remind(tx, now) == 0
    imported(tx)
    assert remind(tx, now.replace(hour=22)) == 0, "it is night in Kyiv"
    receipts.rules.set_state(tx, "citramon", "stopped", actor="operator:1", now=now)
    assert remind(tx, now) == 0
    receipts.rules.set_state(tx, "citramon", "running", actor="operator:1", now=now)
    assert remind(tx, now) == 1


def test_not_whom_nobody_may_write_to_nor_who_has_sent_one(tx: Session, now: datetime) -> None:
    imported(tx)
    blocked, gone, sent, reminded_before, anna = (came(tx, 30 * HOUR, now, number) for number in range(1, 6))
    identity.block(tx, blocked.id, reason="test", actor="operator:1", now=now)
    identity.mark_unreachable(tx, gone.telegram_id, now)
    made = Facts(merchant="АТБ", date=now.date(), total=Decimal(5), currency="UAH")
    receipts.submit_typed(tx, sent.party, made, now)
    tx.add(ReminderRow(user_id=reminded_before.id, at=now))
    tx.flush()
    assert remind(tx, now) == 1
    assert reminded(tx) == [anna.id]


def test_a_question_waits_for_half_an_hour_and_the_newest_one_counts(tx: Session, now: datetime) -> None:
    party = came(tx, HOUR, now).party
    questions.ask(tx, party, "phone", now - 2 * HOUR)
    assert questions.asked(tx, party, now) is None
    questions.ask(tx, party, "phone", now)
    questions.ask(tx, party, "receipt", now)
    assert questions.asked(tx, party, now) == "receipt"
    questions.forget(tx, party)
    assert questions.asked(tx, party, now) is None
