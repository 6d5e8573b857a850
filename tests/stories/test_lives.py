"""Whole lives of subscriptions, with every word that people were told (transcripts/)."""

from __future__ import annotations

from datetime import datetime

import pytest
from dateutil.relativedelta import relativedelta
from sqlalchemy import text

from services import billing, catalog, subscriptions
from services.platform.money import Money
from services.subscriptions import Subscription
from tests.stories.transcript import BEGIN, DAY, HERE, HOUR, Story, story
from tests.world import Kiosk, Person

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def kiosk(far_kiosk: Kiosk) -> Kiosk:
    with far_kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, (HERE.parent / "tariffs.toml").read_text(), far_kiosk.now)
    return far_kiosk


def owned(kiosk: Kiosk, person: Person) -> Subscription:
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, person.party)
    return mine


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def ends(told: Story) -> set[str]:
    return {day(owned(told.kiosk, person).ends_at) for person in told.cast.values()}


def test_a_monthly_buyer_whose_card_is_declined_once(kiosk: Kiosk, long: bool) -> None:
    """Renewals by themselves, eight months of them or two years; in the seventh month the bank says no, and yes at the
    second try."""
    months = 24 if long else 8

    def subscribe(person: Person) -> None:
        with kiosk.kit.db.begin() as tx:
            billing.consent_to_saving(tx, person.party, kiosk.now)
        kiosk.pay(kiosk.checkout(person, save=True))

    def declines(reason: str | None) -> None:
        kiosk.post("/yookassa/settings", declines=dict.fromkeys(("4444", "1111", "4477"), reason) if reason else {})

    with story("monthly", kiosk, whole=long) as told:
        told.each(subscribe, what="buys a month, and lets the card be remembered")
        for month in range(1, months):
            end = owned(kiosk, told.cast["en"]).ends_at
            told.until(end - 70 * HOUR, step=30 * DAY)  # told
            declines("insufficient_funds" if month == 6 else None)
            told.until(end - 29 * HOUR, step=41 * HOUR)  # the first try
            declines(None)
            told.until(end - 4 * HOUR, step=25 * HOUR)  # the second
            told.until(end + DAY, step=14 * HOUR)
            assert ends(told) == {day(BEGIN + relativedelta(months=month + 1))}
    paid = "SELECT DISTINCT count(*) OVER (PARTITION BY party) FROM payments WHERE state = 'succeeded'"
    assert kiosk.scalar(paid) == months
    assert kiosk.count("subscription_changes", "kind = 'expired'") == 0


def test_a_trial_that_converts_and_is_left_after_a_year(kiosk: Kiosk, long: bool) -> None:
    """In the short form it is not left: told are the first months."""

    def try_it(person: Person) -> None:
        with kiosk.kit.db.begin() as tx:
            subscriptions.start_trial(tx, kiosk.kit.cipher, person.party, "vpn-trial", kiosk.now)

    with story("trial", kiosk, whole=long) as told:
        told.each(try_it, what="tries it")
        told.until(BEGIN + 2 * DAY - HOUR, step=5 * HOUR)
        told.each(kiosk.buy, what="buys a month")
        assert ends(told) == {"2041-03-03"}, "one day of the trial is left, and a month follows it"
        for _ in range(11 if long else 3):
            told.until(owned(kiosk, told.cast["en"]).ends_at - 5 * HOUR, step=10 * DAY)
            told.each(kiosk.buy, what="renews early")
        assert ends(told) == {"2042-02-03" if long else "2041-06-03"}
        if long:
            told.until(BEGIN.replace(year=2043), step=20 * DAY)
    states = {owned(kiosk, person).state for person in told.cast.values()}
    assert states == {"expired" if long else "active"}
    assert kiosk.count("subscriptions") == 3


def test_an_upgrade_and_a_downgrade(kiosk: Kiosk, long: bool) -> None:
    def change(person: Person, slug: str) -> None:
        with kiosk.kit.db.begin() as tx:
            mine = subscriptions.subscriptions_of(tx, person.party)[0]
            offer = subscriptions.offer_change(
                tx, person.party, mine.id, slug, currency="RUB", minimum=Money(100, "RUB"), now=kiosk.now
            )
        if not offer.price.minor:
            with kiosk.kit.db.begin() as tx:
                subscriptions.change_tariff(tx, person.party, offer.id, kiosk.now)
            return
        kiosk.pay(kiosk.checkout(person, tariff=None, quote=offer.quote))
        kiosk.drain()

    with story("change", kiosk) as told:
        told.each(kiosk.buy, what="buys a month")
        told.until(BEGIN + 14 * DAY - HOUR / 6, step=7 * DAY)
        told.each(lambda person: change(person, "family"), what="changes to the family tariff and pays the difference")
        assert ends(told) == {"2041-03-14"}, "a whole month from the change on"
        paid = [
            kiosk.scalar(
                "SELECT max(received_minor) FROM payments WHERE party = :party AND received_minor <> 30000",
                party=str(person.party),
            )
            for person in told.cast.values()
        ]
        assert set(paid) == {44993}, "14 days and ten minutes of 28 days of 300 ₽ are credited: 150.07 ₽"
        told.until(BEGIN + 28 * DAY, step=7 * DAY)
        told.each(lambda person: change(person, "vpn-1m"), what="changes back, for nothing")
        assert ends(told) == {"2041-03-28"}, "14 days of 600 ₽ less ten minutes buy 28 of 300 ₽ less twenty"
        told.until(BEGIN + (800 if long else 100) * DAY, step=20 * DAY)
    assert kiosk.scalar("SELECT count(DISTINCT kind) FROM subscription_changes") == 3, "began, changed, expired"


def test_a_pause_over_the_end_of_a_month(kiosk: Kiosk, long: bool) -> None:
    def act(name: str, person: Person) -> None:
        with kiosk.kit.db.begin() as tx:
            mine = subscriptions.subscriptions_of(tx, person.party)[0]
            getattr(subscriptions, name)(tx, person.party, mine.id, kiosk.now)

    with story("pause", kiosk) as told:
        told.each(kiosk.buy, what="buys a month")
        told.until(BEGIN + 20 * DAY - HOUR / 2, step=10 * DAY)
        told.each(lambda person: act("pause", person), what="pauses")
        told.until(BEGIN.replace(month=6, day=30), step=30 * DAY)
        assert {owned(kiosk, person).state for person in told.cast.values()} == {"paused"}
        told.each(lambda person: act("resume", person), what="resumes")
        assert ends(told) == {"2041-07-08"}, "the eight days that were left"
        told.until(BEGIN.replace(month=7, day=7), step=12 * HOUR)
        told.each(lambda person: act("cancel", person), what="cancels")
        told.until(BEGIN.replace(year=2043) if long else BEGIN.replace(month=10), step=30 * DAY)
    left = text("SELECT DISTINCT kind FROM subscription_changes WHERE kind IN ('paused', 'resumed', 'grace')")
    with kiosk.kit.db.begin() as tx:
        assert set(tx.scalars(left)) == {"paused", "resumed"}
