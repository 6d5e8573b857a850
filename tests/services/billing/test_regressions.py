"""What went wrong once, named by it. Most were found by tests/machines/test_money_machine.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.sandbox.stack import Stack
from services import billing, catalog
from services.billing.providers.base import Snapshot
from services.platform.db import Database
from services.platform.money import Money
from tests.factories import database_url, kit, make_tariff, make_user
from tests.machines.characters import CHARACTERS
from tests.machines.market import BEGIN, HandClock, Market
from tests.machines.scripted_provider import ScriptedProvider
from tests.machines.scripted_shop import Paid

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Open = Callable[[str], "Stall"]


class Stall:
    """One buyer at one provider."""

    def __init__(self, market: Market, shop: ScriptedProvider) -> None:
        self.market, self.shop = market, shop
        with market.kit.db.begin() as tx:
            self.anna = make_user(tx, market.now).party
            billing.consent_to_saving(tx, self.anna, market.now)

    def checkout(self, provider: str = "shop", **how: Any) -> billing.Checkout:
        return billing.checkout(
            self.market.kit.db,
            self.market.kit.providers[provider],
            party=self.anna,
            tariff="ten-days",
            description="VPN",
            return_url="https://t.me/kiosk_bot",
            now=self.market.now,
            **how,
        )

    def pay(self, checkout: billing.Checkout, amount: Money | None = None) -> Paid:
        assert checkout.pay_url
        assert self.shop.pay(checkout.pay_url, amount)
        return list(self.shop.payments.values())[-1]

    def hear(self) -> None:
        while self.shop.notices:
            self.market.deliver_notice(self.shop, self.shop.notices.pop(0))
        self.market.drain()

    def buy(self, **how: Any) -> billing.Checkout:
        checkout = self.checkout(**how)
        self.pay(checkout)
        self.hear()
        return checkout

    def refund(self, checkout: billing.Checkout, **how: Any) -> int:
        with self.market.kit.db.begin() as tx:
            wanted = {"reason": "asked", "actor": "operator:1", "now": self.market.now} | how
            return billing.request_refund(tx, self.shop, checkout.payment_id, **wanted)

    def charge(self, purpose: str) -> None:
        """Plans to charge the remembered card."""
        card = self.one("SELECT id FROM payment_methods")
        with self.market.kit.db.begin() as tx:
            quote = catalog.quote(tx, "ten-days", "RUB", {"all"})
            billing.start_charge(tx, party=self.anna, purpose=purpose, method_id=card, quote=quote, now=self.market.now)

    def one(self, sql: str, **values: Any) -> Any:
        ((found,),) = self.market.rows(sql, **values)
        return found

    def proved(self) -> None:
        assert self.market.broken == []
        assert self.market.faults() == []


@pytest.fixture
def at(db: Database, stack: Stack) -> Iterator[Open]:
    """Opens a stall at a provider of this character."""

    def opened(character: str) -> Stall:
        clock = HandClock()
        shop = ScriptedProvider("shop", CHARACTERS[character], clock)
        return Stall(Market.opened(basis, db, [shop], clock), shop)

    with db.begin() as tx:
        make_tariff(tx, BEGIN, "ten-days", period="{days = 10}")
        toml = """
            [[tariff]]
            slug = "stars"
            product = "vpn"
            name = {ru = "VPN", uk = "VPN", en = "VPN"}
            description = {ru = "VPN", uk = "VPN", en = "VPN"}
            prices = {XTR = "150"}
            period = {days = 10}
            access = []"""
        catalog.import_catalogue(tx, toml, BEGIN)
    with kit(database_url(db), stack.redis_url) as basis:
        yield opened


def test_a_refund_to_the_balance_was_missing_at_the_balance(at: Open) -> None:
    """The balance as a provider lists what it was paid and gave back; a refund of another provider's payment, which
    was put on the balance, is none of its operations."""
    stall = at("complete")
    stall.refund(stall.buy(), destination="balance")
    stall.market.drain()
    paid = stall.checkout("balance")
    assert paid.state == "succeeded"
    assert stall.market.make_statements() == []


@pytest.mark.parametrize("character", ["keyless", "keyless, refunds named"])
def test_a_refund_that_a_person_had_confirmed_was_taken_for_a_foreign_one(at: Open, character: str) -> None:
    stall = at(character)
    checkout = stall.buy()
    stall.shop.faults["refund"].append("lost_after")
    stall.refund(checkout)
    stall.market.drain()
    assert stall.one("SELECT state FROM refunds") == "unknown"
    stall.market.look_up_unknown_refunds()
    stall.market.make_statements()
    assert stall.one("SELECT count(*) FROM refunds") == 1
    assert stall.one("SELECT external_id FROM refunds") in stall.shop.refunds
    assert stall.market.make_statements() == []
    stall.proved()


def test_a_refund_that_was_listed_before_its_payment_was_known_stopped_the_statement(at: Open) -> None:
    stall = at("keyless, refunds named")
    checkout = stall.checkout()
    paid = stall.pay(checkout)
    assert stall.shop.refund_in_cabinet(paid, Money(100, "RUB"))
    news_of_refund = stall.shop.notices.pop()
    stall.shop.notices.clear()
    stall.market.deliver_notice(stall.shop, news_of_refund)
    del stall.shop.payments[paid.id]  # as in a list that begins after the payment
    stall.market.make_statements()
    stall.market.drain()
    assert stall.market.broken == []
    stall.shop.payments[paid.id] = paid
    billing.check_payment(stall.market.kit.db, stall.market.kit.providers, stall.anna, checkout.payment_id, BEGIN)
    stall.market.make_statements()
    assert stall.one("SELECT state FROM refunds") == "succeeded"
    stall.proved()


def test_days_that_were_refunded_before_they_were_given_stayed(at: Open) -> None:
    """Events go to their reactions in any order."""
    stall = at("complete")
    checkout = stall.checkout()
    stall.pay(checkout)
    while stall.shop.notices:
        stall.market.deliver_notice(stall.shop, stall.shop.notices.pop())
    for one in stall.market.open_deliveries():
        stall.market.deliver(one)
    stall.refund(checkout)
    given = "subscriptions.extend_after_payment"
    for _ in range(3):
        for one in stall.market.open_deliveries():
            if one.reaction != given:
                stall.market.deliver(one)
    stall.market.drain()
    assert stall.one("SELECT state FROM subscriptions") == "expired"
    assert stall.one("SELECT ends_at FROM subscriptions") == stall.market.now


def test_a_charge_that_was_announced_twice_was_tried_twice_at_once(at: Open) -> None:
    """The workers were busy for ten minutes, so it was announced again; then both went out, one after the other."""
    stall = at("complete")
    stall.buy(save=True)
    stall.charge("p")
    stall.shop.shop.card = "insufficient_funds"
    stall.market.pass_time(MINUTE)
    stall.market.pass_time(10 * MINUTE)
    first, second = [one for one in stall.market.open_deliveries() if one.reaction == "billing.carry_out_charge"]
    stall.market.deliver(first)
    for one in stall.market.open_deliveries():
        if one != second:
            stall.market.deliver(one)
    stall.market.drain()
    with stall.market.kit.db.begin() as tx:
        charge = billing.charge_of(tx, "p")
    assert charge is not None
    assert (charge.state, charge.tries) == ("due", 1)
    assert charge.next_at == stall.market.now + 24 * HOUR


def test_a_refund_whose_second_call_was_refused_was_forgotten_to_be_sent(at: Open) -> None:
    """Killed after sending, then refused at the door for a day: it may be there, and its key is too old to tell."""
    stall = at("complete")
    checkout = stall.buy()
    stall.shop.faults["refund"].append("died_after")
    stall.refund(checkout, amount=Money(100, "RUB"))
    stall.market.drain()
    stall.shop.faults["refund"].append("refused")
    for one in stall.market.open_deliveries():
        stall.market.deliver(one)
    assert stall.one("SELECT state FROM refunds") == "sending"
    stall.market.clock.moment += 25 * HOUR
    stall.market.drain()
    assert len(stall.shop.refunds) == 1
    assert stall.one("SELECT state FROM refunds") == "succeeded"
    stall.proved()


def test_what_was_paid_in_the_night_was_missing_on_the_day_it_was_begun(at: Open) -> None:
    """The provider lists by the time of payment, or was out of reach in the evening."""
    stall = at("charges")
    stall.market.clock.moment = BEGIN.replace(hour=22)
    checkout = billing.checkout(
        stall.market.kit.db,
        stall.shop,
        party=stall.anna,
        tariff="stars",
        description="VPN",
        return_url="https://t.me/kiosk_bot",
        now=stall.market.now,
    )
    stall.market.clock.moment += 4 * HOUR
    stall.pay(checkout)
    stall.hear()
    assert stall.market.make_statements() == []


def test_a_foreign_refund_was_missing_on_the_day_after_it_was_found(at: Open) -> None:
    """As was a page paid twice: their rows said when we heard of them, not when they were made."""
    stall = at("keyless, refunds named")
    stall.buy()
    paid = next(iter(stall.shop.payments.values()))
    assert stall.shop.refund_in_cabinet(paid, Money(100, "RUB"))
    stall.shop.notices.clear()
    stall.market.clock.moment += 24 * HOUR
    stall.market.make_statements()
    assert stall.one("SELECT state FROM refunds") == "succeeded"
    assert stall.market.make_statements() == []
    assert stall.one("SELECT created_at FROM refunds") == BEGIN


def test_days_for_parts_of_the_money_were_reckoned_from_what_was_left(at: Open) -> None:
    stall = at("complete")
    checkout = stall.buy()
    for _ in range(2):
        stall.refund(checkout, amount=Money(29900 // 4, "RUB"), access="shorten")
        stall.market.drain()
    assert stall.one("SELECT ends_at FROM subscriptions") - BEGIN == timedelta(days=5)


def test_a_refund_that_the_provider_undid_stopped_the_statement(at: Open) -> None:
    """What has ended well here stays so; that the lists differ is what a statement is for."""
    stall = at("complete")
    stall.refund(stall.buy())
    stall.market.drain()
    (there,) = stall.shop.refunds.values()
    there.status = "canceled"
    (found,) = stall.market.make_statements()
    assert "kind='state', what='refund'" in found
    stall.proved()


def test_what_was_too_much_went_back_and_stayed_on_the_balance(at: Open) -> None:
    """Applied with a surplus, which went to the balance; then all of it was given back in the cabinet."""
    stall = at("keyless, refunds named")
    checkout = stall.checkout()
    paid = stall.pay(checkout, Money(40000, "RUB"))
    stall.hear()
    with stall.market.kit.db.begin() as tx:
        billing.decide(
            tx, stall.market.kit.providers, checkout.payment_id, "apply", actor="operator:1", now=stall.market.now
        )
    assert stall.shop.refund_in_cabinet(paid, Money(40000, "RUB"))
    stall.hear()
    sums = dict(stall.market.rows("SELECT account, sum(minor)::int FROM ledger_entries GROUP BY 1"))
    assert sums["revenue:vpn"] == 0
    assert sums[f"wallet:{stall.anna}"] == 0
    stall.proved()
    assert isinstance(stall.shop.fetch(paid.id), Snapshot)


def test_a_forgotten_card_was_charged_by_asking_what_became_of_it(at: Open) -> None:
    """The provider was out of reach, the owner forgot the card, and asking by the same request made the payment."""
    stall = at("complete")
    stall.buy(save=True)
    stall.charge("p")
    stall.shop.faults["create"].append("refused")
    stall.market.pass_time(MINUTE)
    stall.market.drain()
    card = stall.one("SELECT id FROM payment_methods")
    with stall.market.kit.db.begin() as tx:
        billing.forget_method(tx, stall.anna, card, stall.market.now)
    for _ in range(8):
        stall.market.pass_time(4 * HOUR)
        stall.market.drain()
    assert len(stall.shop.payments) == 1
    with stall.market.kit.db.begin() as tx:
        charge = billing.charge_of(tx, "p")
    assert charge is not None
    assert (charge.state, charge.reason) == ("due", "no_answer")
    stall.proved()


def test_a_forgotten_card_that_was_charged_before_is_found(at: Open) -> None:
    stall = at("complete")
    stall.buy(save=True)
    stall.charge("p")
    stall.shop.faults["create"].extend(["lost_after", "lost_after"])
    stall.market.pass_time(MINUTE)
    stall.market.drain()
    card = stall.one("SELECT id FROM payment_methods")
    with stall.market.kit.db.begin() as tx:
        billing.forget_method(tx, stall.anna, card, stall.market.now)
    stall.market.pass_time(5 * MINUTE)
    stall.market.drain()
    with stall.market.kit.db.begin() as tx:
        charge = billing.charge_of(tx, "p")
    assert charge is not None
    assert charge.state == "paid"
    stall.proved()
