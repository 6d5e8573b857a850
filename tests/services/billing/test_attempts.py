"""One invoice, several attempts: begun side by side, paid twice or late, tried again, at the price that was shown."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from services import billing, catalog
from services.platform.money import Money
from tests.world import TOML, Kiosk, MakeKiosk, Person

TWO_DAYS = timedelta(days=2)
OLDER = text("UPDATE payments SET created_at = created_at - interval '51 minutes' WHERE id = :id")


def test_a_second_attempt_may_begin_while_the_first_is_open(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first = kiosk.checkout(anna)
    second = kiosk.checkout(anna, provider="robokassa")
    assert (second.invoice_id, second.payment_id) == (first.invoice_id, first.payment_id + 1)
    kiosk.pay(first)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.count("subscription_changes") == 1
    assert kiosk.faults() == []


def paid_twice(kiosk: Kiosk, anna: Person) -> tuple[billing.Checkout, billing.Checkout]:
    """Both by YooKassa: the first page was left open for an hour, then another one was opened."""
    first = kiosk.checkout(anna)
    with kiosk.kit.db.begin() as tx:
        tx.execute(OLDER, {"id": first.payment_id})
    second = kiosk.checkout(anna)
    assert second.payment_id != first.payment_id
    assert second.invoice_id == first.invoice_id
    kiosk.pay(first)
    kiosk.pay(second)
    kiosk.drain()
    return first, second


def test_paid_twice_waits_for_a_decision_and_is_told(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first, second = paid_twice(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        paid = [billing.any_payment(tx, one.payment_id) for one in (first, second)]
        assert billing.undecided(tx) == [one for one in paid if one.decision]
    assert sorted(str(one.decision) for one in paid) == ["None", "double"]
    assert kiosk.count("subscription_changes") == 1
    assert kiosk.balance(f"held:{anna.party}") == -29900
    assert kiosk.count("messages", "kind = 'payment_held' AND state = 'sent'") == 1
    assert kiosk.faults() == []


def double_of(kiosk: Kiosk) -> int:
    return int(kiosk.scalar("SELECT id FROM payments WHERE decision = 'double'"))


def test_a_double_payment_applied_is_a_second_month(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    paid_twice(kiosk, anna)
    kiosk.decide(double_of(kiosk), "apply")
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 2
    assert kiosk.count("subscription_changes", "kind = 'extended'") == 1
    assert kiosk.balance("revenue:vpn") == -2 * 29900
    assert kiosk.balance(f"held:{anna.party}") == 0
    assert kiosk.faults() == []


def test_a_double_payment_kept_is_money_on_the_balance(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    paid_twice(kiosk, anna)
    kiosk.decide(double_of(kiosk), "keep")
    kiosk.drain()
    assert kiosk.balance(f"wallet:{anna.party}") == -29900
    assert kiosk.count("subscription_changes") == 1
    assert "299" in kiosk.messages(anna)[-1]["text"]
    assert kiosk.faults() == []


def test_a_double_payment_refunded_goes_back_and_takes_no_days(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    paid_twice(kiosk, anna)
    ends_at = kiosk.scalar("SELECT ends_at FROM subscriptions")
    kiosk.decide(double_of(kiosk), "refund")
    kiosk.drain()
    assert kiosk.scalar("SELECT state FROM refunds") == "succeeded"
    assert kiosk.scalar("SELECT ends_at FROM subscriptions") == ends_at
    assert kiosk.balance(f"held:{anna.party}") == 0
    assert kiosk.faults() == []


def test_who_decides_twice_is_told(kiosk: Kiosk) -> None:
    paid_twice(kiosk, kiosk.person())
    payment_id = double_of(kiosk)
    kiosk.decide(payment_id, "keep")
    for choice in billing.CHOICES:
        with pytest.raises(billing.NothingToDecide):
            kiosk.decide(payment_id, choice)
    fitting = int(kiosk.scalar("SELECT id FROM payments WHERE decision IS NULL"))
    with pytest.raises(billing.NothingToDecide):
        kiosk.decide(fitting, "refund")
    assert kiosk.faults() == []


def test_ten_operators_decide_at_once_and_one_does(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    paid_twice(kiosk, anna)
    payment_id = double_of(kiosk)

    def try_it(number: int) -> bool:
        try:
            kiosk.decide(payment_id, billing.CHOICES[number % 3])
        except billing.NothingToDecide:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(try_it, range(10))) == 1
    kiosk.drain()
    assert kiosk.faults() == []


def test_late_money_applied_gives_what_was_sold(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE invoices SET state = 'expired'"))
    kiosk.pay(checkout)
    kiosk.drain()
    assert kiosk.scalar("SELECT decision FROM payments") == "late"
    kiosk.decide(checkout.payment_id, "apply")
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.count("subscriptions", "state = 'active'") == 1
    assert kiosk.faults() == []


@pytest.mark.parametrize(("price", "kept", "earned"), [(24800, 5100, 24800), (40000, 0, 29900)])
def test_another_amount_applied(kiosk: Kiosk, price: int, kept: int, earned: int) -> None:
    """Too much: the price is earned, the rest is the buyer's. Too little: an operator may let it pass."""
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE invoices SET amount_minor = :price"), {"price": price})
    kiosk.pay(checkout)
    kiosk.drain()
    assert kiosk.scalar("SELECT decision FROM payments") == "amount"
    assert kiosk.count("subscriptions") == 0
    assert kiosk.balance(f"held:{anna.party}") == -29900
    assert kiosk.faults() == []
    kiosk.decide(checkout.payment_id, "apply")
    kiosk.drain()
    assert (-kiosk.balance(f"wallet:{anna.party}"), -kiosk.balance("revenue:vpn")) == (kept, earned)
    assert kiosk.count("subscriptions", "state = 'active'") == 1
    assert kiosk.faults() == []


def test_a_policy_decides_by_itself(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(PAYMENT_POLICY="double=keep,late=apply") as kiosk:
        anna = kiosk.person()
        paid_twice(kiosk, anna)
        assert kiosk.balance(f"wallet:{anna.party}") == -29900
        assert kiosk.count("messages", "kind = 'payment_held'") == 0
        assert kiosk.scalar("SELECT actor FROM audit_log") == "rule:double=keep"
        assert kiosk.faults() == []


def test_a_failed_attempt_is_tried_again_at_the_frozen_price(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first = kiosk.checkout(anna)
    kiosk.pay(first, outcome="decline", reason="insufficient_funds")
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML.replace("299.00", "999.00"), kiosk.now)
    again = kiosk.retry(anna, first.payment_id)
    assert (again.invoice_id, again.payment_id) == (first.invoice_id, first.payment_id + 1)
    kiosk.pay(again)
    kiosk.drain()
    assert kiosk.balance("revenue:vpn") == -29900
    assert kiosk.faults() == []


def test_another_provider_takes_over(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first = kiosk.checkout(anna)
    kiosk.give(anna, Money(30000, "RUB"))
    again = kiosk.retry(anna, first.payment_id, "balance")
    assert (again.state, again.pay_url) == ("succeeded", None)
    with pytest.raises(catalog.NotForSale):
        kiosk.retry(anna, kiosk.checkout(anna).payment_id, "stars")  # another currency is another price


def test_a_closed_invoice_is_not_tried_again(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    paid = kiosk.buy(anna)
    with pytest.raises(billing.InvoiceClosed):
        kiosk.retry(anna, paid.payment_id)
    open_one = kiosk.checkout(anna)
    kiosk.pass_time(TWO_DAYS, step=timedelta(hours=6))
    with pytest.raises(billing.InvoiceClosed):
        kiosk.retry(anna, open_one.payment_id)


def test_nobody_tries_other_peoples(kiosk: Kiosk) -> None:
    first = kiosk.checkout(kiosk.person())
    with pytest.raises(billing.PaymentNotFound):
        kiosk.retry(kiosk.person("Чужой"), first.payment_id)


def test_the_same_reference_is_the_same_attempt(kiosk: Kiosk) -> None:
    anna = kiosk.person()

    def buy(_: int) -> billing.Checkout:
        for _again in range(100):  # who finds the line to the provider full is sent away, and comes again
            try:
                return kiosk.checkout(anna, reference="client:1:abc")
            except billing.CheckoutFailed:
                time.sleep(0.05)
        raise AssertionError("sent away a hundred times")

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(buy, range(8)))
    assert len({checkout.payment_id for checkout in made}) == 1
    kiosk.pay(made.pop())
    kiosk.drain()
    assert buy(0).state == "succeeded", "asked again after it was paid"
    assert kiosk.count("payments") == 1


def test_a_provider_that_is_off_is_not_begun_and_not_forgotten(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna)
    with kiosk.kit.db.begin() as tx:
        billing.switch(tx, "yookassa", on=False, actor="operator:1", reason="they are down", now=kiosk.now)
        assert "yookassa" not in billing.offered(tx, kiosk.kit.providers)
    boris = kiosk.person("Борис")
    with pytest.raises(billing.ProviderOff):
        kiosk.checkout(boris)
    kiosk.pay(checkout)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1
    with kiosk.kit.db.begin() as tx:
        billing.switch(tx, "yookassa", on=True, actor="operator:1", reason="back", now=kiosk.now)
    assert kiosk.checkout(boris).pay_url
    assert kiosk.count("audit_log") == 2
