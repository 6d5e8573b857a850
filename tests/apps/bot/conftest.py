from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apps.bot.club import Club, operator
from tests.apps.bot.receipt_counter import Counter, agree, open_counter
from tests.apps.bot.storefront import Storefront, Visitor, open_storefront
from tests.world import Kiosk


@pytest.fixture
def shop(kiosk: Kiosk) -> Iterator[Storefront]:
    with open_storefront(kiosk) as storefront:
        yield storefront


@pytest.fixture
def anna(shop: Storefront) -> Visitor:
    visitor = shop.visitor()
    visitor.say("/start")
    return visitor


@pytest.fixture
def club(shop: Storefront) -> Club:
    return Club(shop)


@pytest.fixture
def member(club: Club, anna: Visitor) -> Visitor:
    """Somebody who has bought and come in."""
    club.buy(anna)
    assert club.ask(anna, club.link(anna)) is None
    assert club.status(anna) == "member"
    return anna


@pytest.fixture
def watcher(shop: Storefront) -> Iterator[Visitor]:
    with operator(shop) as visitor:
        yield visitor


@pytest.fixture
def counter(kiosk: Kiosk) -> Iterator[Counter]:
    with open_counter(kiosk) as counter:
        yield counter


@pytest.fixture
def shopper(counter: Counter) -> Visitor:
    """Somebody who has come while a campaign pays to the balance, and agreed to its terms."""
    counter.run_campaign()
    visitor = counter.shop.visitor()
    agree(visitor)
    return visitor
