"""Limits and budgets hold, whoever comes at once, and what never was paid is given back once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from services.receipts import rules
from services.receipts.rules import Decision
from tests.services.receipts.rules.made import NOON, facts, imported


def judged(tx: Session, receipt_id: int, payees: list[str], now: datetime = NOON) -> Decision:
    """As the core does it."""
    campaigns = rules.campaigns_for(tx, now)
    decision = rules.decide(campaigns, facts(), rules.usages(tx, campaigns, payees, now))
    if decision.outcome == "accepted":
        rules.take(tx, decision, receipt_id, payees, now)
    return decision


def spent(tx: Session, slug: str = "citramon") -> int:
    return rules.standing(tx, slug).spent.minor


def test_the_third_receipt_of_a_day_is_the_last(tx: Session) -> None:
    imported(tx)
    got = [judged(tx, number, ["user:1"]) for number in range(5)]
    assert [one.outcome for one in got] == ["accepted"] * 3 + ["rejected"] * 2
    assert got[3].reasons == ("limit_user_day",)
    assert judged(tx, 6, ["user:2"]).outcome == "accepted"
    assert spent(tx) == 400


def test_a_day_is_that_of_the_campaign(tx: Session) -> None:
    imported(tx, limits="count = {day = 1}")
    late = datetime(2026, 11, 21, 21, 59, tzinfo=UTC)  # 23:59 in Kyiv
    assert judged(tx, 1, ["user:1"], late).outcome == "accepted"
    assert judged(tx, 2, ["user:1"], late).outcome == "rejected"
    assert judged(tx, 3, ["user:1"], late + timedelta(minutes=1)).outcome == "accepted"
