"""Campaigns: what an advertisement cost and what came of it, by the first link a person ever came by."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from services import campaigns, catalog, identity, referrals, subscriptions
from services.platform.money import Money
from tests.factories import make_user, tariff_toml
from tests.world import Kiosk, Person

COST = Money(100_000, "RUB")


def make(
    tx: Session, now: datetime, parameter: str = "ads-1", name: str = "Spring", cost: Money = COST
) -> campaigns.Campaign:
    return campaigns.create(tx, name=name, parameter=parameter, cost=cost, actor="test", now=now)


def came(kiosk: Kiosk, parameter: str | None) -> Person:
    """Somebody new at Telegram, whose first /start carries a parameter."""
    user = kiosk.post("/telegram/chat/api/users", first_name="Eva", language_code="ru")
    kiosk.post(f"/telegram/chat/api/users/{user['id']}/text", text="/start")
    with kiosk.kit.db.begin() as tx:
        known = identity.greet(
            tx, telegram_id=user["id"], first_name="Eva", username=None, language_code="ru",
            start_parameter=parameter, now=kiosk.now,
        )  # fmt: skip
    return Person(user["id"], known.party, "ru")


def results(kiosk: Kiosk, name: str = "Spring") -> campaigns.Results:
    with kiosk.kit.db.begin() as tx:
        return campaigns.results(tx, campaigns.campaign(tx, name))


def test_what_came_of_a_campaign(kiosk: Kiosk) -> None:
    people = [came(kiosk, "ads-1") for _ in range(4)]
    with kiosk.kit.db.begin() as tx:
        make(tx, kiosk.now)  # named only now
        catalog.import_catalogue(tx, tariff_toml("vpn-try", period="{days = 3}", more='audience = "trial"'), kiosk.now)
        subscriptions.start_trial(tx, kiosk.kit.cipher, people[3].party, "vpn-try", kiosk.now)
    kiosk.buy(people[0])
    kiosk.buy(people[0])
    back = kiosk.buy(people[1])
    kiosk.buy(came(kiosk, "ads-2"))
    kiosk.buy(came(kiosk, None))
    kiosk.refund(back.payment_id, amount=Money(9900, "RUB"))
    kiosk.drain()
    seen = results(kiosk)
    assert (seen.registrations, seen.trials, seen.payments, seen.payers) == (4, 1, 3, 2)
    assert seen.revenue == {"RUB": Money(89700, "RUB")}
    assert seen.refunds == {"RUB": Money(9900, "RUB")}
    assert seen.net == {"RUB": Money(79800, "RUB")}
    assert seen.cost_per_payer == Money(50_000, "RUB")
    assert seen.return_percent == -21  # 798 of 1000 came back: -20.2, rounded down


def test_attempts_that_failed_and_unpaid_ones_are_no_payments(kiosk: Kiosk) -> None:
    eva = came(kiosk, "ads-1")
    kiosk.pay(kiosk.checkout(eva), outcome="decline")
    kiosk.drain()
    kiosk.checkout(eva)
    with kiosk.kit.db.begin() as tx:
        make(tx, kiosk.now)
    seen = results(kiosk)
    assert (seen.payments, seen.payers, seen.revenue, seen.cost_per_payer) == (0, 0, {}, None)
    assert seen.return_percent == -100


def test_the_first_link_counts_for_ever(tx: Session, now: datetime) -> None:
    user = make_user(tx, now, telegram_id=100)  # came by no link
    other = identity.greet(
        tx, telegram_id=101, first_name="x", username=None, language_code=None, start_parameter="ads-1", now=now
    )
    for number in (100, 101):
        identity.greet(
            tx, telegram_id=number, first_name="x", username=None, language_code=None, start_parameter="ads-2", now=now
        )
    assert identity.who_came_from(tx, "ads-1") == [other.id]
    assert identity.who_came_from(tx, "ads-2") == []
    assert identity.came_from(tx, user.id) is None


def test_a_friends_link_is_no_campaign_unless_it_is_named(tx: Session, now: datetime) -> None:
    anna = make_user(tx, now)
    link = referrals.start_parameter(referrals.code_of(tx, anna.id, now))
    for number, parameter in ((100, link), (101, "ads-1"), (102, "ads-10"), (103, "ADS-1")):
        identity.greet(
            tx,
            telegram_id=number,
            first_name="x",
            username=None,
            language_code=None,
            start_parameter=parameter,
            now=now,
        )
    ads = make(tx, now)
    assert campaigns.results(tx, ads).registrations == 1, "exactly this parameter"
    blogger = make(tx, now, parameter=link, name="A blogger")
    assert campaigns.results(tx, blogger).registrations == 1


def test_names_and_parameters_are_unique(tx: Session, now: datetime) -> None:
    make(tx, now)
    for name, parameter in (("Spring", "ads-2"), ("Summer", "ads-1")):
        with pytest.raises(campaigns.CampaignExists):
            make(tx, now, parameter=parameter, name=name)
    assert [one.name for one in campaigns.campaigns(tx)] == ["Spring"]


@pytest.mark.parametrize(
    ("name", "parameter", "cost"),
    [
        ("", "x", COST),
        (" x", "x", COST),
        ("n" * 81, "x", COST),
        ("x", "", COST),
        ("x", "a b", COST),
        ("x", "п", COST),
        ("x", "p" * 65, COST),
        ("x", "x", Money(-1, "RUB")),
    ],
)
def test_what_cannot_be_is_refused(tx: Session, now: datetime, name: str, parameter: str, cost: Money) -> None:
    with pytest.raises(campaigns.BadCampaign):
        make(tx, now, parameter=parameter, name=name, cost=cost)
    assert campaigns.campaigns(tx) == []


def test_one_that_cost_nothing_has_no_return(tx: Session, now: datetime) -> None:
    seen = campaigns.results(tx, make(tx, now, cost=Money(0, "RUB")))
    assert seen.return_percent is None


def test_there_is_none_of_that_name(tx: Session) -> None:
    with pytest.raises(campaigns.CampaignNotFound):
        campaigns.campaign(tx, "Spring")
