"""A promo code from the checkout to the books, in the sandbox world: reserved, paid, lapsed, late, given back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from services import billing, catalog, promotions, subscriptions
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.money import Money
from tests.factories import at_once, make_tariff, make_user
from tests.world import TOML, Kiosk, Person

DAY = timedelta(days=1)


def make(kiosk: Kiosk, code: str = "SUMMER", **given: str) -> None:
    fields = {"code": code, "kind": "percent", "value": "20"} | given
    with kiosk.kit.db.begin() as tx:
        promotions.create(tx, fields, actor="console:test", now=kiosk.now)


def counted(kiosk: Kiosk, code: str = "SUMMER") -> tuple[int, int]:
    with kiosk.kit.db.begin() as tx:
        standing = promotions.standing(tx, code, kiosk.now)
        return standing.used, standing.reserved


def invoice(kiosk: Kiosk, opened: billing.Checkout) -> billing.Invoice:
    with kiosk.kit.db.begin() as tx:
        return billing.invoice(tx, opened.invoice_id)


def ends_at(kiosk: Kiosk, person: Person) -> str:
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, person.party)
        return mine.ends_at.isoformat()


def add_tariff(kiosk: Kiosk, slug: str = "vpn-3m") -> None:
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML.replace("vpn-1m", slug), kiosk.now)


def test_the_discount_is_on_the_invoice_at_the_provider_and_in_the_books(kiosk: Kiosk) -> None:
    make(kiosk)
    anna = kiosk.person()
    opened = kiosk.checkout(anna, promo="summer")
    sold = invoice(kiosk, opened)
    assert sold.amount == sold.quote.price == Money(23920, "RUB")
    assert (sold.quote.list_price, sold.quote.promo) == (Money(29900, "RUB"), "SUMMER")
    assert counted(kiosk) == (0, 1)
    kiosk.pay(opened)
    kiosk.drain()
    assert counted(kiosk) == (1, 0)
    assert kiosk.count("subscriptions", "state = 'active'") == 1
    assert kiosk.balance("revenue:vpn") == -23920
    assert kiosk.undone() == []
    assert kiosk.faults() == []


def test_asking_again_gives_the_same_attempt_and_holds_one_use(kiosk: Kiosk) -> None:
    make(kiosk, total="1")
    anna = kiosk.person()
    first, second = (kiosk.checkout(anna, promo=typed) for typed in ("SUMMER", " summer "))
    assert first == second
    assert counted(kiosk) == (0, 1)


def test_asking_at_once_gives_one_attempt(kiosk: Kiosk) -> None:
    make(kiosk, total="1")
    anna = kiosk.person()
    at_once(6, lambda _number: _patiently(kiosk, anna))
    assert (kiosk.count("invoices"), kiosk.count("payments"), counted(kiosk)) == (1, 1, (0, 1))


def _patiently(kiosk: Kiosk, anna: Person) -> None:
    try:
        kiosk.checkout(anna, promo="SUMMER")
    except billing.CheckoutFailed:  # another one of these is asking the provider at this moment
        return


def test_the_same_reference_is_the_same_attempt_after_the_code_has_ended(kiosk: Kiosk) -> None:
    make(kiosk)
    anna = kiosk.person()
    first = kiosk.checkout(anna, promo="SUMMER", reference="call:1")
    with kiosk.kit.db.begin() as tx:
        promotions.deactivate(tx, "SUMMER", actor="console:test", now=kiosk.now)
    assert kiosk.checkout(anna, promo="SUMMER", reference="call:1") == first
    with pytest.raises(promotions.PromoOver):
        kiosk.checkout(anna, promo="SUMMER")
    kiosk.pay(first)
    kiosk.drain()
    assert counted(kiosk) == (1, 0), "what was promised is kept"


def test_a_refused_code_opens_nothing(kiosk: Kiosk) -> None:
    make(kiosk, audience="existing")
    anna = kiosk.person()
    for typed in ("SUMMER", "NOTHING"):
        with pytest.raises(promotions.PromoRefused):
            kiosk.checkout(anna, promo=typed)
    assert (kiosk.count("invoices"), kiosk.count("payments"), kiosk.count("promo_uses")) == (0, 0, 0)


def test_a_code_is_not_for_what_is_charged_again_and_again(kiosk: Kiosk) -> None:
    make(kiosk)
    with pytest.raises(promotions.PromoNotForPayment):
        kiosk.checkout(kiosk.person(), provider="stars", promo="SUMMER", renews=True)


def test_a_code_is_not_for_other_things_than_a_tariff(kiosk: Kiosk) -> None:
    make(kiosk)
    anna = kiosk.person()
    with kiosk.kit.db.begin() as tx:
        topup = catalog.terms(catalog.tariff(tx, "vpn-1m"), Money(50000, "RUB"))
    quote = catalog.Quote.from_json(topup.to_json() | {"purpose": "topup"})
    with pytest.raises(promotions.PromoNotForPayment):
        billing.checkout(
            kiosk.kit.db,
            kiosk.kit.providers["yookassa"],
            party=anna.party,
            quote=quote,
            description="",
            return_url="https://t.me/kiosk_bot",
            now=kiosk.now,
            promo="SUMMER",
        )


@pytest.mark.parametrize(
    ("provider", "minor"), [("yookassa", 100), ("robokassa", 100), ("stars", 1), ("cryptopay", 1000), ("balance", 1)]
)
def test_a_code_for_all_of_it_costs_the_providers_smallest_payment(kiosk: Kiosk, provider: str, minor: int) -> None:
    make(kiosk, value="100")
    anna = kiosk.person()
    kiosk.give(anna, Money(500, "RUB"))
    opened = kiosk.checkout(anna, provider=provider, promo="SUMMER")
    assert invoice(kiosk, opened).amount.minor == minor


def test_a_reserved_use_lapses_with_its_invoice_and_somebody_else_gets_it(kiosk: Kiosk) -> None:
    make(kiosk, total="1")
    anna, boris = kiosk.person(), kiosk.person("Борис")
    kiosk.checkout(anna, promo="SUMMER")
    with pytest.raises(promotions.PromoUsedUp):
        kiosk.checkout(boris, promo="SUMMER")
    kiosk.world.offset.move(24 * 3600)  # no sweep has run
    opened = kiosk.checkout(boris, promo="SUMMER")
    kiosk.pay(opened)
    kiosk.drain()
    assert counted(kiosk) == (1, 0)
    with pytest.raises(promotions.PromoUsedUp):
        kiosk.checkout(anna, promo="SUMMER")


def test_late_money_that_an_operator_applies_counts_beyond_the_limit(kiosk: Kiosk) -> None:
    make(kiosk, total="1")
    anna, boris = kiosk.person(), kiosk.person("Борис")
    late = kiosk.checkout(anna, promo="SUMMER")
    kiosk.scalar("UPDATE promo_uses SET reserved_until = :now RETURNING id", now=kiosk.now)
    kiosk.scalar("UPDATE invoices SET state = 'expired' RETURNING id")
    kiosk.pay(kiosk.checkout(boris, promo="SUMMER"))
    kiosk.pay(late)
    kiosk.drain()
    assert counted(kiosk) == (1, 0)
    kiosk.decide(late.payment_id, "apply")
    kiosk.drain()
    assert counted(kiosk) == (2, 0)
    assert kiosk.count("subscriptions", "state = 'active'") == 2
    assert (kiosk.undone(), kiosk.faults()) == ([], [])


def test_a_second_payment_of_the_same_invoice_does_not_use_the_code_again(kiosk: Kiosk) -> None:
    make(kiosk, kind="bonus_tokens", value="50", needs_purchase="yes")
    anna = kiosk.person()
    first = kiosk.checkout(anna, promo="SUMMER")
    second = kiosk.checkout(anna, provider="robokassa", promo="SUMMER")
    assert second.invoice_id == first.invoice_id
    kiosk.pay(first)
    kiosk.drain()
    twice = "UPDATE payments SET state = 'succeeded', decision = 'double', received_minor = 29900,"
    twice += " received_currency = 'RUB', succeeded_at = created_at WHERE id = :id RETURNING id"
    kiosk.scalar(twice, id=second.payment_id)
    kiosk.decide(second.payment_id, "apply")
    kiosk.drain()
    assert counted(kiosk) == (1, 0)
    assert kiosk.balance(f"bonus:{anna.party}", "BONUS") == -50
    assert kiosk.count("subscription_changes", "kind = 'extended'") == 1


def test_one_use_is_not_two_cheap_purchases(kiosk: Kiosk) -> None:
    """Opening many orders with one code and paying them all pays one of them at that price."""
    make(kiosk, value="99")
    add_tariff(kiosk)
    anna = kiosk.person()
    first = kiosk.checkout(anna, promo="SUMMER")
    second = kiosk.checkout(anna, tariff="vpn-3m", promo="SUMMER")
    assert [invoice(kiosk, one).state for one in (first, second)] == ["expired", "open"]
    kiosk.pay(second)
    kiosk.pay(first)
    kiosk.drain()
    assert counted(kiosk) == (1, 0)
    assert kiosk.count("payments", "decision = 'late'") == 1, "it waits for an operator, and nothing is lost"
    with pytest.raises(promotions.PromoUsedByYou):
        kiosk.checkout(anna, promo="SUMMER")


def test_an_order_that_was_paid_a_moment_ago_gives_nothing_up(kiosk: Kiosk) -> None:
    make(kiosk)
    add_tariff(kiosk)
    anna = kiosk.person()
    first = kiosk.checkout(anna, promo="SUMMER")
    kiosk.scalar("UPDATE invoices SET state = 'paid' RETURNING id")  # and the news of it has not been heard yet
    with pytest.raises(promotions.PromoUsedByYou):
        kiosk.checkout(anna, tariff="vpn-3m", promo="SUMMER")
    assert invoice(kiosk, first).state == "paid"


def test_a_refund_does_not_give_the_use_back(kiosk: Kiosk) -> None:
    make(kiosk)
    anna = kiosk.person()
    opened = kiosk.checkout(anna, promo="SUMMER")
    kiosk.pay(opened)
    kiosk.drain()
    kiosk.refund(opened.payment_id)
    kiosk.drain()
    assert counted(kiosk) == (1, 0)
    assert (kiosk.count("subscriptions", "state = 'expired'"), kiosk.faults()) == (1, [])


def test_tokens_come_once_with_the_money_and_go_with_it(kiosk: Kiosk) -> None:
    make(kiosk, kind="bonus_tokens", value="50", needs_purchase="yes")
    anna = kiosk.person()
    opened = kiosk.checkout(anna, promo="SUMMER")
    assert invoice(kiosk, opened).amount == Money(29900, "RUB")
    assert kiosk.balance(f"bonus:{anna.party}", "BONUS") == 0
    kiosk.pay(opened, notify="twice")
    kiosk.drain()
    assert kiosk.balance(f"bonus:{anna.party}", "BONUS") == -50
    kiosk.refund(opened.payment_id)
    kiosk.drain()
    assert kiosk.balance(f"bonus:{anna.party}", "BONUS") == 0
    assert kiosk.faults() == []


def test_free_days_follow_the_bought_ones_and_go_with_the_money(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person(), kiosk.person("Борис")
    make(kiosk, kind="free_days", value="7", needs_purchase="yes")
    opened = kiosk.checkout(anna, promo="SUMMER")
    kiosk.pay(opened)
    kiosk.drain()
    kiosk.hurry()
    kiosk.buy(boris)
    with kiosk.kit.db.begin() as tx:
        (hers,), (his,) = (subscriptions.subscriptions_of(tx, one.party) for one in (anna, boris))
    assert timedelta(days=7) - timedelta(minutes=5) < hers.ends_at - his.ends_at <= timedelta(days=7)
    assert kiosk.undone() == []
    kiosk.refund(opened.payment_id)
    kiosk.drain()
    assert kiosk.count("subscriptions", "state = 'expired'") == 1
    assert (kiosk.undone(), kiosk.faults()) == ([], [])


def test_a_part_of_the_money_takes_no_promised_days(kiosk: Kiosk) -> None:
    make(kiosk, kind="free_days", value="7", needs_purchase="yes")
    anna = kiosk.person()
    opened = kiosk.checkout(anna, promo="SUMMER")
    kiosk.pay(opened)
    kiosk.drain()
    kiosk.hurry()
    before = ends_at(kiosk, anna)
    kiosk.refund(opened.payment_id, amount=Money(100, "RUB"))
    kiosk.drain()
    assert ends_at(kiosk, anna) == before
    kiosk.refund(opened.payment_id)  # the rest
    kiosk.drain()
    assert kiosk.count("subscriptions", "state = 'expired'") == 1


def paid(kiosk: Kiosk, person: Person, **promo: str) -> billing.InvoicePaid:
    """An order with a code that is paid, and nobody has heard of it."""
    make(kiosk, needs_purchase="yes", **promo)
    opened = kiosk.checkout(person, promo="SUMMER")
    kiosk.pay(opened, notify="never")
    billing.reconcile(kiosk.kit.db, kiosk.kit.providers, opened.payment_id, kiosk.now, cause="test")
    return billing.InvoicePaid(invoice_id=opened.invoice_id, payment_id=opened.payment_id, party=str(person.party))


def test_free_days_wait_for_the_bought_ones_and_come_once(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    news = paid(kiosk, anna, kind="free_days", value="7")
    with pytest.raises(TryLater), kiosk.kit.db.begin() as tx:
        subscriptions.add_promo_days(tx, news, kiosk.now)
    with kiosk.kit.db.begin() as tx:
        subscriptions.extend_after_payment(tx, news, kiosk.now)
    bought = ends_at(kiosk, anna)
    for _time in range(2):
        with kiosk.kit.db.begin() as tx:
            subscriptions.add_promo_days(tx, news, kiosk.now)
    assert kiosk.count("subscription_changes", "cause = 'promo'") == 1
    assert ends_at(kiosk, anna) > bought


@pytest.mark.parametrize(("kind", "value"), [("free_days", "7"), ("bonus_tokens", "50")])
def test_what_is_refunded_before_the_gift_was_given_gives_none(kiosk: Kiosk, kind: str, value: str) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    news = paid(kiosk, anna, kind=kind, value=value)
    with kiosk.kit.db.begin() as tx:
        subscriptions.extend_after_payment(tx, news, kiosk.now)
    refund_id = kiosk.refund(news.payment_id)
    billing.continue_refund(kiosk.kit.db, kiosk.kit.providers, refund_id, kiosk.now)
    with kiosk.kit.db.begin() as tx:  # all that the refund takes back is taken before the gift's turn comes
        body = tx.scalar(text("SELECT body FROM outbox_events WHERE name = 'billing.payment_refunded'"))
        back = billing.PaymentRefunded.from_json(body)
        billing.reverse_rewards(tx, back, kiosk.now)
        subscriptions.take_promo_days(tx, back, kiosk.now)
    with kiosk.kit.db.begin() as tx:
        billing.honour_promo(tx, news, kiosk.now)
        subscriptions.add_promo_days(tx, news, kiosk.now)
    assert kiosk.count("ledger_transactions", "kind = 'bonus_tokens'") == 0
    kiosk.drain()
    kiosk.hurry()
    assert kiosk.count("refunds", "state = 'succeeded'") == 1
    assert kiosk.count("subscription_changes", "cause = 'promo'") == 0
    assert kiosk.balance(f"bonus:{anna.party}", "BONUS") == 0
    assert kiosk.undone() == []


def test_promised_days_end_where_nothing_is_left_to_add_them_to(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    news = paid(kiosk, anna, kind="free_days", value="7")
    with kiosk.kit.db.begin() as tx:
        subscriptions.extend_after_payment(tx, news, kiosk.now)
    kiosk.scalar("UPDATE subscriptions SET state = 'expired' RETURNING id")
    with kiosk.kit.db.begin() as tx:
        subscriptions.add_promo_days(tx, news, kiosk.now)
    assert kiosk.count("subscription_changes", "cause = 'promo'") == 0


def test_fifty_buyers_at_once_on_the_last_use(db: Database, kiosk: Kiosk) -> None:
    """The whole first transaction of a checkout, but for the network."""
    make(kiosk, total="1")
    with db.begin() as tx:
        make_tariff(tx, kiosk.now, "cheap")
        people = [make_user(tx, kiosk.now).party for _number in range(50)]
    yookassa = kiosk.kit.providers["yookassa"]

    def one(number: int) -> bool:
        try:
            billing.checkout(
                db,
                yookassa,
                party=people[number],
                tariff="cheap",
                description="VPN",
                return_url="https://t.me/kiosk_bot",
                now=kiosk.now,
                promo="SUMMER",
            )
        except promotions.PromoUsedUp:
            return False
        except billing.CheckoutFailed:
            return True
        return True

    assert sum(at_once(50, one)) == 1
    assert (counted(kiosk), kiosk.count("invoices")) == ((0, 1), 1)
