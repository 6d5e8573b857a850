"""Two-stage payments: held money is taken while its invoice is open, and let go when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.world import Kiosk, MakeKiosk


@pytest.fixture
def holding(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(YOOKASSA_TWO_STAGE="true") as kiosk:
        yield kiosk


def test_held_money_is_taken_and_gives_access(holding: Kiosk) -> None:
    checkout = holding.checkout(holding.person())
    holding.pay(checkout)
    holding.drain()
    states = "SELECT array_agg(after ORDER BY id) FROM payment_changes"
    assert holding.scalar(states) == ["sending", "awaiting_user", "authorized", "succeeded"]
    assert holding.count("wireguard_peers", "active") == 1
    assert holding.faults() == []


def test_a_second_hold_is_let_go_instead_of_being_refunded(holding: Kiosk) -> None:
    anna = holding.person()
    first = holding.checkout(anna)
    holding.scalar("UPDATE payments SET created_at = created_at - interval '51 minutes' RETURNING id")
    second = holding.checkout(anna)
    holding.pay(first)
    holding.drain()
    holding.pay(second)
    holding.drain()
    assert holding.scalar("SELECT state FROM payments WHERE id = :id", id=second.payment_id) == "canceled"
    assert holding.count("payments", "decision IS NOT NULL") == 0
    assert holding.balance("revenue:vpn") == -29900
    assert holding.faults() == []


@pytest.mark.parametrize("mode", ["500", "500_after", "dropped_after", "502", "429"])
def test_a_lost_answer_to_taking_it_is_asked_again(holding: Kiosk, mode: str) -> None:
    checkout = holding.checkout(holding.person())
    holding.pay(checkout, notify="never")
    holding.post("/yookassa/faults", mode=mode, method="POST", times=1, delay=0)
    holding.pass_time(timedelta(minutes=2), step=timedelta(minutes=1))
    holding.hurry()
    holding.pass_time(timedelta(minutes=10), step=timedelta(minutes=1))
    assert holding.scalar("SELECT state FROM payments") == "succeeded"
    assert holding.balance("revenue:vpn") == -29900
    assert holding.faults() == []
