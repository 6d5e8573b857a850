"""Every way in which YooKassa can fail ends right: one payment there, one attempt here, or a word to the buyer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services import billing, catalog
from tests.world import TOML, Kiosk, Person, wait_for


def payments_there(kiosk: Kiosk) -> list[dict[str, Any]]:
    """Payments that the provider has made for this Kiosk's attempts."""
    with kiosk.kit.db.begin() as tx:
        keys = {str(key) for (key,) in tx.execute(text("SELECT key FROM payments"))}
    listed = kiosk.http.get("/yookassa/v3/payments?limit=100", auth=("100500", "test_SANDBOX")).json()["items"]
    return [payment for payment in listed if payment["metadata"].get("attempt") in keys]


def fault(kiosk: Kiosk, mode: str, method: str = "POST", times: int = 1, delay: float = 0) -> None:
    kiosk.post("/yookassa/faults", mode=mode, method=method, times=times, delay=delay)


@pytest.mark.parametrize("mode", ["202", "500", "500_after", "502", "429", "dropped", "dropped_after"])
def test_a_hiccup_at_checkout_is_not_even_seen(kiosk: Kiosk, mode: str) -> None:
    fault(kiosk, mode)
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    assert checkout.pay_url
    assert len(payments_there(kiosk)) == 1
    kiosk.pay(checkout)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1


@pytest.mark.parametrize("mode", ["202", "500", "500_after", "502", "429", "dropped", "dropped_after"])
def test_a_longer_outage_is_told_and_the_same_attempt_goes_on(kiosk: Kiosk, mode: str) -> None:
    fault(kiosk, mode, times=2)
    anna = kiosk.person()
    with pytest.raises(billing.CheckoutFailed):
        kiosk.checkout(anna)
    assert kiosk.count("payments", "state = 'unknown'") == 1
    again = kiosk.checkout(anna)
    assert kiosk.count("payments") == 1
    assert len(payments_there(kiosk)) == 1
    kiosk.pay(again)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1


def test_nobody_came_back_after_an_outage_and_the_schedule_clears_it_up(kiosk: Kiosk) -> None:
    fault(kiosk, "500_after", times=2)
    with pytest.raises(billing.CheckoutFailed):
        kiosk.checkout(kiosk.person())
    kiosk.pass_time(timedelta(minutes=6), step=timedelta(minutes=1))
    assert kiosk.count("payments", "state = 'awaiting_user'") == 1
    kiosk.pass_time(timedelta(hours=2), step=timedelta(minutes=10))
    assert kiosk.count("payments", "state = 'canceled'") == 1
    kiosk.pass_time(timedelta(hours=24), step=timedelta(hours=3))
    assert kiosk.count("invoices", "state = 'expired'") == 1
    assert len(payments_there(kiosk)) == 1


def test_a_provider_that_hangs_is_left_after_its_time(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.billing.providers.yookassa.client.TIMEOUTS", (1.0, 0.3))
    fault(kiosk, "hang", times=2)
    with pytest.raises(billing.CheckoutFailed):
        kiosk.checkout(kiosk.person())
    assert kiosk.count("payments", "state = 'unknown'") == 1
    kiosk.http.delete("/yookassa/faults")


@pytest.mark.parametrize("mode", ["202", "500", "502", "429", "dropped"])
def test_a_hiccup_at_the_check_postpones_it(kiosk: Kiosk, mode: str) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    fault(kiosk, mode, method="GET")
    kiosk.pay(checkout)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 0
    ((reaction, error),) = kiosk.undone()
    assert (reaction, error.split(":")[0]) == ("billing.check_notified", "yookassa")
    kiosk.hurry()
    assert kiosk.count("invoices", "state = 'paid'") == 1


def test_a_notification_finds_the_attempt_whose_answer_was_lost(kiosk: Kiosk) -> None:
    """The provider made the payment, we never heard its id, and it was paid at once from elsewhere."""
    anna = kiosk.person()
    fault(kiosk, "dropped_after", times=2)
    with pytest.raises(billing.CheckoutFailed):
        kiosk.checkout(anna)
    (there,) = payments_there(kiosk)
    kiosk.post(f"/yookassa/payments/{there['id']}/pay", outcome="success", notify="once")
    wait_for(lambda: kiosk.told(there["id"]) == 1)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.external_id(1) == there["id"]


@pytest.mark.parametrize(("reason", "word"), [("insufficient_funds", "денег"), ("general_decline", "анк")])
def test_a_decline_is_told_with_its_reason_and_a_way_on(kiosk: Kiosk, reason: str, word: str) -> None:
    anna = kiosk.person()
    kiosk.pay(kiosk.checkout(anna), outcome="decline", reason=reason)
    kiosk.drain()
    assert kiosk.count("payments", "state = 'canceled'") == 1
    told = kiosk.messages(anna)[-1]
    assert word in told["text"]
    assert told["reply_markup"]["inline_keyboard"]
    assert kiosk.count("ledger_transactions") == 0


def test_a_forgotten_page_is_closed_without_a_word(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.checkout(anna)
    kiosk.pass_time(timedelta(hours=2), step=timedelta(minutes=20))
    assert kiosk.count("payments", "state = 'canceled'") == 1
    assert kiosk.messages(anna) == []


def test_money_that_does_not_fit_waits_for_a_decision(kiosk: Kiosk) -> None:
    """Late: the invoice was closed before the provider said it was paid."""
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    kiosk.pay(checkout, notify="never")
    expire = "UPDATE invoices SET state = 'expired' RETURNING id"
    kiosk.scalar(expire)
    kiosk.tick()
    kiosk.pass_time(timedelta(minutes=2), step=timedelta(minutes=1))
    assert kiosk.scalar("SELECT decision FROM payments") == "late"
    assert kiosk.count("subscriptions") == 0
    assert kiosk.scalar("SELECT sum(minor) FROM ledger_entries WHERE account LIKE 'held:%'") == -29900
    assert "299" in kiosk.messages(anna)[-1]["text"]


def test_buying_twice_in_a_row_gives_one_open_attempt(kiosk: Kiosk) -> None:
    anna: Person = kiosk.person()
    first, second = kiosk.checkout(anna), kiosk.checkout(anna)
    assert first == second
    kiosk.pass_time(timedelta(minutes=55), step=timedelta(minutes=5))
    third = kiosk.checkout(anna)
    assert third.payment_id != first.payment_id, "a page that is about to close must not be offered"


def test_the_price_stays_what_was_shown(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML.replace("299.00", "999.00").replace("months = 1", "days = 1"), kiosk.now)
    kiosk.pay(checkout)
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        sold = billing.invoice(tx, checkout.invoice_id)
    assert (str(sold.amount), sold.quote.period.unit) == ("299.00", "month")
    assert kiosk.count("ledger_entries", "account LIKE 'revenue:%' AND minor = -29900") == 1
