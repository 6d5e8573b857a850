"""To another tariff and back: days are kept by value, and what was shown is what happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services import billing, catalog, subscriptions
from services.identity import Party
from services.platform.db import Database
from services.platform.money import Money
from services.subscriptions import ChangeOffer, NotNow, OfferOver, OtherCurrency, Subscription
from services.subscriptions.timeline import Portion
from services.subscriptions.value import Exchange, convert, credit, exchange
from tests.factories import at_once, make_paid_invoice, make_user, tariff_toml

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
RUB = Money(100, "RUB")
JUNE = datetime(2027, 6, 1, 12, tzinfo=UTC)


def offer_all(tx: Session) -> None:
    """300 ₽ for 30 days, and 600 ₽ for 30 days with more devices."""
    for slug, price, devices in (("solo", "300", 3), ("family", "600", 10), ("solo-long", "500", 3)):
        period = "{days = 60}" if slug == "solo-long" else "{days = 30}"
        toml = tariff_toml(slug, period=period, more=f"devices = {devices}")
        catalog.import_catalogue(tx, toml.replace('"299.00"', f'"{price}"'), JUNE)


@pytest.fixture
def party(tx: Session) -> Party:
    offer_all(tx)
    return make_user(tx, JUNE).party


def buy(tx: Session, now: datetime, party: Party, slug: str) -> Subscription:
    subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, party, slug), now)
    return only(tx, party)


def only(tx: Session, party: Party) -> Subscription:
    tx.flush()
    tx.expire_all()
    (found,) = subscriptions.subscriptions_of(tx, party)
    return found


def offer(tx: Session, party: Party, slug: str, now: datetime) -> ChangeOffer:
    mine = only(tx, party)
    return subscriptions.offer_change(tx, party, mine.id, slug, currency="RUB", minimum=RUB, now=now)


def pay(tx: Session, party: Party, shown: ChangeOffer, now: datetime) -> billing.InvoicePaid:
    paid = make_paid_invoice(tx, now, party, quote=shown.quote)
    subscriptions.extend_after_payment(tx, paid, now)
    return paid


def test_up_what_is_left_is_credited_and_a_whole_period_begins(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "solo")
    now = JUNE + 10 * DAY
    shown = offer(tx, party, "family", now)
    assert (shown.price, shown.ends_at) == (Money(40000, "RUB"), now + 30 * DAY), "20 of 30 days of 300 ₽ are 200 ₽"
    pay(tx, party, shown, now + timedelta(minutes=5))
    mine = only(tx, party)
    assert (mine.terms.tariff, mine.terms.devices, mine.terms.price) == ("family", 10, Money(60000, "RUB"))
    assert mine.ends_at == shown.ends_at


def test_down_costs_nothing_and_the_value_is_time(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "family")
    now = JUNE + 10 * DAY
    shown = offer(tx, party, "solo", now)
    assert (shown.price, shown.ends_at) == (Money(0, "RUB"), now + 40 * DAY), "400 ₽ buy 40 days at 10 ₽ a day"
    assert subscriptions.change_tariff(tx, party, shown.id, now + timedelta(minutes=1)) == shown.ends_at
    mine = only(tx, party)
    assert (mine.terms.tariff, mine.ends_at, mine.state) == ("solo", shown.ends_at, "active")


def test_there_and_back_loses_no_more_than_roundings(tx: Session, party: Party) -> None:
    before = buy(tx, JUNE, party, "family")
    now = JUNE + 7 * DAY + timedelta(seconds=12345)
    down = offer(tx, party, "solo", now)
    subscriptions.change_tariff(tx, party, down.id, now)
    up = offer(tx, party, "family", now)
    assert up.price.minor in range(13000, 15000), "what 7 of 30 days had used up"
    pay(tx, party, up, now)
    mine = only(tx, party)
    assert mine.terms.tariff == "family"
    assert mine.ends_at == now + 30 * DAY > before.ends_at


def test_the_offer_is_taken_once(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "family")
    shown = offer(tx, party, "solo", JUNE)
    subscriptions.change_tariff(tx, party, shown.id, JUNE)
    with pytest.raises(OfferOver):
        subscriptions.change_tariff(tx, party, shown.id, JUNE)
    assert only(tx, party).ends_at == shown.ends_at


def test_an_offer_ends_after_a_quarter_of_an_hour_or_when_something_changes(tx: Session, party: Party) -> None:
    mine = buy(tx, JUNE, party, "family")
    shown = offer(tx, party, "solo", JUNE)
    assert subscriptions.change_offer(tx, party, shown.id, JUNE) == shown
    with pytest.raises(OfferOver):
        subscriptions.change_tariff(tx, party, shown.id, shown.expires_at)
    fresh = offer(tx, party, "solo", JUNE)
    subscriptions.cancel(tx, party, mine.id, JUNE)
    with pytest.raises(OfferOver):
        subscriptions.change_tariff(tx, party, fresh.id, JUNE)
    assert only(tx, party).ends_at == mine.ends_at


def test_other_peoples_offers_are_nobodys(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "family")
    shown = offer(tx, party, "solo", JUNE)
    stranger = make_user(tx, JUNE).party
    buy(tx, JUNE, stranger, "family")
    for call in (subscriptions.change_tariff, subscriptions.change_offer):
        with pytest.raises(OfferOver):
            call(tx, stranger, shown.id, JUNE)
    with pytest.raises(subscriptions.SubscriptionNotFound):
        subscriptions.offer_change(tx, stranger, only(tx, party).id, "solo", currency="RUB", minimum=RUB, now=JUNE)


def test_what_is_to_be_paid_is_not_had_for_nothing(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "solo")
    shown = offer(tx, party, "family", JUNE + DAY)
    with pytest.raises(OfferOver):
        subscriptions.change_tariff(tx, party, shown.id, JUNE + DAY)


def test_a_paid_change_whose_subscription_moved_on_buys_its_worth(tx: Session, party: Party) -> None:
    """Between the preview and the payment the same person renewed: 400 ₽ buy two thirds of a 600 ₽ period on top of
    what is left, by value."""
    buy(tx, JUNE, party, "solo")
    now = JUNE + 10 * DAY
    shown = offer(tx, party, "family", now)
    buy(tx, now, party, "solo")
    paid = pay(tx, party, shown, now)
    mine = only(tx, party)
    assert mine.terms.tariff == "family"
    assert mine.ends_at == now + 10 * DAY + 15 * DAY + 20 * DAY, "200 ₽ + 300 ₽ + 400 ₽ at 20 ₽ a day"
    subscriptions.extend_after_payment(tx, paid, now)
    assert only(tx, party) == mine


def test_a_plain_purchase_of_other_limits_exchanges_what_is_left(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "solo")
    now = JUNE + 10 * DAY
    mine = buy(tx, now, party, "family")
    assert mine.ends_at == now + 10 * DAY + 30 * DAY, "200 ₽ are ten days of the other tariff"
    back = buy(tx, now, party, "solo-long")
    assert back.ends_at == now + timedelta(days=800 / (500 / 60)) + 60 * DAY
    assert back.terms.devices == 3


def test_the_same_limits_are_simply_added(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "solo")
    assert buy(tx, JUNE + 10 * DAY, party, "solo-long").ends_at == JUNE + 90 * DAY


def test_a_refund_after_a_change_takes_its_own_part(tx: Session, party: Party) -> None:
    first = make_paid_invoice(tx, JUNE, party, "solo")
    subscriptions.extend_after_payment(tx, first, JUNE)
    now = JUNE + 15 * DAY
    shown = offer(tx, party, "family", now)
    pay(tx, party, shown, now)
    end_before, end_after = subscriptions.end_after_refund(tx, first.invoice_id, 1, 1, now) or (now, now)
    assert end_before - end_after == timedelta(days=7.5), "150 ₽ of 300 ₽ are seven days and a half at 20 ₽"


@pytest.mark.parametrize("state", ["pause", "end"])
def test_no_change_while_it_does_not_run(tx: Session, party: Party, state: str) -> None:
    mine = buy(tx, JUNE, party, "solo")
    now = mine.ends_at
    if state == "pause":
        now = JUNE + DAY
        subscriptions.pause(tx, party, mine.id, now)
    with pytest.raises(NotNow):
        offer(tx, party, "family", now)


def test_to_the_same_tariff_or_another_product_there_is_no_change(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "solo")
    catalog.import_catalogue(tx, tariff_toml("other").replace('product = "vpn"', 'product = "other"'), JUNE)
    for slug in ("solo", "other"):
        with pytest.raises(catalog.NotForSale):
            offer(tx, party, slug, JUNE)
    with pytest.raises(catalog.TariffNotFound):
        offer(tx, party, "nothing", JUNE)


def test_between_currencies_there_is_no_rate(tx: Session, party: Party) -> None:
    buy(tx, JUNE, party, "solo")
    toml = tariff_toml("stars", more="devices = 9").replace('{RUB = "299.00"}', '{XTR = "150"}')
    catalog.import_catalogue(tx, toml, JUNE)
    with pytest.raises(OtherCurrency):
        subscriptions.offer_change(tx, party, only(tx, party).id, "stars", currency="XTR", minimum=None, now=JUNE)


def test_ten_taps_change_once(db: Database) -> None:
    with db.begin() as tx:
        offer_all(tx)
        party = make_user(tx, JUNE).party
        buy(tx, JUNE, party, "family")
        shown = offer(tx, party, "solo", JUNE)

    def tap(_: int) -> bool:
        try:
            with db.begin() as tx:
                subscriptions.change_tariff(tx, party, shown.id, JUNE)
        except OfferOver:
            return False
        return True

    assert sum(at_once(8, tap)) == 1
    with db.begin() as tx:
        assert only(tx, party).ends_at == shown.ends_at


portions = st.builds(
    lambda minor, whole, used: Portion("invoice:1", whole * SECOND, max(whole - used, 1) * SECOND, Money(minor, "RUB")),
    st.integers(0, 10_000_00),
    st.integers(1, 400 * 86400),
    st.integers(0, 400 * 86400),
)


@given(st.lists(portions, max_size=4), st.integers(100, 10_000_00), st.integers(3600, 400 * 86400))
def test_value_is_neither_made_nor_lost(left: list[Portion], price: int, period: int) -> None:
    found = exchange(left, Money(price, "RUB"), period * SECOND, source="offer:1", minimum=RUB)
    before, after = credit(left, "RUB").minor, credit(found.portions, "RUB").minor
    paid = found.price.minor
    assert paid == 0 or 100 <= paid <= price
    a_second = -(-price // period) + 1  # each portion may lose up to a second, which costs so much
    assert before + paid - (len(left) + 1) * a_second - 1 <= after <= before + paid + 1
    free = sum((one.left for one in left if not one.value.minor), timedelta())
    if paid:
        assert found.left == period * SECOND + free


def test_free_days_stay_days() -> None:
    free = Portion("trial:1", 3 * DAY, 2 * DAY, Money(0, "RUB"))
    assert convert([free], Money(60000, "RUB"), 30 * DAY) == (free,)
    assert exchange([free], Money(60000, "RUB"), 30 * DAY, source="s") == Exchange(
        Money(60000, "RUB"), (free, Portion("s", 30 * DAY, 30 * DAY, Money(60000, "RUB")))
    )


def test_less_than_the_smallest_payment_is_not_asked_for() -> None:
    almost = Portion("invoice:1", 30 * DAY, 30 * DAY, Money(59950, "RUB"))
    found = exchange([almost], Money(60000, "RUB"), 30 * DAY, source="s", minimum=RUB)
    assert found.price == Money(0, "RUB")
    assert 30 * DAY - timedelta(hours=1) < found.left < 30 * DAY
