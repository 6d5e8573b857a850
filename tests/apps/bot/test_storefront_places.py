"""Devices and locations of an access, as their owner sees and changes them."""

from __future__ import annotations

from typing import Any

import pytest

from apps.bot.callbacks_access import mark_of
from services.platform.errors import Misconfigured, Rejected, TryLater
from services.provisioning import Device, OutOfStock
from tests.apps.bot.access_shop import AccessShop, open_access_shop
from tests.apps.bot.storefront import Storefront, Visitor, buttons


@pytest.fixture
def access(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> AccessShop:
    return open_access_shop(shop, monkeypatch)


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


def data_of(message: dict[str, Any], label: str) -> str:
    return next(str(button["callback_data"]) for button in buttons(message) if button["text"].startswith(label))


def opened(
    access: AccessShop, anna: Visitor, limits: str = "", devices: dict[str, str] | None = None
) -> dict[str, Any]:
    access.sells("servers", limits=limits)
    access.buy(anna)
    access.thing().devices.update(devices or {})
    anna.say("/my")
    return anna.tap("Access and keys")


def test_devices_are_counted_and_forgotten_after_a_question(access: AccessShop, anna: Visitor) -> None:
    hwid = "hwid-" + "x" * 100
    opened(access, anna, devices={hwid: "iPhone <15> & co", "d2": "\u202eevil\nname"})
    listed = anna.tap("📱 Devices")
    assert listed["text"].startswith("📱 Devices: 2 of 3\n\n• \u2068iPhone <15> & co\u2069\n• \u2068evil name\u2069")
    question = anna.tap("Forget \u2068iPhone")
    assert "It loses its place" in question["text"]
    assert len(access.thing().devices) == 2, "it was only asked"
    assert anna.tap("‹ Back")["text"] == listed["text"]
    question = anna.tap("Forget \u2068iPhone")
    yes = data_of(question, "Yes, forget it")
    done = anna.press(question, yes)
    assert "✅ \u2068iPhone <15> & co\u2069 is forgotten.\n\n📱 Devices: 1 of 3" in done["text"]
    assert list(access.thing().devices) == ["d2"]
    assert "not in the list any more" in anna.press(question, yes)["text"], "tapped twice"
    assert "not in the list any more" in anna.press(question, yes.replace("deviceok", "device"))["text"]
    assert access.sides["remnawave"].requests["forget"] == 1
    assert "Works until" in anna.tap("‹ Back")["text"]


def test_no_device_and_no_limit(access: AccessShop, anna: Visitor) -> None:
    opened(access, anna)
    assert "No device has connected yet." in anna.tap("📱 Devices")["text"]
    (mine,) = access.given(anna)
    access.shop.kiosk.scalar("UPDATE subscriptions SET terms = terms || '{\"devices\": null}' RETURNING 1")
    assert anna.press(anna.last(), f"devices:{mine.grant_id}")["text"].startswith("📱 Devices: 0\n")


def test_many_devices_fit_on_a_screen(access: AccessShop, anna: Visitor) -> None:
    opened(access, anna, devices={f"d{n}": f"Phone {n} " + "y" * 80 for n in range(60)})
    listed = anna.tap("📱 Devices")
    assert "Devices: 60 of 3" in listed["text"]
    assert len([one for one in labels(listed) if one.startswith("Forget")]) == 20


@pytest.mark.parametrize("error", [TryLater("nobody answers"), Misconfigured("401"), Rejected("400")])
def test_a_panel_that_does_not_answer_is_told_politely(
    access: AccessShop, anna: Visitor, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    card = opened(access, anna, devices={"d1": "Phone"})
    question = [anna.tap("📱 Devices"), anna.tap("Forget")][1]

    def fails(*_: object) -> None:
        raise error

    side = access.shop.kiosk.kit.provisioners["remnawave"]
    monkeypatch.setattr(side, "forget_device", fails)
    screen = anna.press(question, data_of(question, "Yes, forget it"))
    assert "cannot be had right now. Your access is not concerned" in screen["text"]
    monkeypatch.setattr(side, "devices", fails)
    for data in (data_of(card, "📱 Devices"), data_of(question, "Yes, forget it"), question_of(question)):
        screen = anna.press(question, data)
        assert "cannot be had right now" in screen["text"]
        assert labels(screen) == ["Try again", "‹ Back", "Main menu"]
        assert data_of(screen, "Try again") == data
    monkeypatch.undo()
    assert list(access.thing().devices) == ["d1"]


def question_of(question: dict[str, Any]) -> str:
    return data_of(question, "Yes, forget it").replace("deviceok", "device")


def test_a_device_with_no_name_has_one(access: AccessShop, anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(access, anna)
    seen = [Device("d1", "", access.shop.kiosk.now)]
    monkeypatch.setattr(access.shop.kiosk.kit.provisioners["remnawave"], "devices", lambda *_: seen)
    assert "• a device without a name — " in anna.tap("📱 Devices")["text"]


def test_locations_are_shown_with_their_room(access: AccessShop, anna: Visitor) -> None:
    card = opened(access, anna)
    assert "📍 Location: Berlin" in card["text"]
    listed = anna.tap("📍 Location")
    assert (
        "✅ Berlin — you are here\n🟢 Oslo — plenty of room\n🟡 Rome — almost full\n🔴 Paris — full" in listed["text"]
    )
    assert labels(listed) == ["Oslo", "Rome", "Nice <&>", "‹ Back", "Main menu"]


def test_one_moves_after_a_question_and_once(access: AccessShop, anna: Visitor) -> None:
    opened(access, anna, limits='locations = ["m1", "m2", "m3"]')
    listed = anna.tap("📍 Location")
    question = anna.tap("Oslo")
    assert "Move to Oslo?" in question["text"]
    assert access.given(anna)[0].location == "Berlin"
    yes = data_of(question, "Yes, move")
    for _ in range(3):
        assert "Moving to Oslo" in anna.press(question, yes)["text"]
    revision = access.shop.kiosk.scalar("SELECT revision FROM access_grants")
    access.shop.kiosk.drain()
    assert access.thing().place == "m2"
    assert "Servers of Europe is in Oslo now. Your configuration stays the same" in anna.last()["text"]
    anna.press(question, yes)
    access.shop.kiosk.drain()
    assert access.shop.kiosk.scalar("SELECT revision FROM access_grants") == revision
    assert "You are in Oslo" in anna.press(listed, data_of(listed, "Oslo"))["text"]
    assert len([one for one in anna.messages() if "is in Oslo now" in one.get("text", "")]) == 1


def test_a_move_with_new_credentials_sends_them(access: AccessShop, anna: Visitor) -> None:
    access.shop.kiosk.kit.provisioners["remnawave"].fresh_after_move = True  # type: ignore[attr-defined]
    opened(access, anna)
    anna.tap("📍 Location")
    anna.tap("Rome")
    anna.tap("Yes, move")
    before = len(anna.messages())
    access.shop.kiosk.drain()
    (told,) = anna.messages()[before:]
    assert "is in Rome now. Here is the new access; the old one no longer works." in told["caption"]
    assert access.thing().secret in told["caption"]


def test_what_is_full_or_not_offered_is_refused(access: AccessShop, anna: Visitor) -> None:
    opened(access, anna)
    listed = anna.tap("📍 Location")
    question = anna.tap("Oslo")
    side = access.shop.kiosk.kit.provisioners["remnawave"]
    side._places = ("m1", "m4", "m5")  # type: ignore[attr-defined]
    yes = data_of(question, "Yes, move")
    for data in (yes, data_of(listed, "Oslo"), f"placeok:{yes.split(':')[1]}:{'0' * 12}"):
        assert "not offered any more" in anna.press(question, data)["text"]
    assert "plenty of room" in anna.last()["text"]

    for word in ("place", "placeok"):
        full = anna.press(question, f"{word}:{yes.split(':')[1]}:{mark_of('m4')}")
        assert "There is no room in this location any more" in full["text"]
    access.shop.kiosk.drain()
    assert access.thing().place == "m1"
    assert access.shop.kiosk.scalar("SELECT location FROM access_grants") is None


def test_a_place_that_fills_up_at_the_last_moment_keeps_one_where_one_is(
    access: AccessShop, anna: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:

    opened(access, anna)
    anna.tap("📍 Location")
    question = anna.tap("Oslo")

    def taken(*_: object) -> None:
        raise OutOfStock("somebody was faster")

    monkeypatch.setattr(access.shop.kiosk.kit.provisioners["remnawave"], "reserve", taken)
    assert "no room in this location any more" in anna.press(question, data_of(question, "Yes, move"))["text"]
    assert access.shop.kiosk.scalar("SELECT location FROM access_grants") is None
    monkeypatch.undo()


def test_nowhere_else_is_room(access: AccessShop, anna: Visitor) -> None:
    opened(access, anna, limits='locations = ["m1", "m4"]')
    listed = anna.tap("📍 Location")
    assert "There is room nowhere else right now." in listed["text"]
    assert labels(listed) == ["‹ Back", "Main menu"]


def test_a_wireguard_fleet_moves_its_people(shop: Storefront, anna: Visitor) -> None:
    shop.kiosk.buy(anna.person())
    anna.say("/my")
    card = anna.tap("Access and keys")
    assert "📍 Location: Frankfurt" in card["text"]
    assert labels(card)[:4] == ["Configuration and QR", "📍 Location", "🔄 Replace the keys", "How to connect"]
    assert "✅ Frankfurt — you are here\n🟢 Amsterdam — plenty of room" in anna.tap("📍 Location")["text"]
    anna.tap("Amsterdam")
    assert "Moving to Amsterdam" in anna.tap("Yes, move")["text"]
    shop.kiosk.drain()
    shop.kiosk.hurry()
    file, code = anna.messages()[-2:]
    assert "is in Amsterdam now. Here is the new access; the old one no longer works." in file["caption"]
    assert file["document"]["file_name"].startswith("kiosk-nl1")
    assert code["photo"]
    anna.say("/my")
    assert "📍 Location: Amsterdam" in anna.tap("Access and keys")["text"]
