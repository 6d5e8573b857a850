"""What people see of their access, of every kind, in every state, and what they can do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.provisioning import Capability
from tests.apps.bot.access_shop import AccessShop, open_access_shop
from tests.apps.bot.storefront import Storefront, Visitor, buttons

GB = 10**9


@pytest.fixture
def access(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> AccessShop:
    return open_access_shop(shop, monkeypatch)


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


def data_of(message: dict[str, Any], label: str) -> str:
    return next(str(button["callback_data"]) for button in buttons(message) if button["text"].startswith(label))


def opened(anna: Visitor) -> dict[str, Any]:
    anna.say("/my")
    return anna.tap("Access and keys")


def grants(access: AccessShop, what: str) -> None:
    access.shop.kiosk.scalar(f"UPDATE access_grants SET {what} RETURNING 1")


def test_one_good_is_opened_at_once_with_all_that_can_be_done(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", limits='traffic_gb = 100\nlocations = ["m1", "m2"]')
    access.buy(anna)
    grants(access, f"used_bytes = {12_500_000_000}")
    card = opened(anna)
    assert card["text"].startswith("🔑 Servers of Europe\n\n✅ Works until ")
    assert "📍 Location: Berlin\nTraffic: 12.5 GB of 100 GB\n▰▱▱▱▱▱▱▱▱▱ 12 %\nDevices: up to 3" in card["text"]
    assert labels(card) == [
        "Link and QR",
        "📱 Devices",
        "📍 Location",
        "🔄 Replace the link",
        "How to connect",
        "‹ Back",
        "Main menu",
    ]
    assert "My subscription" in anna.tap("‹ Back")["text"]


def test_buttons_are_only_for_what_its_kind_can(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = open_access_shop(shop, monkeypatch, Capability.EXPIRY)
    anna = shop.visitor()
    anna.say("/start")
    plain.sells("servers", limits="traffic_gb = 100")
    plain.buy(anna)
    card = opened(anna)
    assert labels(card) == ["Link and QR", "How to connect", "‹ Back", "Main menu"]
    assert "\nTraffic: 100 GB\n" in card["text"], "what nobody counts is not told"
    (mine,) = plain.given(anna)
    for data in (f"new:{mine.grant_id}", f"newok:{mine.grant_id}:0", f"devices:{mine.grant_id}"):
        assert "cannot be done now" in anna.press(card, data)["text"]
    for data in (f"places:{mine.grant_id}", f"device:{mine.grant_id}:{'0' * 12}"):
        assert "cannot be done now" in anna.press(card, data)["text"]
    assert plain.given(anna) == [mine]


def test_one_place_to_be_is_no_choice(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", limits='locations = ["m1"]')
    access.buy(anna)
    assert "📍 Location" not in labels(opened(anna))


def test_several_goods_are_listed_with_their_states(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club", "program")
    access.sides["channel"].break_down("down")
    access.buy(anna)
    listed = opened(anna)
    assert "✅ Servers of Europe: ready\n⏳ Private channel: being prepared\n✅ Licence key: ready" in listed["text"]
    card = anna.tap("Private channel")
    assert "preparing it takes longer than usual" in card["text"]
    assert labels(card) == ["Look again", "Write to support", "‹ Back", "Main menu"]
    assert anna.tap("‹ Back")["text"] == listed["text"]
    access.sides["channel"].break_down(None)
    access.shop.kiosk.hurry()
    access.shop.kiosk.drain()
    assert "✅ Private channel: ready" in opened(anna)["text"]
    card = anna.tap("Private channel")
    assert labels(card) == ["Join", "🔄 Replace the link", "‹ Back", "Main menu"]
    assert "Traffic" not in card["text"], "a channel has none"


def test_everything_is_sent_again_in_words_of_its_kind(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club", "program", "note")
    access.buy(anna)
    for name, label in (
        ("Servers", "Link and QR"),
        ("Licence key", "The key again"),
        ("Text", "Send it again"),
    ):
        opened(anna)
        anna.tap(name)
        before = len(anna.messages())
        anna.tap(label)
        assert len(anna.messages()) == before + 1
    link, key, words = (anna.messages()[-n] for n in (5, 3, 1))
    opened(anna)
    invite = anna.tap("Private channel")
    secrets = {kind: access.thing(kind).secret for kind in access.sides if access.sides[kind].things}
    assert link["photo"]
    assert f"Your link: https://sub.example/{secrets['remnawave']}\n" in link["caption"]
    assert link["caption"].startswith("🔑 Servers of Europe, Berlin\n\n")
    copy, page, *_rest = buttons(link)
    assert copy["copy_text"]["text"] == page["url"] == f"https://sub.example/{secrets['remnawave']}"
    assert [one["url"] for one in buttons(invite) if one["text"] == "Join"] == [f"https://t.me/+{secrets['channel']}"]
    assert f"KEY-{secrets['licence']}" in key["text"]
    assert [one["type"] for one in key["entities"]] == ["bold", "code"]
    assert buttons(key)[0]["copy_text"] == {"text": f"KEY-{secrets['licence']}"}
    assert f"Your <word> & number: {secrets['text']}" in words["text"]
    assert "How to connect" not in labels(key)


def test_credentials_are_replaced_after_a_question_and_once(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    old = access.thing().secret
    opened(anna)
    question = anna.tap("🔄 Replace the link")
    assert "The old one stops working at once" in question["text"]
    access.shop.kiosk.drain()
    assert access.thing().secret == old, "it was only asked"
    assert "Works until" in anna.tap("‹ Back")["text"]
    for _ in range(3):
        assert "Being replaced" in anna.press(question, data_of(question, "Yes, replace it"))["text"]
    access.shop.kiosk.drain()
    assert access.thing().secret != old
    assert access.thing().generation == 1
    told = [one for one in anna.messages() if "photo" in one][-1]
    assert "here is the new access. The old one no longer works." in told["caption"]
    assert access.thing().secret in told["caption"]
    anna.press(question, data_of(question, "Yes, replace it"))
    access.shop.kiosk.drain()
    assert access.thing().generation == 1, "an old question replaces nothing more"

    opened(anna)
    again = anna.tap("🔄 Replace the link")
    anna.press(again, data_of(again, "Yes, replace it"))
    access.shop.kiosk.drain()
    assert access.thing().generation == 2
    assert len([one for one in anna.messages() if "here is the new access" in one.get("caption", "")]) == 2


def test_used_up_traffic_says_when_there_is_more(access: AccessShop, anna: Visitor) -> None:
    for reset, said, way in (
        ("period", "renew, and you are connected again", "Renew"),
        ("day", "anew every day", "Change the tariff"),
        ("week", "anew every Monday", "Change the tariff"),
        ("month", "first day of every month", "Change the tariff"),
        ("month_rolling", "on which it first began", "Change the tariff"),
        ("none", "another tariff connects you again", "Change the tariff"),
    ):
        visitor = access.shop.visitor()
        visitor.say("/start")
        access.sells("servers", limits=f'traffic_gb = 50\ntraffic_reset = "{reset}"')
        access.buy(visitor)
        (mine,) = access.given(visitor)
        number = mine.grant_id
        access.shop.kiosk.scalar(
            "UPDATE access_grants SET held = 'limited', used_bytes = :used WHERE id = :id RETURNING 1",
            used=50 * GB,
            id=number,
        )
        card = opened(visitor)
        assert "📉 The traffic of this period is used up." in card["text"]
        assert "▰▰▰▰▰▰▰▰▰▰ 100 %" in card["text"]
        assert said in card["text"]
        assert labels(card)[0] == way


def test_preparing_is_said_and_looked_at_again(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    grants(access, "held = 'absent', delayed_at = NULL")
    card = opened(anna)
    assert "Paid, and being prepared" in card["text"]
    assert labels(card) == ["Look again", "‹ Back", "Main menu"]
    anna.tap("Look again")
    assert "Still being prepared" in anna.chat()["toast"]["text"]
    assert "cannot be done now" in anna.press(card, f"again:{access.given(anna)[0].grant_id}")["text"]
    grants(access, "held = 'active'")
    assert "Works until" in anna.tap("Look again")["text"]


def test_what_an_operator_closed_leads_to_support(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club")
    access.buy(anna)
    access.shop.kiosk.scalar("UPDATE access_grants SET barred = 'abuse' WHERE kind = 'remnawave' RETURNING 1")
    assert "🚫 Servers of Europe: closed by an operator" in opened(anna)["text"]
    card = anna.tap("Servers of Europe")
    assert "An operator has closed this access" in card["text"]
    assert labels(card) == ["Write to support", "‹ Back", "Main menu"]
    assert buttons(card)[0]["url"].startswith("https://t.me/")
    sent = len(anna.messages())
    number = access.given(anna)[0].grant_id
    anna.press(card, f"again:{number}")
    assert "cannot be done now" in anna.press(card, f"newok:{number}:0")["text"]
    assert len(anna.messages()) == sent
    settings = access.shop.kiosk.kit.settings.model_copy(update={"support_username": None})
    object.__setattr__(access.shop.kiosk.kit, "settings", settings)
    assert labels(anna.press(card, f"access:{number}"))[0] == "Help & support"


def test_sold_out_says_that_the_money_comes_back(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    access.shop.kiosk.scalar("UPDATE access_grants SET sold_out_at = now() RETURNING 1")
    card = opened(anna)
    assert "The last one was gone" in card["text"]
    assert labels(card) == ["Write to support", "‹ Back", "Main menu"]


def test_a_paused_and_an_ended_one_show_no_secret(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    card = opened(anna)
    (mine,) = access.given(anna)
    one = access.subscription(anna)
    anna.press(card, f"pauseok:{one.id}")
    access.shop.kiosk.drain()
    sent = len(anna.messages())
    assert "is paused, so it has no key" in anna.press(card, f"conf:{one.id}")["text"]
    paused = anna.press(card, f"access:{mine.grant_id}")
    assert "The subscription is paused, and this access with it." in paused["text"]
    assert labels(paused)[0] == "Resume"
    anna.press(card, f"resume:{one.id}")
    access.shop.kiosk.drain()
    access.shop.kiosk.pass_time(timedelta(days=40), step=timedelta(days=8))
    assert "has ended" in anna.press(card, f"conf:{one.id}")["text"]
    ended = anna.press(card, f"access:{mine.grant_id}")
    assert "⌛ This access has ended." in ended["text"]
    assert labels(ended)[0] == "Renew"
    anna.press(card, f"again:{mine.grant_id}")
    secret = access.thing().secret
    assert not any(secret in str(message) for message in anna.messages()[sent + 2 :])


def test_what_an_earlier_tariff_gave_is_not_listed(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club")
    access.buy(anna)
    grants(access, "wanted = CASE kind WHEN 'channel' THEN 'ended' ELSE wanted END")
    card = opened(anna)
    assert card["text"].startswith("🔑 Servers of Europe\n\n✅ Works until ")
    left = anna.press(card, f"access:{access.given(anna)[1].grant_id}")
    assert "your tariff gives other things now" in left["text"]
    assert labels(left) == ["‹ Back", "Main menu"]


def test_after_the_end_nothing_is_shown_also_before_the_sweep(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    card, sent = opened(anna), len(anna.messages())
    (mine,) = access.given(anna)
    access.shop.kiosk.world.offset.move(int(timedelta(days=40).total_seconds()))
    for word in ("access", "again", "new", "devices", "places"):
        ended = anna.press(card, f"{word}:{mine.grant_id}")
        assert "⌛ This access has ended." in ended["text"], word
    assert len(anna.messages()) == sent
    assert access.given(anna)[0].state == "ready", "the sweep has not come yet"


def test_a_trial_whose_traffic_is_used_up_leads_to_the_tariffs(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", limits="traffic_gb = 50")
    access.buy(anna)
    grants(access, "held = 'limited'")
    access.shop.kiosk.scalar("UPDATE subscriptions SET state = 'trial' RETURNING 1")
    assert labels(opened(anna))[0] == "Choose a tariff"


def test_nothing_of_other_people_is_seen_or_done(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    access.thing().devices["d1"] = "Phone"
    (mine,) = access.given(anna)
    one, before = access.subscription(anna), access.thing()
    mallory = access.shop.visitor(first_name="Mallory")
    screen = mallory.say("/start")
    number, mark = mine.grant_id, "0" * 12
    for data in (
        f"access:{number}",
        f"again:{number}",
        f"new:{number}",
        f"newok:{number}:0",
        f"devices:{number}",
        f"device:{number}:{mark}",
        f"deviceok:{number}:{mark}",
        f"places:{number}",
        f"place:{number}:{mark}",
        f"placeok:{number}:{mark}",
        f"access:{2**63 - 1}",
    ):
        assert "I cannot find this access among yours." in mallory.press(screen, data)["text"], data
    for data in (f"conf:{one.id}", f"help:{one.id}", f"guide:ios:{one.id}"):
        assert "this subscription among yours" in mallory.press(screen, data)["text"]
    access.shop.kiosk.drain()
    assert len(mallory.messages()) == 1
    assert access.thing() == before
    assert access.given(anna) == [mine]


@pytest.mark.parametrize(
    "data", ["access:abc", "again:-1", "newok:1", "device:1:xyz", f"place:1:{'g' * 12}", "devices:", f"new:{2**63}"]
)
def test_broken_buttons_are_answered(anna: Visitor, data: str) -> None:
    assert "older version" in anna.press(anna.last(), data)["text"]


def test_no_secret_of_any_kind_is_logged(
    access: AccessShop, anna: Visitor, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    access.sells("servers", "club", "program", "note")
    access.shop.kiosk.post("/telegram/faults", mode="502", method="sendPhoto", times=1)
    access.sides["channel"].break_down("after", times=1)
    access.buy(anna)
    opened(anna)
    anna.tap("Servers")
    anna.tap("Link and QR")
    said = "".join([*capsys.readouterr(), caplog.text])
    with access.shop.kiosk.kit.db.begin() as tx:
        tables = ("outbox_events", "outbox_deliveries", "messages", "access_grants")
        stored = "".join(str(tx.execute(text(f"SELECT t::text FROM {table} t")).all()) for table in tables)
    secrets = [access.thing(kind).secret for kind in ("remnawave", "channel", "licence", "text")]
    assert not any(secret in said or secret in stored for secret in secrets)


def test_the_guide_fits_what_one_has(access: AccessShop, anna: Visitor) -> None:
    def guide_of(visitor: Visitor) -> dict[str, Any]:
        visitor.say("/start")
        visitor.tap("How to connect")
        return visitor.tap("🤖 Android")

    assert "WireGuard" in guide_of(anna)["text"], "what is on sale"
    access.sells("club", "servers")
    nobody_yet = guide_of(anna)
    assert "Happ" in nobody_yet["text"]
    assert "WireGuard" not in nobody_yet["text"]
    access.buy(anna)
    access.sells("wireguard")
    own = guide_of(anna)
    assert "Happ" in own["text"]
    assert "WireGuard" not in own["text"], "not what is on sale now"
    assert labels(own)[:3] == ["Install Happ", "Install Hiddify", "Install v2rayNG"]
    opened(anna)
    anna.tap("Servers of Europe")
    anna.tap("How to connect")
    assert "Take your link" in anna.tap("💻 macOS")["text"]
    assert "✅ Servers of Europe: ready" in anna.tap("Access and keys")["text"]

    both = access.shop.visitor()
    both.say("/start")
    access.sells("servers", "wireguard")
    access.buy(both)
    assert "With your file:\n\n1. " in guide_of(both)["text"]
    assert "With your link:\n\n1. " in both.last()["text"]

    member = access.shop.visitor()
    member.say("/start")
    access.sells("club", "program")
    access.buy(member)
    member.say("/start")
    assert "Nothing has to be set up" in member.tap("How to connect")["text"]
    old = f"guide:ios:{access.subscription(member).id}"
    assert "Nothing has to be set up" in member.press(member.last(), old)["text"]
