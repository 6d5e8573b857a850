"""Giving money back: one action, shown first, carried through whatever happens, booked once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from services import billing, ledger, reporting
from services.platform.money import Money
from tests.world import Kiosk, MakeKiosk, Person, wait_for


@pytest.fixture
def watched(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    """One with an operator to be told."""
    with make_kiosk(TELEGRAM_ADMIN_IDS="77") as kiosk:
        yield kiosk


def ends_at(kiosk: Kiosk) -> datetime:
    found: datetime = kiosk.scalar("SELECT ends_at FROM subscriptions")
    return found


def state_of(kiosk: Kiosk, refund_id: int) -> str:
    return str(kiosk.scalar("SELECT state FROM refunds WHERE id = :id", id=refund_id))


def refunds_there(kiosk: Kiosk, payment_id: int) -> list[dict[str, object]]:
    """The provider's own list."""
    listed = kiosk.http.get("/yookassa/v3/refunds?limit=100", auth=("100500", "test_SANDBOX")).json()["items"]
    return [refund for refund in listed if refund["payment_id"] == kiosk.external_id(payment_id)]


def fault(kiosk: Kiosk, mode: str, times: int = 1) -> None:
    kiosk.post("/yookassa/faults", mode=mode, method="POST", path="/v3/refunds", times=times, delay=0)


def test_all_of_it_takes_money_access_and_days(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.buy(anna)
    kiosk.pass_time(timedelta(days=10), step=timedelta(days=1))
    refund_id = kiosk.refund(checkout.payment_id)
    kiosk.drain()
    assert state_of(kiosk, refund_id) == "succeeded"
    assert kiosk.scalar("SELECT state FROM subscriptions") == "expired"
    assert abs(ends_at(kiosk) - kiosk.now) < timedelta(minutes=1)
    assert kiosk.count("wireguard_peers", "active") == 0
    assert kiosk.balance("revenue:vpn") == 0
    assert kiosk.scalar("SELECT actor FROM audit_log WHERE action = 'payment.refund'") == "operator:1"
    assert kiosk.count("messages", "kind = 'refunded' AND state = 'sent'") == 1
    assert kiosk.count("messages", "kind = 'expired'") == 0, "the refund's own message says it"
    assert kiosk.faults() == []


def test_only_that_orders_days_go(kiosk: Kiosk) -> None:
    """Two months bought, the first refunded after ten days: what is left of the first goes, the second stays whole."""
    anna = kiosk.person()
    first, _second = kiosk.buy(anna), kiosk.buy(anna)
    begun: datetime = kiosk.scalar("SELECT started_at FROM subscriptions")
    first_end: datetime = kiosk.scalar("SELECT ended_at FROM subscription_changes WHERE kind = 'extended'")
    end = ends_at(kiosk)
    kiosk.pass_time(timedelta(days=10), step=timedelta(days=2))
    kiosk.refund(first.payment_id)
    kiosk.drain()
    left_of_second = ends_at(kiosk) - kiosk.now
    assert abs(left_of_second - (end - first_end)) < timedelta(minutes=1)
    assert kiosk.scalar("SELECT state FROM subscriptions") == "active"
    assert kiosk.count("wireguard_peers", "active") == 1
    assert begun < ends_at(kiosk)


def test_the_second_order_goes_whole_and_the_first_stays(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    end = ends_at(kiosk)
    second = kiosk.buy(anna)
    kiosk.pass_time(timedelta(days=5), step=timedelta(days=1))
    kiosk.refund(second.payment_id)
    kiosk.drain()
    assert ends_at(kiosk) == end


def test_a_part_leaves_the_access_unless_told_otherwise(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.buy(anna)
    end, begun = ends_at(kiosk), kiosk.scalar("SELECT started_at FROM subscriptions")
    kiosk.refund(checkout.payment_id, amount=Money(9900, "RUB"))
    kiosk.drain()
    assert ends_at(kiosk) == end
    kiosk.refund(checkout.payment_id, amount=Money(10000, "RUB"), access="shorten")
    kiosk.drain()
    whole = int((end - begun).total_seconds())
    assert end - ends_at(kiosk) == timedelta(seconds=whole * 10000 // 29900)
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    assert [int(there["amount"]["value"].replace(".", "")) for there in refunds_there(kiosk, checkout.payment_id)][
        ::-1
    ] == [9900, 10000, 10000]  # type: ignore[index]
    assert kiosk.balance("revenue:vpn") == 0
    assert kiosk.faults() == []


@pytest.mark.parametrize("amount", [Money(0, "RUB"), Money(-1, "RUB"), Money(29901, "RUB"), Money(100, "XTR")])
def test_an_amount_that_cannot_be_is_refused(kiosk: Kiosk, amount: Money) -> None:
    checkout = kiosk.buy(kiosk.person())
    with pytest.raises(billing.BadRefundAmount):
        kiosk.refund(checkout.payment_id, amount=amount)
    assert kiosk.count("refunds") == 0


def test_what_was_not_paid_or_is_back_already_is_refused(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    with pytest.raises(billing.NotRefundable):
        kiosk.refund(kiosk.checkout(anna).payment_id)
    checkout = kiosk.buy(anna)
    kiosk.refund(checkout.payment_id)
    with pytest.raises(billing.NotRefundable):
        kiosk.refund(checkout.payment_id)  # the first is on its way
    kiosk.drain()
    with pytest.raises(billing.NotRefundable):
        kiosk.refund(checkout.payment_id)
    assert len(refunds_there(kiosk, checkout.payment_id)) == 1


def test_twenty_operators_at_once_refund_no_more_than_came(kiosk: Kiosk) -> None:
    checkout = kiosk.buy(kiosk.person())

    def try_it(_: int) -> bool:
        try:
            kiosk.refund(checkout.payment_id, amount=Money(5000, "RUB"))
        except (billing.NotRefundable, billing.BadRefundAmount):
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(try_it, range(20))) == 5
    kiosk.drain()
    assert len(refunds_there(kiosk, checkout.payment_id)) == 5
    assert kiosk.faults() == []


def test_the_same_reference_is_one_refund(kiosk: Kiosk) -> None:
    checkout = kiosk.buy(kiosk.person())
    assert kiosk.refund(checkout.payment_id, reference="r") == kiosk.refund(checkout.payment_id, reference="r")
    kiosk.drain()
    assert len(refunds_there(kiosk, checkout.payment_id)) == 1


@pytest.mark.parametrize("mode", ["202", "500", "500_after", "502", "429", "dropped", "dropped_after"])
def test_a_failing_provider_is_asked_again_with_the_same_key(kiosk: Kiosk, mode: str) -> None:
    checkout = kiosk.buy(kiosk.person())
    fault(kiosk, mode, times=2)
    refund_id = kiosk.refund(checkout.payment_id)
    kiosk.drain()
    kiosk.hurry()
    kiosk.hurry()
    assert state_of(kiosk, refund_id) == "succeeded"
    assert len(refunds_there(kiosk, checkout.payment_id)) == 1
    assert kiosk.faults() == []


def test_one_that_the_provider_cancels_in_silence_is_found_and_told(watched: Kiosk) -> None:
    kiosk = watched
    anna = kiosk.person()
    checkout = kiosk.buy(anna)
    end = ends_at(kiosk)
    kiosk.post("/yookassa/settings", refund="pending")
    refund_id = kiosk.refund(checkout.payment_id)
    kiosk.drain()
    kiosk.post("/yookassa/settings", refund="succeeded")
    assert state_of(kiosk, refund_id) == "pending"
    there = refunds_there(kiosk, checkout.payment_id)[0]["id"]
    kiosk.post(f"/yookassa/refunds/{there}/finish", outcome="decline", reason="insufficient_funds")
    kiosk.pass_time(timedelta(hours=1), step=timedelta(minutes=10))
    assert state_of(kiosk, refund_id) == "canceled"
    assert ends_at(kiosk) == end, "no money, no loss of access"
    assert kiosk.count("messages", "kind = 'admin_refund_failed'") == 1
    assert kiosk.faults() == []
    kiosk.refund(checkout.payment_id)  # and it can be tried anew
    kiosk.drain()
    assert kiosk.balance("revenue:vpn") == 0


def notice_of(refund: bytes, payment: bytes) -> billing.RawNotice:
    thing = b'{"id": "%s", "payment_id": "%s", "status": "succeeded"}' % (refund, payment)
    return billing.RawNotice(b'{"type": "notification", "event": "refund.succeeded", "object": %s}' % thing)


def test_one_made_in_the_cabinet_is_booked_and_told(watched: Kiosk) -> None:
    kiosk = watched
    checkout = kiosk.buy(kiosk.person())
    external_id = kiosk.external_id(checkout.payment_id)
    made = kiosk.http.post(
        "/yookassa/v3/refunds",
        json={"payment_id": external_id, "amount": {"value": "100.00", "currency": "RUB"}},
        auth=("100500", "test_SANDBOX"),
        headers={"Idempotence-Key": f"cabinet-{external_id}"},
    ).json()
    raw = notice_of(made["id"].encode(), external_id.encode())
    with kiosk.kit.db.begin() as tx:
        assert billing.accept_notification(tx, kiosk.kit.providers["yookassa"], raw, kiosk.now).announced
    kiosk.drain()
    assert kiosk.scalar("SELECT actor FROM refunds") == "provider:yookassa"
    assert kiosk.scalar("SELECT state FROM subscriptions") == "active"
    assert kiosk.count("messages", "kind = 'admin_foreign_refund'") == 1
    assert kiosk.balance("revenue:vpn") == -19900
    assert kiosk.faults() == []


def test_a_forged_notice_of_a_refund_changes_nothing(kiosk: Kiosk) -> None:
    checkout = kiosk.buy(kiosk.person())
    external_id = kiosk.external_id(checkout.payment_id)
    raw = notice_of(b"1" * 36, external_id.encode())
    with kiosk.kit.db.begin() as tx:
        billing.accept_notification(tx, kiosk.kit.providers["yookassa"], raw, kiosk.now)
    kiosk.drain()
    assert kiosk.count("refunds") == 0
    assert kiosk.balance("revenue:vpn") == -29900


def test_to_the_balance_it_is_there_at_once(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.buy(anna)
    kiosk.refund(checkout.payment_id, destination="balance", amount=Money(10000, "RUB"))
    kiosk.drain()
    assert kiosk.balance(f"wallet:{anna.party}") == -10000
    assert refunds_there(kiosk, checkout.payment_id) == []
    assert kiosk.faults() == []


def test_what_is_on_the_balance_goes_back_to_the_card_only_while_it_is_there(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    kiosk.scalar("UPDATE invoices SET state = 'expired' RETURNING id")
    kiosk.pay(checkout)
    kiosk.drain()
    kiosk.decide(checkout.payment_id, "keep")
    spend(kiosk, anna, 20000)
    with pytest.raises(ledger.Insufficient):
        kiosk.refund(checkout.payment_id)
    kiosk.refund(checkout.payment_id, amount=Money(9900, "RUB"))
    assert kiosk.balance(f"wallet:{anna.party}") == 0
    assert kiosk.faults() == [], "while it is on its way"
    kiosk.drain()
    assert kiosk.faults() == []


def spend(kiosk: Kiosk, person: Person, minor: int) -> None:
    amount = Money(minor, "RUB")
    entries = [ledger.Entry(f"wallet:{person.party}", amount), ledger.Entry("revenue:test", -amount)]
    with kiosk.kit.db.begin() as tx:
        ledger.post(tx, kind="spend", reference=str(next(kiosk.numbers)), entries=entries, now=kiosk.now)


def test_rewards_go_back_with_all_of_the_money(kiosk: Kiosk) -> None:
    checkout = kiosk.buy(kiosk.person())
    reward = [
        ledger.Entry("expense:referrals", Money(50, "BONUS")),
        ledger.Entry("bonus:user:1", Money(-50, "BONUS")),
    ]
    with kiosk.kit.db.begin() as tx:
        reference = f"invoice:{checkout.invoice_id}"
        ledger.post(tx, kind="referral_reward", reference=reference, entries=reward, now=kiosk.now)
    kiosk.refund(checkout.payment_id, amount=Money(100, "RUB"))
    kiosk.drain()
    assert kiosk.balance("bonus:user:1", "BONUS") == -50
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    assert kiosk.balance("bonus:user:1", "BONUS") == 0
    assert kiosk.faults() == []


def test_the_preview_is_what_happens(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first, _ = kiosk.buy(anna), kiosk.buy(anna)
    kiosk.pass_time(timedelta(days=3), step=timedelta(days=1))
    now = kiosk.now
    with kiosk.kit.db.begin() as tx:
        shown = reporting.preview_refund(tx, kiosk.kit.providers["yookassa"], first.payment_id, now=now)
    assert kiosk.count("refunds") == 0
    assert (shown.plan.amount, shown.plan.full, shown.plan.access) == (Money(29900, "RUB"), True, "shorten")
    assert shown.ends_at == ends_at(kiosk)
    kiosk.refund(first.payment_id)
    kiosk.drain()
    assert shown.would_end_at is not None
    assert abs(shown.would_end_at - ends_at(kiosk)) < timedelta(seconds=30)


def test_the_notice_of_our_own_refund_adds_nothing(kiosk: Kiosk) -> None:
    checkout = kiosk.buy(kiosk.person())
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    there = str(refunds_there(kiosk, checkout.payment_id)[0]["id"])
    wait_for(lambda: kiosk.told(there) >= 1)
    kiosk.drain()
    assert kiosk.count("ledger_transactions", "kind = 'refund'") == 1
    assert kiosk.faults() == []
