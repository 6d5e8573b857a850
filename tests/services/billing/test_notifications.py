"""What a notification may do: hint. Delivered often, forged, lost or early, money moves once and only on the truth."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services import billing
from services.billing.providers.bounded import Bounded
from tests.world import Kiosk, wait_for


def assert_paid_once(kiosk: Kiosk) -> None:
    assert kiosk.count("payments", "state = 'succeeded'") == 1
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.count("ledger_transactions") == 1
    assert kiosk.count("subscription_changes") == 1
    assert kiosk.count("messages", "kind = 'access_file' AND state = 'sent'") == 1
    assert kiosk.count("messages", "kind = 'access_qr' AND state = 'sent'") == 1
    assert kiosk.count("messages") == 2


def assert_nothing_moved(kiosk: Kiosk) -> None:
    assert kiosk.count("ledger_transactions") == 0
    assert kiosk.count("subscriptions") == 0
    assert kiosk.count("messages") == 0
    assert kiosk.count("payments", "state = 'succeeded'") == 0


def test_twenty_in_parallel_and_again_later_is_one_of_everything(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    external_id = kiosk.pay(kiosk.checkout(anna), notify="never")
    kiosk.post("/yookassa/notify", payment_id=external_id, times=20, parallel=True)
    wait_for(lambda: kiosk.told(external_id) == 20)
    kiosk.drain()
    assert_paid_once(kiosk)
    assert len([m for m in kiosk.messages(anna) if m.get("document")]) == 1

    kiosk.pass_time(timedelta(minutes=30), step=timedelta(minutes=10))
    kiosk.post("/yookassa/notify", payment_id=external_id, times=3)
    wait_for(lambda: kiosk.told(external_id) == 23)
    kiosk.drain()
    assert_paid_once(kiosk)


def test_parallel_workers_settle_once(kiosk: Kiosk) -> None:
    """Twenty threads ask the provider about the same attempt at the same time."""
    checkout = kiosk.checkout(kiosk.person())
    kiosk.pay(checkout, notify="never")
    bounded = kiosk.kit.providers["yookassa"]
    assert isinstance(bounded, Bounded)
    unbounded = {"yookassa": bounded.inner}

    def ask(_: int) -> str:
        return billing.reconcile(kiosk.kit.db, unbounded, checkout.payment_id, kiosk.now, cause="test").state

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {"succeeded"}
    kiosk.drain()
    assert_paid_once(kiosk)


@pytest.mark.parametrize("claim", ["succeeded", "amount", "currency", "shop", "test flag"])
def test_a_forged_one_about_an_unpaid_attempt_changes_nothing(kiosk: Kiosk, claim: str) -> None:
    checkout = kiosk.checkout(kiosk.person())
    forged = {
        "id": kiosk.external_id(checkout.payment_id),
        "status": "succeeded",
        "paid": True,
        "amount": {
            "value": "1.00" if claim == "amount" else "299.00",
            "currency": "USD" if claim == "currency" else "RUB",
        },
        "recipient": {"account_id": "666" if claim == "shop" else "100500"},
        "test": claim != "test flag",
    }
    notify(kiosk, "payment.succeeded", forged)
    kiosk.drain()
    assert_nothing_moved(kiosk)
    assert kiosk.count("payments", "state = 'awaiting_user'") == 1


def test_an_unknown_payment_makes_us_call_nobody(kiosk: Kiosk) -> None:
    kiosk.checkout(kiosk.person())
    asked = len(kiosk.http.get("/yookassa/log").json()["requests"])
    notify(kiosk, "payment.succeeded", {"id": str(uuid.uuid4())})
    kiosk.drain()
    assert_nothing_moved(kiosk)
    assert len(kiosk.http.get("/yookassa/log").json()["requests"]) == asked


def test_somebody_elses_paid_payment_does_not_pay_ours(kiosk: Kiosk) -> None:
    """The notice names a payment that really was paid, in our own shop, by another person."""
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    unpaid = kiosk.checkout(anna)
    paid = kiosk.external_id(kiosk.buy(boris).payment_id)
    with kiosk.kit.db.begin() as tx:
        assert billing.payment(tx, anna.party, unpaid.payment_id).state == "awaiting_user"
    notify(kiosk, "payment.succeeded", {"id": paid})
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        assert billing.payment(tx, anna.party, unpaid.payment_id).state == "awaiting_user"
    assert kiosk.count("ledger_transactions") == 1


def test_a_lost_one_is_found_by_the_schedule_within_five_minutes(kiosk: Kiosk) -> None:
    kiosk.pay(kiosk.checkout(kiosk.person()), notify="never")
    paid_at = kiosk.now
    while kiosk.count("invoices", "state = 'paid'") == 0:
        kiosk.pass_time(timedelta(minutes=1), step=timedelta(minutes=1))
        assert kiosk.now - paid_at <= timedelta(minutes=5, seconds=10)
    assert_paid_once(kiosk)


def test_a_lost_one_is_found_by_the_schedule_when_the_buyer_took_long(kiosk: Kiosk) -> None:
    checkout = kiosk.checkout(kiosk.person())
    kiosk.pass_time(timedelta(minutes=40), step=timedelta(minutes=1))
    kiosk.pay(checkout, notify="never")
    paid_at = kiosk.now
    while kiosk.count("invoices", "state = 'paid'") == 0:
        kiosk.pass_time(timedelta(minutes=1), step=timedelta(minutes=1))
        assert kiosk.now - paid_at <= timedelta(minutes=6)
    assert_paid_once(kiosk)


def test_the_buyer_can_ask_at_once(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    kiosk.pay(checkout, notify="never")
    now = billing.check_payment(kiosk.kit.db, kiosk.kit.providers, anna.party, checkout.payment_id, kiosk.now)
    assert now.state == "succeeded"
    kiosk.drain()
    assert_paid_once(kiosk)


def test_other_peoples_payments_are_not_there(kiosk: Kiosk) -> None:
    checkout = kiosk.checkout(kiosk.person())
    stranger = kiosk.person("Чужой")
    with pytest.raises(billing.PaymentNotFound):
        billing.check_payment(kiosk.kit.db, kiosk.kit.providers, stranger.party, checkout.payment_id, kiosk.now)


NONSENSE = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff",
    b'{"event": "payment.succeeded", "object": null}',
    b'{"event": {}, "object": 1}',
    b'{"event": "payment.succeeded", "object": {"id": ""}}',
    b'{"event": "payment.succeeded", "object": {"id": "\\u0000"}}',
    b'{"event": "payment.succeeded", "object": {"id": "\\ud800"}}',
    b'{"event": "deal.closed", "object": {"id": "1"}}',
    b'{"event": "payment.succeeded", "object": {"id": "1", "x": NaN}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", NONSENSE)
def test_nonsense_is_refused(kiosk: Kiosk, body: bytes) -> None:
    with kiosk.kit.db.begin() as tx, pytest.raises(billing.BadNotification):
        billing.accept_notification(tx, kiosk.kit.providers["yookassa"], billing.RawNotice(body), kiosk.now)
    assert kiosk.count("payment_notifications") == 0


def notify(kiosk: Kiosk, event: str, thing: dict[str, object]) -> None:
    body = json.dumps({"type": "notification", "event": event, "object": thing}).encode()
    with kiosk.kit.db.begin() as tx:
        billing.accept_notification(tx, kiosk.kit.providers["yookassa"], billing.RawNotice(body), kiosk.now)
