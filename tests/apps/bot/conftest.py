from __future__ import annotations

from collections.abc import Iterator

import pytest

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
