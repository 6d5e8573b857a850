"""From the payment to the panel and back, all of it real: the core, the outbox, the panel over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services import provisioning
from tests.services.provisioning.remnawave.panel_shop import Shop
from tests.world import Kiosk

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(kiosk: Kiosk) -> Shop:
    return Shop(kiosk)


def test_paid_is_given_and_the_owner_has_the_link(shop: Shop) -> None:
    shop.kiosk.buy(shop.anna, "panel-1m")
    access = shop.access()
    assert (access.state, access.kind) == ("ready", "remnawave")
    assert access.artifact("link").content == shop.there["subscriptionUrl"]
    assert abs(datetime.fromisoformat(shop.there["expireAt"]) - shop.ends_at) <= timedelta(seconds=1)
    assert not [name for name, _ in shop.kiosk.undone() if name.startswith("provisioning.")]


@pytest.mark.parametrize("mode", ["down", "502", "html", "500_after", "dropped_after", "429", "401", "403"])
def test_mistake_1_paid_while_the_panel_is_down_is_given_later_and_once(shop: Shop, mode: str) -> None:
    shop.fault(mode)
    shop.kiosk.buy(shop.anna, "panel-1m")
    assert shop.access().state == "preparing"
    assert [name for name, _ in shop.kiosk.undone()] == ["provisioning.apply"]
    told = len(shop.kiosk.messages(shop.anna))
    shop.kiosk.hurry()
    assert len(shop.kiosk.messages(shop.anna)) == told, "told once that it takes longer"
    shop.heal()
    shop.kiosk.hurry()
    assert shop.access().artifact("link").content == shop.there["subscriptionUrl"]
    assert shop.kiosk.undone() == []


def test_mistake_25_nothing_secret_is_stored_or_told_in_the_open(shop: Shop) -> None:
    shop.kiosk.buy(shop.anna, "panel-1m")
    secrets = [shop.there[name] for name in ("shortUuid", "trojanPassword", "vlessUuid", "ssPassword")]
    for table in ("access_grants", "outbox_events", "outbox_deliveries"):
        rows = shop.kiosk.scalar(f"SELECT coalesce(json_agg(t)::text, '') FROM {table} t")
        assert not [secret for secret in secrets if secret in rows], table


def test_mistake_7_and_8_a_life_on_the_panel(shop: Shop) -> None:
    shop.kiosk.buy(shop.anna, "panel-1m")
    first = shop.there
    shop.kiosk.post(f"/panel/users/{first['username']}/traffic", bytes=40 * 10**9)
    early = shop.kiosk.buy(shop.anna, "panel-1m")
    assert datetime.fromisoformat(shop.there["expireAt"]) > datetime.fromisoformat(first["expireAt"]) + 27 * 24 * HOUR
    assert shop.there["userTraffic"]["usedTrafficBytes"] == 0
    shop.kiosk.refund(early.payment_id)
    shop.kiosk.drain()
    assert datetime.fromisoformat(shop.there["expireAt"]) == datetime.fromisoformat(first["expireAt"])
    assert shop.there["status"] == "ACTIVE", "only that order's days went"
    shop.kiosk.pass_time(timedelta(days=32), step=timedelta(hours=12))
    shop.kiosk.pass_time(timedelta(minutes=1))  # the panel's job comes every half minute
    assert shop.there["status"] == "EXPIRED"
    assert shop.access().state == "ended"
    shop.kiosk.buy(shop.anna, "panel-1m")
    assert (shop.there["status"], shop.there["subscriptionUrl"]) == ("ACTIVE", first["subscriptionUrl"])
    assert shop.there["trafficLimitBytes"] == 100 * 10**9


def test_mistake_13_another_tariff_keeps_the_link_and_changes_the_rest(shop: Shop) -> None:
    shop.kiosk.buy(shop.anna, "panel-1m")
    first = shop.there
    shop.kiosk.buy(shop.anna, "panel-pro")
    assert shop.there["subscriptionUrl"] == first["subscriptionUrl"]
    assert [squad["name"] for squad in shop.there["activeInternalSquads"]] == ["Premium-Squad"]
    assert (shop.there["hwidDeviceLimit"], shop.there["trafficLimitBytes"]) == (10, 500 * 10**9)
    assert shop.access().good.name == "premium"


def test_mistake_15_a_rotated_link_is_the_one_that_is_shown(shop: Shop) -> None:
    shop.kiosk.buy(shop.anna, "panel-1m")
    first = shop.there["subscriptionUrl"]
    kit = shop.kiosk.kit
    with kit.db.begin() as tx:
        provisioning.rotate(
            tx, kit.provisioners, shop.anna.party, shop.access().grant_id, generation=0, now=shop.kiosk.now
        )
    shop.kiosk.drain()
    assert first != shop.there["subscriptionUrl"] == shop.access().artifact("link").content
