"""What runs out is not sold; and where it ran out before the payment came, all of the money goes back, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from services import billing, catalog, gifts, provisioning, subscriptions
from services.billing import Capability
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.money import Money
from services.provisioning import SoldOut
from services.react import react
from services.reactions import routes
from tests.stock import accesses, arrive, in_stock, key_of, keys_in, owned, refunds, stocked, verified
from tests.world import Kiosk, MakeKiosk, Person

DAY = timedelta(days=1)


def may_buy(kiosk: Kiosk, person: Person, tariff: str, purpose: str = "subscription") -> bool:
    with kiosk.kit.db.begin() as tx:
        quote = replace(catalog.quote(tx, tariff, "RUB", {"all"}), purpose=purpose)
        try:
            in_stock(kiosk, person)(tx, quote)
        except SoldOut:
            return False
        return True


def sells_one(kiosk: Kiosk) -> tuple[Person, Person]:
    """The only key is Anna's; Boris comes too late."""
    stocked(kiosk, "KEY-1")
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    kiosk.buy(anna, "game")
    return anna, boris


@contextmanager
def refunds_under_way(kiosk: Kiosk) -> Iterator[None]:
    """The provider takes its time; at the end all of them succeed."""
    kiosk.post("/yookassa/settings", refund="pending")
    yield
    kiosk.post("/yookassa/settings", refund="succeeded")


def finish_refund(kiosk: Kiosk) -> None:
    external_id = kiosk.scalar("SELECT external_id FROM refunds WHERE state = 'pending'")
    kiosk.post(f"/yookassa/refunds/{external_id}/finish", outcome="success")
    kiosk.pass_time(timedelta(hours=1), step=timedelta(minutes=10))


# --- before the payment -----------------------------------------------------------------------------------------------


def test_who_has_none_of_it_may_not_buy_what_is_gone(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    assert not may_buy(kiosk, boris, "game")
    assert not may_buy(kiosk, boris, "bundle")
    assert may_buy(kiosk, boris, "plain")
    assert may_buy(kiosk, boris, "app"), "what is signed never runs out"
    arrive(kiosk, "KEY-2")
    assert may_buy(kiosk, boris, "game")


def test_who_has_it_renews_also_after_the_end(kiosk: Kiosk) -> None:
    anna, boris = sells_one(kiosk)
    assert may_buy(kiosk, anna, "game")
    kiosk.pass_time(40 * DAY, step=10 * DAY)
    assert owned(kiosk, anna).state == "expired"
    assert may_buy(kiosk, anna, "game"), "their key waits for them"
    assert not may_buy(kiosk, boris, "game")
    assert keys_in(kiosk) == {"revoked": 1}, "to look is not to take"


def test_a_gift_is_for_somebody_else_and_tokens_need_no_stock(kiosk: Kiosk) -> None:
    anna, _ = sells_one(kiosk)
    assert not may_buy(kiosk, anna, "game", "gift")
    assert may_buy(kiosk, anna, "game", "topup")


def test_a_change_to_what_is_gone_is_not_sold(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    kiosk.buy(boris, "plain")
    assert not may_buy(kiosk, boris, "bundle", "change")
    assert may_buy(kiosk, boris, "plain")


def test_a_full_server_is_sold_to_nobody_new(make_kiosk: MakeKiosk) -> None:
    """Every kind is asked that says it may run out."""
    with make_kiosk(VPN_DE1_CAPACITY="1", VPN_NL1_CAPACITY="1") as kiosk:
        stocked(kiosk)
        anna, boris, vera = (kiosk.person(name) for name in ("Анна", "Борис", "Вера"))
        kiosk.buy(anna, "plain")
        assert may_buy(kiosk, boris, "plain")
        kiosk.buy(boris, "plain")
        assert may_buy(kiosk, anna, "plain")
        assert not may_buy(kiosk, vera, "plain")


def test_nothing_is_opened_for_what_is_gone(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    invoices = kiosk.count("invoices")
    with pytest.raises(SoldOut):
        kiosk.checkout(boris, "game", may_sell=in_stock(kiosk, boris))
    with kiosk.kit.db.begin() as tx:
        gift = gifts.quote(tx, "game", "RUB")
    with pytest.raises(SoldOut):
        kiosk.checkout(boris, None, quote=gift, may_sell=in_stock(kiosk, boris))
    assert kiosk.count("invoices") == invoices


def test_an_open_attempt_is_not_tried_again_and_a_known_one_is_the_same(kiosk: Kiosk) -> None:
    stocked(kiosk, "KEY-1")
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    known = kiosk.checkout(boris, "game", reference="api:1", may_sell=in_stock(kiosk, boris))
    kiosk.buy(anna, "game")
    with pytest.raises(SoldOut):
        billing.retry(
            kiosk.kit.db,
            kiosk.kit.providers,
            party=boris.party,
            payment_id=known.payment_id,
            description="A game",
            return_url="https://t.me/kiosk_bot",
            now=kiosk.now,
            may_sell=in_stock(kiosk, boris),
        )
    again = kiosk.checkout(boris, "game", reference="api:1", may_sell=in_stock(kiosk, boris))
    assert again.payment_id == known.payment_id


def charged(kiosk: Kiosk, person: Person, tariff: str) -> billing.Charge:
    with kiosk.kit.db.begin() as tx:
        quote = catalog.quote(tx, tariff, "RUB", {"all"})
        billing.start_charge(
            tx, party=person.party, purpose=f"test:{tariff}", method_id=None, quote=quote, now=kiosk.now
        )
    kiosk.pass_time(timedelta(minutes=2), step=timedelta(minutes=1))
    with kiosk.kit.db.begin() as tx:
        charge = billing.charge_of(tx, f"test:{tariff}")
    assert charge is not None
    return charge


def test_nothing_is_charged_for_what_is_gone(kiosk: Kiosk) -> None:
    anna, boris = sells_one(kiosk)
    for person in (anna, boris):
        kiosk.give(person, Money(100_000, "RUB"))
    charge = charged(kiosk, boris, "game")
    assert (charge.state, charge.reason) == ("stopped", "sold_out")
    assert kiosk.balance(f"wallet:{boris.party}") == -100_000
    charge = charged(kiosk, anna, "bundle")
    assert charge.reason == "sold_out", "another product's key does not count"
    arrive(kiosk, "KEY-2")
    assert charged(kiosk, boris, "plain").state == "paid"


# --- after the payment ------------------------------------------------------------------------------------------------


def test_twenty_buyers_and_three_keys(kiosk: Kiosk) -> None:
    """Exactly three get one each, seventeen get their money back."""
    stocked(kiosk, "KEY-1", "KEY-2", "KEY-3")
    people = [kiosk.person(f"Покупатель {n}") for n in range(20)]
    for person in people:
        kiosk.pay(kiosk.checkout(person, "game", may_sell=in_stock(kiosk, person)), notify="never")
    with kiosk.kit.db.begin() as tx:
        ids = list(tx.scalars(text("SELECT id FROM payments")))
    for payment_id in ids:
        billing.reconcile(kiosk.kit.db, kiosk.kit.providers, payment_id, kiosk.now, cause="test")
    for _ in range(6):
        with kiosk.kit.db.begin() as tx:
            outbox.plan(tx, routes, wall_clock())
        with kiosk.kit.db.begin() as tx:
            due = outbox.lease(tx, wall_clock())
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda row: react(kiosk.kit, row[0], row[1]), due))
    kiosk.hurry()
    kiosk.drain()
    keys = [key for person in people if (key := key_of(kiosk, person)) is not None]
    assert sorted(keys) == ["KEY-1", "KEY-2", "KEY-3"]
    assert keys_in(kiosk) == {"taken": 3}
    assert [one["state"] for one in refunds(kiosk)] == ["succeeded"] * 17
    assert {one["amount_minor"] for one in refunds(kiosk)} == {29900}
    lucky = [person for person in people if key_of(kiosk, person)]
    assert {owned(kiosk, person).state for person in lucky} == {"active"}
    assert {owned(kiosk, person).state for person in people if person not in lucky} == {"expired"}
    assert kiosk.count("messages", "kind = 'sold_out'") == 17
    assert kiosk.count("messages", "kind = 'refunded'") == 17
    assert kiosk.balance("revenue:game") == -3 * 29900
    assert kiosk.faults() == []


@pytest.mark.parametrize(("code", "words"), [("ru", "распродано"), ("uk", "розпродано"), ("en", "sold out")])
def test_the_buyer_is_told_once_and_gets_the_money_back(kiosk: Kiosk, code: str, words: str) -> None:
    sells_one(kiosk)
    late = kiosk.person("Борис", language_code=code)
    kiosk.buy(late, "game")
    told = [message["text"] for message in kiosk.messages(late)]
    assert sum(words in one for one in told) == 1
    assert kiosk.count("messages", "kind = 'access_delayed'") == 0
    assert [(one["state"], one["actor"], one["access"]) for one in refunds(kiosk)] == [
        ("succeeded", "rule:sold_out", "shorten")
    ]
    assert accesses(kiosk, late)["game-key"].state == "ended"
    assert kiosk.undone() == []


def test_the_same_news_again_gives_back_nothing_more(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    kiosk.buy(boris, "game")
    grant = accesses(kiosk, boris)["game-key"].grant_id
    invoice = kiosk.scalar("SELECT max(id) FROM invoices")
    news = provisioning.AccessSoldOut(
        grant_id=grant, subscription_id=owned(kiosk, boris).id, invoice_id=invoice, party=str(boris.party)
    )
    for _ in range(2):
        with kiosk.kit.db.begin() as tx:
            provisioning.undo_sale(tx, news, kiosk.now, kiosk.kit.providers)
        kiosk.drain()
    assert len(refunds(kiosk)) == 1
    assert kiosk.count("messages", "kind = 'sold_out'") == 1


def test_a_refund_that_the_provider_cancels_is_for_a_person(kiosk: Kiosk) -> None:
    """It is not ordered again by itself, however often the news comes; and what arrives is still for others."""
    _anna, boris = sells_one(kiosk)
    with refunds_under_way(kiosk):
        kiosk.buy(boris, "game")
    external_id = kiosk.scalar("SELECT external_id FROM refunds WHERE state = 'pending'")
    kiosk.post(f"/yookassa/refunds/{external_id}/finish", outcome="decline", reason="insufficient_funds")
    kiosk.pass_time(timedelta(hours=1), step=timedelta(minutes=10))
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE outbox_deliveries SET done_at = NULL WHERE reaction = 'provisioning.undo_sale'"))
    kiosk.hurry()
    arrive(kiosk, "KEY-2")
    kiosk.hurry()
    assert [one["state"] for one in refunds(kiosk)] == ["canceled"]
    assert kiosk.count("outbox_events", "name = 'billing.refund_failed'") == 1
    assert accesses(kiosk, boris)["game-key"].state == "sold_out"
    kiosk.refund(kiosk.scalar("SELECT max(id) FROM payments"))
    kiosk.drain()
    assert accesses(kiosk, boris)["game-key"].state == "ended"
    assert keys_in(kiosk) == {"free": 1, "taken": 1}


def test_operators_are_told_and_give_back_what_the_provider_cannot(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = kiosk.person("Operator", language_code="en")
    settings = kiosk.kit.settings.model_copy(update={"telegram_admin_ids": (operator.telegram_id,)})
    object.__setattr__(kiosk.kit, "settings", settings)
    provider = kiosk.kit.providers["yookassa"]
    monkeypatch.setattr(provider, "capabilities", provider.capabilities & ~Capability.REFUND)
    _anna, boris = sells_one(kiosk)
    kiosk.buy(boris, "game")
    payment_id = kiosk.scalar("SELECT max(id) FROM payments")
    assert refunds(kiosk) == []
    said = kiosk.messages(operator)[-1]["text"]
    assert "provider_cannot_refund" in said
    assert f"payments refund {payment_id} --to balance" in said
    assert "сотрудник" in kiosk.messages(boris)[-1]["text"]
    assert accesses(kiosk, boris)["game-key"].state == "sold_out"

    arrive(kiosk, "KEY-2")
    kiosk.hurry()
    assert keys_in(kiosk) == {"free": 1, "taken": 1}, "their money is still to go back"
    kiosk.refund(payment_id, destination="balance")
    kiosk.drain()
    assert kiosk.balance(f"wallet:{boris.party}") == -29900
    assert accesses(kiosk, boris)["game-key"].state == "ended"
    assert keys_in(kiosk) == {"free": 1, "taken": 1}


def test_a_provider_that_is_gone_is_no_reason_to_forget_it(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    kiosk.pay(kiosk.checkout(boris, "game"))
    with kiosk.kit.db.begin() as tx:
        payment_id = tx.scalar(text("SELECT max(id) FROM payments"))
    billing.reconcile(kiosk.kit.db, kiosk.kit.providers, payment_id, kiosk.now, cause="test")
    providers = dict(kiosk.kit.providers)
    object.__setattr__(kiosk.kit, "providers", {"stars": providers["stars"]})
    kiosk.drain()
    assert kiosk.scalar("SELECT params->>'why_not' FROM messages WHERE kind = 'sold_out'") == "provider_off"
    object.__setattr__(kiosk.kit, "providers", providers)


def test_a_key_that_arrives_while_the_money_goes_back_is_for_others(kiosk: Kiosk) -> None:
    """Whatever else happens to the subscription meanwhile."""
    _anna, boris = sells_one(kiosk)
    with refunds_under_way(kiosk):
        kiosk.buy(boris, "game")
        assert [one["state"] for one in refunds(kiosk)] == ["pending"]
        arrive(kiosk, "KEY-2")
        with kiosk.kit.db.begin() as tx:
            subscriptions.give_days(tx, boris.party, "game", 3 * DAY, reference="test:1", cause="promo", now=kiosk.now)
        kiosk.drain()
        kiosk.pass_time(timedelta(hours=2))
        kiosk.hurry()
        assert accesses(kiosk, boris)["game-key"].state == "sold_out"
        assert keys_in(kiosk) == {"free": 1, "taken": 1}
    finish_refund(kiosk)
    assert [one["state"] for one in refunds(kiosk)] == ["succeeded"]
    assert key_of(kiosk, boris) == "KEY-2", "the days that were given are left, and nobody owes money any more"


def test_who_pays_again_meanwhile_gets_what_has_arrived(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    with refunds_under_way(kiosk):
        kiosk.buy(boris, "game")
        arrive(kiosk, "KEY-2")
        kiosk.buy(boris, "game")
        assert key_of(kiosk, boris) == "KEY-2"
    finish_refund(kiosk)
    assert key_of(kiosk, boris) == "KEY-2"
    assert len(refunds(kiosk)) == 1
    assert verified(kiosk, "KEY-2").state == "active"
    assert timedelta(days=27) < owned(kiosk, boris).ends_at - kiosk.now < timedelta(days=32), "one month of two"


def test_of_an_order_with_several_goods_none_is_given_and_one_message_says_so(kiosk: Kiosk) -> None:
    _anna, boris = sells_one(kiosk)
    before = [kiosk.count("wireguard_peers"), kiosk.count("messages", "kind IN ('access_file', 'access_delayed')")]
    kiosk.buy(boris, "bundle")
    after = [kiosk.count("wireguard_peers"), kiosk.count("messages", "kind IN ('access_file', 'access_delayed')")]
    assert before == after
    assert kiosk.count("messages", "kind = 'sold_out'") == 1
    assert {one.state for one in accesses(kiosk, boris, "bundle").values()} == {"ended"}
    assert [one["state"] for one in refunds(kiosk)] == ["succeeded"]


def test_what_somebody_has_goes_on_while_the_money_for_more_goes_back(kiosk: Kiosk) -> None:
    """A change to a tariff with more, paid a moment too late: the days of the first one are not lost."""
    _anna, boris = sells_one(kiosk)
    kiosk.buy(boris, "plain")
    with kiosk.kit.db.begin() as tx:
        mine = next(one for one in subscriptions.subscriptions_of(tx, boris.party) if one.product == "bundle")
        offer = subscriptions.offer_change(
            tx, boris.party, mine.id, "bundle", currency="RUB", minimum=None, now=kiosk.now
        )
    kiosk.pay(kiosk.checkout(boris, None, quote=offer.quote))
    kiosk.drain()
    given = accesses(kiosk, boris, "bundle")
    assert (given["wireguard"].state, given["game-key"].state) == ("ready", "preparing")
    assert [one["state"] for one in refunds(kiosk)] == ["succeeded"]
    assert owned(kiosk, boris, "bundle").state == "active"
    arrive(kiosk, "KEY-2")
    kiosk.hurry()
    assert key_of(kiosk, boris, product="bundle") == "KEY-2", "nothing of it is owed any more, so it may come late"


def test_without_a_payment_it_is_told_and_tried_until_there_is_one(kiosk: Kiosk) -> None:
    sells_one(kiosk)
    vera = kiosk.person("Вера")
    with kiosk.kit.db.begin() as tx:
        quote = catalog.quote(tx, "game", "RUB", {"all"})
        subscriptions.give(
            tx, vera.party, quote, reference="gift:1", cause="gift", value=quote.price, now=kiosk.now, happens="paid"
        )
    kiosk.drain()
    assert accesses(kiosk, vera)["game-key"].state == "preparing"
    assert "Сейчас свободных" in kiosk.messages(vera)[-1]["text"]
    kiosk.hurry()
    assert kiosk.count("messages", "kind = 'access_delayed'") == 1, "told once"
    assert refunds(kiosk) == []
    arrive(kiosk, "KEY-2")
    kiosk.hurry()
    assert key_of(kiosk, vera) == "KEY-2"
    assert kiosk.undone() == []


def test_a_payment_that_finds_nothing_ends_what_was_being_tried(kiosk: Kiosk) -> None:
    """Days that came first were being tried when the order itself found nothing: its money goes back, and what arrives
    before that is not taken."""
    sells_one(kiosk)
    vera = kiosk.person("Вера")
    with kiosk.kit.db.begin() as tx:
        quote = catalog.quote(tx, "game", "RUB", {"all"})
        subscriptions.give(
            tx, vera.party, quote, reference="gift:1", cause="gift", value=quote.price, now=kiosk.now, happens="paid"
        )
    kiosk.drain()
    with refunds_under_way(kiosk):
        kiosk.buy(vera, "game")
        assert accesses(kiosk, vera)["game-key"].state == "sold_out"
        arrive(kiosk, "KEY-2")
        kiosk.hurry()
        assert keys_in(kiosk) == {"free": 1, "taken": 1}
    finish_refund(kiosk)
    assert key_of(kiosk, vera) == "KEY-2", "the gift is still owed"
