"""The numbers that are watched: each counts what it says, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from services import reporting
from tests.services.billing.busy_shop import a_day
from tests.world import Kiosk

STATEMENT = """
INSERT INTO statements (provider, day, made_at, operations, differences, totals, details)
VALUES (:provider, :day, :made_at, 1, :count, '{}', jsonb_build_object('differences', CAST(:found AS jsonb)))"""
DIFFERENCE = '{"kind": "amount", "what": "payment", "external_id": "x", "ours": "a", "theirs": "b"}'


def store(tx: Session, provider: str, day: str, differences: int) -> None:
    found = f"[{', '.join([DIFFERENCE] * differences)}]"
    made = {"made_at": datetime(2026, 11, 21, 3, tzinfo=UTC), "count": differences, "found": found}
    tx.execute(text(STATEMENT), {"provider": provider, "day": day} | made)


def test_a_shop_without_payments(tx: Session, now: datetime) -> None:
    empty = {"kiosk_payments_undecided": 0, "kiosk_refunds_open": 0, "kiosk_refunds_unknown": 0}
    assert reporting.money_gauges(tx, now) == empty


def test_a_busy_day_counted(kiosk: Kiosk) -> None:
    day = a_day(kiosk)
    kiosk.checkout(day.anna)
    unknown = "UPDATE refunds SET state = 'unknown' WHERE payment_id = :id RETURNING id"
    kiosk.scalar(unknown, id=day.pending_refund)
    with kiosk.kit.db.begin() as tx:
        gauges = reporting.money_gauges(tx, kiosk.now)
        tomorrow = reporting.money_gauges(tx, kiosk.now + timedelta(days=1, minutes=1))
    succeeded = kiosk.count("payments", "state = 'succeeded'")
    assert gauges == {
        "kiosk_payments_undecided": 1,
        "kiosk_refunds_open": 2,
        "kiosk_refunds_unknown": 1,
        'kiosk_payments_last_day{provider="yookassa",state="awaiting_user"}': 1,
        'kiosk_payments_last_day{provider="yookassa",state="canceled"}': 1,
        'kiosk_payments_last_day{provider="yookassa",state="succeeded"}': succeeded,
    }
    assert succeeded == 11
    assert tomorrow == {"kiosk_payments_undecided": 1, "kiosk_refunds_open": 2, "kiosk_refunds_unknown": 1}


def test_the_newest_statement_of_each_provider_counts(tx: Session, now: datetime) -> None:
    store(tx, "yookassa", "2026-11-18", 3)
    store(tx, "yookassa", "2026-11-20", 0)
    store(tx, "stars", "2026-11-19", 2)
    gauges = reporting.money_gauges(tx, now)
    assert {name: value for name, value in gauges.items() if "statement" in name} == {
        'kiosk_statement_differences{provider="stars"}': 2,
        'kiosk_statement_differences{provider="yookassa"}': 0,
        'kiosk_statement_age_seconds{provider="stars"}': 36 * 3600,
        'kiosk_statement_age_seconds{provider="yookassa"}': 12 * 3600,
    }
    last = reporting.last_statements(tx)
    assert [(code, str(one.day), len(one.differences)) for code, one in last.items()] == [
        ("stars", "2026-11-19", 2),
        ("yookassa", "2026-11-20", 0),
    ]
