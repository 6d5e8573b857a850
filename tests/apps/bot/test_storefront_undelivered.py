"""Paid, and the other side takes nothing for hours or days: delivered once in the end, or the money goes back, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services import billing, provisioning
from tests.apps.bot.storefront import Storefront, Visitor, buttons, open_storefront
from tests.contracts.memory_access import Elsewhere, MemoryAccess
from tests.world import Kiosk, MakeKiosk, World

HOUR = timedelta(hours=1)
OFFER = "take back your"


@dataclass
class Office:
    """A shop whose other side is in memory, its operator, and a buyer who paid while nobody answered there."""

    shop: Storefront
    olga: Visitor
    anna: Visitor
    elsewhere: Elsewhere

    @property
    def kiosk(self) -> Kiosk:
        return self.shop.kiosk

    def pass_hours(self, hours: int) -> None:
        """With a try at every fourth part of it."""
        for _ in range(4):
            self.kiosk.pass_time(HOUR * hours / 4, step=HOUR * hours)
            self.kiosk.hurry()

    def told(self, to: Visitor, words: str) -> list[dict[str, Any]]:
        return [message for message in to.messages() if words in message["text"]]


@pytest.fixture
def office(make_kiosk: MakeKiosk, world: World) -> Iterator[Office]:
    profile = {"first_name": "Olga", "language_code": "en"}
    operator = httpx.post(f"{world.url}/telegram/chat/api/users", json=profile, trust_env=False).json()["id"]
    with make_kiosk(TELEGRAM_ADMIN_IDS=str(operator)) as kiosk, open_storefront(kiosk) as shop:
        elsewhere = Elsewhere(lambda: kiosk.now)
        kiosk.kit.provisioners["wireguard"] = MemoryAccess(elsewhere, kind="wireguard")  # type: ignore[index]
        olga, anna = Visitor(shop, operator), shop.visitor()
        olga.say("/start")
        anna.say("/start")
        elsewhere.break_down("down")
        kiosk.buy(anna.person())
        assert "takes longer than usual" in anna.last()["text"]
        yield Office(shop, olga, anna, elsewhere)


def refunds(office: Office) -> list[tuple[str, str]]:
    with office.kiosk.kit.db.begin() as tx:
        rows = tx.execute(text("SELECT state, destination FROM refunds ORDER BY id"))
        return [(row.state, row.destination) for row in rows]


def test_down_at_payment_for_five_hours_is_delivered_once(office: Office) -> None:
    office.pass_hours(5)
    assert office.told(office.anna, "link") == []
    office.elsewhere.break_down(None)
    office.pass_hours(1)
    office.pass_hours(1)
    assert len(office.elsewhere.things) == 1
    assert office.kiosk.count("outbox_events", "name = 'provisioning.access_granted'") == 1
    assert office.kiosk.count("outbox_events", "name = 'provisioning.access_failed'") == 0
    assert [word for word in ("does not answer", "works again") if len(office.told(office.olga, word)) == 2] == [
        "does not answer",
        "works again",
    ], "once for each of the two places"
    assert office.kiosk.undone() == []


def test_three_days_offer_the_money_back_and_it_is_given_back_once(office: Office) -> None:
    office.pass_hours(71)
    assert office.told(office.anna, OFFER) == []
    office.pass_hours(4)
    (offer,) = office.told(office.anna, OFFER)
    assert [one["text"] for one in buttons(offer)] == ["Take my money back", "I will wait"]
    (alarm,) = office.told(office.olga, "waits for access for three days")
    assert "python -m apps.console access list --failing" in alarm["text"]

    question = office.anna.tap("Take my money back")
    assert "Take back" in question["text"]
    yes = next(one["callback_data"] for one in buttons(question) if one["text"].startswith("Yes"))
    assert refunds(office) == [], "it asks first"
    assert "goes back the way it came" in office.anna.press(question, yes)["text"]
    office.anna.press(question, yes)
    office.kiosk.drain()
    office.kiosk.drain(0.2)
    office.kiosk.hurry()
    office.anna.press(question, yes)
    office.kiosk.hurry()
    assert refunds(office) == [("succeeded", "provider")]
    assert office.kiosk.faults() == []

    office.elsewhere.break_down(None)
    office.pass_hours(2)
    assert not [one for one in office.elsewhere.things.values() if not one.off], "what went back is not given"
    assert office.kiosk.count("outbox_events", "name = 'provisioning.access_granted'") == 0


def test_who_waits_gets_it_and_can_no_longer_take_the_money(office: Office) -> None:
    office.pass_hours(74)
    (offer,) = office.told(office.anna, OFFER)
    back, wait = (one["callback_data"] for one in buttons(offer))
    assert "patience" in office.anna.press(offer, wait)["text"]
    office.elsewhere.break_down(None)
    office.pass_hours(1)
    assert [thing.off for thing in office.elsewhere.things.values()] == [False]
    for data in (back, back.replace("moneyback", "moneybackok"), wait):
        office.anna.press(offer, data)
        assert any("Things have changed" in one.get("text", "") for one in office.anna.messages())
    assert refunds(office) == []


def test_nobody_takes_another_persons_money(office: Office) -> None:
    office.pass_hours(74)
    (offer,) = office.told(office.anna, OFFER)
    stranger = office.shop.visitor(first_name="Boris")
    stranger.say("/start")
    for button in buttons(offer):
        stranger.press(stranger.last(), button["callback_data"].replace("moneyback", "moneybackok"))
    assert refunds(office) == []


def test_what_is_over_and_cannot_be_taken_back_is_told_once(office: Office) -> None:
    office.elsewhere.break_down(None)
    office.kiosk.hurry()
    assert [thing.off for thing in office.elsewhere.things.values()] == [False]
    ends_at = office.kiosk.scalar("SELECT ends_at FROM access_grants")
    office.kiosk.pass_time(ends_at - office.kiosk.now - HOUR, step=timedelta(days=2))
    office.elsewhere.break_down("down")
    office.pass_hours(6)
    (alarm,) = office.told(office.olga, "cannot be taken back")
    assert "1 grant" in alarm["text"]
    office.elsewhere.break_down(None)
    office.pass_hours(1)
    assert [thing.off for thing in office.elsewhere.things.values()] == [True]
    assert office.kiosk.count("access_grants", "alerted_at IS NOT NULL") == 0


def test_many_taps_at_once_are_one_refund(office: Office) -> None:
    office.pass_hours(74)
    kit, now, party = office.kiosk.kit, office.kiosk.now, office.anna.person().party
    grant_id = int(office.kiosk.scalar("SELECT id FROM access_grants"))

    def tap(_: int) -> int:
        with kit.db.begin() as tx:
            return provisioning.take_money_back(tx, kit.providers, party, grant_id, now)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(tap, range(8)))) == 1
    assert len(refunds(office)) == 1


def test_where_the_provider_cannot_give_back_it_goes_to_the_balance(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = office.kiosk.kit.providers["yookassa"]
    office.pass_hours(74)
    monkeypatch.setattr(provider, "capabilities", provider.capabilities & ~billing.Capability.REFUND)
    question = office.anna.tap("Take my money back")
    assert "is on your balance" in office.anna.press(question, buttons(question)[0]["callback_data"])["text"]
    office.kiosk.hurry()
    assert refunds(office) == [("succeeded", "balance")]
    assert office.kiosk.balance(f"wallet:{office.anna.person().party}") == -29900
    assert office.kiosk.faults() == []
