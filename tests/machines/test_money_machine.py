"""Money over the border in any order: people buy, pay twice, late and wrongly, providers fail and forget, operators
decide and refund, processes die. Whatever happens the books stay proved, and when it is over both sides agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from apps.sandbox.stack import Stack
from services import billing, catalog, ledger
from services.billing.charge import PAUSES
from services.billing.providers.base import BadNotification, Capability
from services.identity import Party
from services.kit import Kit
from services.platform.db import Database
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound, Rejected, TryLater
from services.platform.money import Money
from tests.factories import kit, make_user
from tests.machines.characters import CHARACTERS
from tests.machines.market import BEGIN, HandClock, Market
from tests.machines.scripted_provider import FAULTS, ScriptedProvider

TARIFFS = {"vpn-10d": ("{days = 10}", "299.00", "150"), "vpn-5h": ("{hours = 5}", "19.90", "10")}
CALLS = ("create", "fetch", "operations", "capture", "cancel", "refund", "fetch_refund")
REFUSED = (Conflict, Forbidden, Invalid, NotFound, Rejected, TryLater)
SPANS = st.sampled_from(
    [timedelta(seconds=15), *(timedelta(minutes=n) for n in (1, 6, 55)), *(timedelta(hours=n) for n in (3, 24, 49))]
)
REFUND_ENDS = st.sampled_from(["succeeded", "succeeded", "pending", "canceled", "declined"])
CARD = st.sampled_from(["works", "works", "insufficient_funds", "card_expired"])
CHOICE = st.sampled_from(billing.CHOICES)
PERCENT = st.sampled_from([100, 100, 100, 83, 130])
FAULT = st.sampled_from([None, None, None, None, *FAULTS])
PART = st.sampled_from([1, 7, 50, 99, 100])  # percent
_purposes = itertools.count()


def toml() -> str:
    return "".join(
        f"""
[[tariff]]
slug = "{slug}"
product = "vpn"
name = {{ru = "VPN", uk = "VPN", en = "VPN"}}
description = {{ru = "VPN", uk = "VPN", en = "VPN"}}
prices = {{RUB = "{rubles}", XTR = "{stars}"}}
period = {period}
access = []
"""
        for slug, (period, rubles, stars) in TARIFFS.items()
    )


class MoneyMachine(RuleBasedStateMachine):
    make_market: Any

    @initialize(first=st.sampled_from(sorted(CHARACTERS)), second=st.sampled_from(sorted(CHARACTERS)))
    def a_market_opens(self, first: str, second: str) -> None:
        clock = HandClock()
        shops = [ScriptedProvider(f"p{n}", CHARACTERS[name], clock) for n, name in enumerate((first, second))]
        self.closing = self.make_market(shops, clock)
        self.market: Market = self.closing.__enter__()
        self.people: list[Party] = []
        self.forgotten: dict[int, datetime] = {}
        self.overdrawn: set[str] = set()
        self.returned_elsewhere: set[str] = set()
        self.a_person_comes()
        for shop in shops:
            self.sell(shop, "vpn-10d")

    def sell(self, shop: ScriptedProvider, tariff: str, again: timedelta | None = None, percent: int = 100) -> None:
        """To the first one who came. Paid `again` after that time on a second page, or as much as this."""
        person, market = self.people[0], self.market
        made = self.check_out(person, shop.code, tariff, save=True, renews=True)
        other = None
        if made is not None and again is not None:
            market.pass_time(again)
            other = self.pay_again(person, made.payment_id, shop.code)
        for one in (made, other):
            if one is not None and one.pay_url is not None:
                self.pay_page(shop, one.pay_url, one.payment_id, percent)
        while shop.notices:
            market.deliver_notice(shop, shop.notices.pop(0))
        market.drain()

    def teardown(self) -> None:
        if hasattr(self, "market"):
            try:
                self.everything_ends()
            finally:
                self.closing.__exit__(None, None, None)

    # Small tools.

    def a_person_comes(self) -> None:
        with self.market.kit.db.begin() as tx:
            self.people.append(make_user(tx, self.market.now).party)
            billing.consent_to_saving(tx, self.people[-1], self.market.now)

    def rows(self, sql: str, **values: Any) -> Any:
        return self.market.rows(sql, **values)

    def try_to(self, work: Any) -> Any:
        """What a person may be refused in good order, and what a process may die of."""
        try:
            return self.market.survive(work)
        except REFUSED:
            return None

    def in_a_transaction(self, work: Any) -> Any:
        def run() -> Any:
            with self.market.kit.db.begin() as tx:
                return work(tx)

        return self.try_to(run)

    def a_shop(self, data: st.DataObject) -> ScriptedProvider:
        return data.draw(st.sampled_from(list(self.market.shops.values())))

    # Buyers.

    def check_out(
        self, person: Party, code: str, tariff: str, *, save: bool, renews: bool, reference: str | None = None
    ) -> billing.Checkout | None:
        provider = self.market.kit.providers[code]
        able = provider.capabilities
        made: billing.Checkout | None = self.try_to(
            lambda: billing.checkout(
                self.market.kit.db,
                provider,
                party=person,
                tariff=tariff,
                description="VPN",
                return_url="https://t.me/kiosk_bot",
                now=self.market.now,
                save=save and Capability.SAVED_METHOD in able,
                renews=renews and Capability.RENEWS in able,
                reference=reference,
            )
        )
        return made

    def pay_again(self, person: Party, payment_id: int, code: str | None) -> billing.Checkout | None:
        made: billing.Checkout | None = self.try_to(
            lambda: billing.retry(
                self.market.kit.db,
                self.market.kit.providers,
                party=person,
                payment_id=payment_id,
                provider=code,
                description="VPN",
                return_url="https://t.me/kiosk_bot",
                now=self.market.now,
            )
        )
        return made

    def pay_page(self, shop: ScriptedProvider, url: str, payment_id: int, percent: int) -> None:
        ((minor, currency),) = self.rows("SELECT amount_minor, currency FROM payments WHERE id = :id", id=payment_id)
        held = Capability.HOLD in shop.capabilities
        shop.pay(url, None if percent == 100 or held else Money(minor * percent // 100, currency))

    @rule(
        data=st.data(), tariff=st.sampled_from(sorted(TARIFFS)), save=st.booleans(), renews=st.booleans(), fault=FAULT
    )
    def buys(self, data: st.DataObject, tariff: str, save: bool, renews: bool, fault: str | None) -> None:
        person = data.draw(st.sampled_from(self.people))
        code = data.draw(st.sampled_from(["p0", "p0", "p1", "p1", "balance"]))
        if code != "balance" and fault is not None:
            self.market.shops[code].faults["create"].append(fault)
        reference = data.draw(st.sampled_from([None, None, f"{person}:{code}:{tariff}"]))
        self.check_out(person, code, tariff, save=save, renews=renews, reference=reference)

    @rule(
        data=st.data(),
        tariff=st.sampled_from(sorted(TARIFFS)),
        again=st.sampled_from([None, None, timedelta(), timedelta(minutes=55), timedelta(hours=23)]),
        percent=PERCENT,
    )
    def buys_and_pays(self, data: st.DataObject, tariff: str, again: timedelta | None, percent: int) -> None:
        self.sell(self.a_shop(data), tariff, again, percent)

    @rule(data=st.data(), percent=PERCENT)
    def pays_late(self, data: st.DataObject, percent: int) -> None:
        """When the time of the invoice is over."""
        shop, person = self.a_shop(data), data.draw(st.sampled_from(self.people))
        made = self.check_out(person, shop.code, "vpn-10d", save=False, renews=False)
        for _ in range(2):
            self.market.pass_time(timedelta(hours=13))
            self.market.drain()
        if made is not None and made.pay_url is not None:
            self.pay_page(shop, made.pay_url, made.payment_id, percent)

    @rule(data=st.data())
    def tries_again(self, data: st.DataObject) -> None:
        attempts = self.rows("SELECT id, party FROM payments ORDER BY id DESC LIMIT 5")
        attempt = data.draw(st.sampled_from(attempts))
        self.pay_again(
            Party.parse(attempt.party), attempt.id, data.draw(st.sampled_from([None, "p0", "p1", "balance"]))
        )

    @rule(data=st.data(), percent=PERCENT, times=st.sampled_from([1, 1, 1, 2]))
    def pays(self, data: st.DataObject, percent: int, times: int) -> None:
        """On a page that Kiosk has shown, also long ago."""
        pages = self.rows(
            "SELECT id, provider, pay_url FROM payments WHERE pay_url IS NOT NULL ORDER BY id DESC LIMIT 6"
        )
        if pages:
            page = data.draw(st.sampled_from(pages))
            for _ in range(times):
                self.pay_page(self.market.shops[page.provider], page.pay_url, page.id, percent)

    @rule(data=st.data())
    def is_declined(self, data: st.DataObject) -> None:
        pages = self.rows("SELECT provider, pay_url FROM payments WHERE state = 'awaiting_user' ORDER BY id")
        if pages:
            page = data.draw(st.sampled_from(pages))
            self.market.shops[page.provider].decline(page.pay_url, "insufficient_funds")

    @rule(data=st.data())
    def asks_for_the_state(self, data: st.DataObject) -> None:
        attempts = self.rows("SELECT id, party FROM payments ORDER BY id DESC LIMIT 5")
        if attempts:
            one = data.draw(st.sampled_from(attempts))
            kit, party = self.market.kit, Party.parse(one.party)
            self.try_to(lambda: billing.check_payment(kit.db, kit.providers, party, one.id, self.market.now))

    @rule(data=st.data())
    def is_given_money(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(self.people))
        amount = Money(29900, "RUB")
        entries = [ledger.Entry("equity:test", amount), ledger.Entry(f"wallet:{person}", -amount)]
        gift = str(uuid4())
        self.in_a_transaction(
            lambda tx: ledger.post(tx, kind="gift", reference=gift, entries=entries, now=self.market.now)
        )

    @rule()
    def comes(self) -> None:
        if len(self.people) < 3:
            self.a_person_comes()

    # Remembered cards.

    @rule(data=st.data(), tariff=st.sampled_from(sorted(TARIFFS)), card=CARD, fault=FAULT)
    def a_charge_is_planned(self, data: st.DataObject, tariff: str, card: str, fault: str | None) -> None:
        cards = self.rows("SELECT id, party, provider FROM payment_methods ORDER BY id")
        if not cards:
            return
        method = data.draw(st.sampled_from(cards))
        shop = self.market.shops[method.provider]
        shop.shop.card = card
        shop.faults["create"].extend([fault] if fault else [])

        def start(tx: Any) -> int:
            price = catalog.quote(tx, tariff, shop.currency, {"all"})
            return billing.start_charge(
                tx,
                party=Party.parse(method.party),
                purpose=f"purpose:{next(_purposes)}",
                method_id=method.id,
                quote=price,
                now=self.market.now,
            )

        self.in_a_transaction(start)
        self.market.tick()

    @rule(data=st.data())
    def a_charge_is_stopped(self, data: st.DataObject) -> None:
        purposes = [row.purpose for row in self.rows("SELECT purpose FROM charges ORDER BY id")]
        if purposes:
            purpose = data.draw(st.sampled_from(purposes))
            self.in_a_transaction(lambda tx: billing.stop_charge(tx, purpose, "turned off", self.market.now))

    @rule(data=st.data())
    def a_card_is_forgotten(self, data: st.DataObject) -> None:
        cards = self.rows("SELECT id, party FROM payment_methods WHERE state = 'active' ORDER BY id")
        if cards:
            card = data.draw(st.sampled_from(cards))
            party = Party.parse(card.party)
            self.in_a_transaction(lambda tx: billing.forget_method(tx, party, card.id, self.market.now))
            self.forgotten[card.id] = self.market.now

    # Providers.

    @rule(data=st.data(), call=st.sampled_from(CALLS), fault=st.sampled_from(FAULTS), times=st.integers(1, 3))
    def a_fault(self, data: st.DataObject, call: str, fault: str, times: int) -> None:
        self.a_shop(data).faults[call].extend([fault] * times)

    @rule(data=st.data(), refunds=REFUND_ENDS, card=CARD)
    def a_shop_is_set(self, data: st.DataObject, refunds: str, card: str) -> None:
        shop = self.a_shop(data)
        shop.shop.refunds, shop.shop.card = refunds, card

    @rule(data=st.data(), times=st.sampled_from([1, 1, 1, 3]), keep=st.booleans())
    def a_notice_arrives(self, data: st.DataObject, times: int, keep: bool) -> None:
        """In any order, several times, or also later again."""
        shop = self.a_shop(data)
        if shop.notices:
            number = data.draw(st.integers(0, len(shop.notices) - 1))
            for _ in range(times):
                self.market.deliver_notice(shop, shop.notices[number])
            if not keep:
                shop.notices.pop(number)

    @rule(data=st.data(), kind=st.sampled_from(["payment.succeeded", "refund.succeeded", "payment.canceled"]))
    def a_stranger_writes(self, data: st.DataObject, kind: str) -> None:
        shop = self.a_shop(data)
        known = self.rows("SELECT external_id FROM payments WHERE provider = :p ORDER BY id", p=shop.code)
        ids = [row.external_id for row in known if row.external_id] + ["nobodys"]
        raw = shop.forge(data.draw(st.sampled_from(ids)), kind, data.draw(st.sampled_from(ids)))
        if shop.character.signed:
            with pytest.raises(BadNotification):
                self.market.deliver_notice(shop, raw)
        else:
            self.market.deliver_notice(shop, raw)

    @rule(data=st.data(), done=st.booleans())
    def a_refund_ends_there(self, data: st.DataObject, done: bool) -> None:
        pending = [
            (shop, one.id)
            for shop in self.market.shops.values()
            for one in shop.refunds.values()
            if one.status == "pending"
        ]
        if pending:
            shop, number = data.draw(st.sampled_from(pending))
            shop.end_refund(shop.refunds[number], done=done)

    @rule(data=st.data(), percent=PART)
    def money_goes_back_in_the_cabinet(self, data: st.DataObject, percent: int) -> None:
        paid = [
            (shop, one.id)
            for shop in self.market.shops.values()
            for one in shop.payments.values()
            if one.status == "succeeded" and shop.character.refund_notices
        ]
        if not paid:
            return
        shop, number = data.draw(st.sampled_from(paid))
        one = shop.payments[number]
        to_balance = "SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id AND r.destination = 'balance' "
        if self.rows(to_balance + "AND p.external_id = :id", id=one.id):
            return  # as above
        self.returned_elsewhere.add(one.id)
        whole = shop.character.by_charge or percent == 100
        amount = shop.left(one) if whole else Money(one.amount.minor * percent // 100, one.amount.currency)
        if amount.minor > 0 and shop.refund_in_cabinet(one, amount):
            ((party,),) = self.rows("SELECT party FROM payments WHERE key = CAST(:key AS uuid)", key=one.key)
            self.overdrawn.add(f"wallet:{party}")

    @rule(data=st.data())
    def a_period_is_renewed(self, data: st.DataObject) -> None:
        renewing = [
            (shop, one.id)
            for shop in self.market.shops.values()
            for one in shop.payments.values()
            if one.renews and not one.renewal
        ]
        if renewing:
            shop, number = data.draw(st.sampled_from(renewing))
            shop.renew(shop.payments[number])

    # Operators.

    @rule(data=st.data(), choice=CHOICE)
    def somebody_decides(self, data: st.DataObject, choice: billing.Choice) -> None:
        waiting = self.rows("SELECT id FROM payments WHERE decision IS NOT NULL AND decided IS NULL ORDER BY id")
        if waiting:
            payment = data.draw(st.sampled_from(waiting)).id
            providers = self.market.kit.providers
            self.in_a_transaction(
                lambda tx: billing.decide(tx, providers, payment, choice, actor="operator:1", now=self.market.now)
            )

    @rule(
        data=st.data(),
        percent=PART,
        access=st.sampled_from([None, "keep", "shorten"]),
        destination=st.sampled_from(["provider", "provider", "balance"]),
        reference=st.sampled_from([None, "once"]),
        times=st.sampled_from([1, 1, 2]),
        fault=FAULT,
        end=REFUND_ENDS,
    )
    def somebody_refunds(
        self,
        data: st.DataObject,
        percent: int,
        access: billing.Access | None,
        destination: billing.Destination,
        reference: str | None,
        times: int,
        fault: str | None,
        end: str,
    ) -> None:
        paid = self.rows("SELECT id FROM payments WHERE state = 'succeeded' ORDER BY id")
        if not paid:
            return
        (one,) = self.rows("SELECT * FROM payments WHERE id = :id", id=data.draw(st.sampled_from(paid)).id)
        if destination == "balance" and one.external_id in self.returned_elsewhere:
            return  # given back twice, truly: the proof says so, and it is right
        if shop := self.market.shops.get(one.provider):
            shop.shop.refunds = end
            shop.faults["refund"].extend([fault] if fault else [])
        part = Money(max(1, one.received_minor * percent // 100), one.received_currency)

        def ask(tx: Any) -> int:
            return billing.request_refund(
                tx,
                self.market.kit.providers[one.provider],
                one.id,
                amount=None if percent == 100 else part,
                access=access,
                destination=destination,
                reason="asked",
                actor="operator:1",
                now=self.market.now,
                reference=reference and f"{reference}:{one.id}",
            )

        made = [self.in_a_transaction(ask) for _ in range(times)]
        if reference:
            assert len(set(made)) == 1

    @rule(data=st.data())
    def somebody_looks_up_a_refund(self, data: st.DataObject) -> None:
        self.market.look_up_unknown_refunds()

    @rule(code=st.sampled_from(["p0", "p1"]), on=st.booleans())
    def somebody_switches(self, code: str, on: bool) -> None:
        self.in_a_transaction(
            lambda tx: billing.switch(tx, code, on=on, actor="operator:1", reason="why not", now=self.market.now)
        )

    # The house itself.

    @rule(data=st.data(), count=st.integers(1, 6))
    def some_reactions(self, data: st.DataObject, count: int) -> None:
        waiting = self.market.open_deliveries()
        if waiting:
            for one in data.draw(st.permutations(waiting))[:count]:
                self.market.deliver(one)

    @rule()
    def all_reactions(self) -> None:
        self.market.drain()

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.market.pass_time(span)

    # What must be so.

    @invariant()
    def all_is_right(self) -> None:
        if hasattr(self, "market"):
            assert self.market.faults() == []
            assert self.market.broken == []
            self.nobody_owes_us()
            self.nothing_is_made_twice()
            self.subscriptions_end_when_they_should()
            self.cards_are_charged_seldom()
            self.forgotten_cards_are_not_charged()

    def nobody_owes_us(self) -> None:
        negative = self.rows("SELECT account FROM ledger_balances WHERE minor > 0 AND account LIKE 'wallet:%'")
        assert {row.account for row in negative} <= self.overdrawn

    def nothing_is_made_twice(self) -> None:
        for shop in self.market.shops.values():
            assert [key for key, times in shop.made.items() if times > 1] == []

    def subscriptions_end_when_they_should(self) -> None:
        rows = self.rows("SELECT party, product, ends_at FROM subscriptions")
        assert {(row.party, row.product): row.ends_at for row in rows} == self.market.ends()

    def cards_are_charged_seldom(self) -> None:
        tries = """
            SELECT c.id, p.created_at FROM charges c
            JOIN payments p ON p.invoice_id = c.invoice_id AND p.reference LIKE 'charge:%' ORDER BY c.id, p.id"""
        for _, group in itertools.groupby(self.rows(tries), key=lambda row: row.id):
            times = [row.created_at for row in group]
            assert len(times) <= 1 + len(PAUSES)
            for pause, (earlier, later) in zip(PAUSES, itertools.pairwise(times), strict=False):
                assert later - earlier >= pause

    def forgotten_cards_are_not_charged(self) -> None:
        charged = """
            SELECT p.provider, p.key::text, p.method_id FROM payments p JOIN payment_methods m ON m.id = p.method_id
            WHERE m.state = 'forgotten' ORDER BY p.id"""
        for row in self.rows(charged):
            there = [one for one in self.market.shops[row.provider].payments.values() if one.key == row.key]
            assert all(one.made_at <= self.forgotten[row.method_id] for one in there)

    def everything_ends(self) -> None:
        """When nothing is under way any more, both sides say the same."""
        market = self.market
        market.settle_down()
        self.all_is_right()
        assert market.open_deliveries() == []
        assert self.rows("SELECT id, state FROM payments WHERE state IN ('sending', 'unknown', 'authorized')") == []
        assert self.rows("SELECT id, state FROM refunds WHERE state IN ('requested', 'sending', 'unknown')") == []
        for shop in market.shops.values():
            assert market.clearing(shop.code) == market.owed_by(shop), shop.character
        assert market.clearing("balance") == {}
        unextended = "SELECT id FROM invoices WHERE state = 'paid' AND id NOT IN "
        unextended += "(SELECT invoice_id FROM subscription_changes WHERE invoice_id IS NOT NULL)"
        assert self.rows(unextended) == []
        assert market.make_statements() == []


@contextmanager
def market_on(
    stack: Stack, template: str, basis: Kit, shops: list[ScriptedProvider], clock: HandClock
) -> Iterator[Market]:
    """A market on a database of its own."""
    name = f"money_{uuid4().hex[:8]}"
    stack.create_database(name, template)
    db = Database(stack.database_url(name))
    try:
        with db.begin() as tx:
            catalog.import_catalogue(tx, toml(), BEGIN)
        yield Market.opened(basis, db, shops, clock)
    finally:
        db.close()
        stack.drop_database(name)


def test_money_comes_and_goes_and_both_sides_agree(stack: Stack, template: str, long: bool) -> None:
    with kit(stack.database_url(template), stack.redis_url) as basis:
        machine = type("MoneyOnPostgreSQL", (MoneyMachine,), {})
        machine.make_market = lambda _, shops, clock: market_on(stack, template, basis, shops, clock)
        run_state_machine_as_test(machine, settings=settings(max_examples=60 if long else 8, stateful_step_count=30))
