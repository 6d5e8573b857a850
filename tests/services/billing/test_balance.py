"""Paying from the balance: like any other provider, exact when many spend at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services import billing
from services.platform.money import Money
from tests.world import Kiosk


def test_it_buys_at_once_and_gives_access(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.give(anna, Money(30000, "RUB"))
    checkout = kiosk.checkout(anna, provider="balance")
    assert (checkout.state, checkout.pay_url) == ("succeeded", None)
    kiosk.drain()
    assert kiosk.balance(f"wallet:{anna.party}") == -100
    assert kiosk.balance("clearing:balance") == 0
    assert kiosk.count("wireguard_peers", "active") == 1
    assert kiosk.faults() == []


def test_too_little_declines_and_takes_nothing(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.give(anna, Money(29899, "RUB"))
    with pytest.raises(billing.PaymentDeclined, match="insufficient_balance"):
        kiosk.checkout(anna, provider="balance")
    assert kiosk.balance(f"wallet:{anna.party}") == -29899
    assert kiosk.faults() == []


def test_twenty_purchases_at_once_spend_no_more_than_there_is(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.give(anna, Money(3 * 29900 + 500, "RUB"))

    def buy(number: int) -> bool:
        try:
            kiosk.checkout(anna, provider="balance", reference=f"buy:{number}")
        except billing.PaymentDeclined:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(buy, range(20))) == 3
    kiosk.drain()
    assert kiosk.balance(f"wallet:{anna.party}") == -500
    assert kiosk.faults() == []


def test_a_refund_goes_back_to_it(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.give(anna, Money(29900, "RUB"))
    checkout = kiosk.checkout(anna, provider="balance")
    kiosk.drain()
    kiosk.refund(checkout.payment_id, amount=Money(9900, "RUB"))
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    assert kiosk.balance(f"wallet:{anna.party}") == -29900
    assert kiosk.scalar("SELECT state FROM subscriptions") == "expired"
    assert kiosk.balance("clearing:balance") == 0
    assert kiosk.faults() == []
