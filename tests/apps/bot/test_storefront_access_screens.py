"""Every screen of access, in every state and language: Telegram takes it, and nothing in it was left untranslated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.bot.screen import Screen
from apps.bot.screens import access as screens
from apps.bot.screens import guide, places, words
from apps.bot.screens.access_buttons import Card
from apps.bot.screens.link_apps import LINK_APPS
from apps.sandbox.telegram.entities import parse_html
from services import notifications
from services.catalog import Good, Period, Quote
from services.identity import Party
from services.platform.i18n import LANGUAGES, Language, language
from services.platform.money import Money
from services.provisioning import Access, Artifact, Capability, Device, Location
from services.subscriptions import Subscription

NOW, ZONE, HUGE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC), "Europe/Moscow", 2**63 - 1
GB = 10**9
NAME = {"ru": "Всё <сразу> & ещё", "uk": "Усе <одразу> & ще", "en": "All <at once> & more"}
QUOTE = Quote(
    tariff="a" * 31, revision=1, product="vpn", name=NAME, price=Money(29900, "RUB"), period=Period(1, "month"),
    tokens=0, traffic_bytes=100 * GB, devices=3, speed_mbps=50, locations=(), access=("x",),
)  # fmt: skip
ONE = Subscription(HUGE, Party("user", 42), "vpn", "active", QUOTE, NOW, NOW + timedelta(days=30))
KINDS = ("wireguard", "remnawave", "channel", "licence", "file", "link", "text", "manual", "workspace")
ARTIFACTS = {
    "file": Artifact("file", "[Interface]", "kiosk-1.conf"),
    "link": Artifact("link", "https://sub.example/" + "1" * 40),
    "invite": Artifact("invite", "https://t.me/+1"),
    "key": Artifact("key", "1234"),
    "text": Artifact("text", "1 < 2 & 3"),
    "document": Artifact("document", "1", "1.pdf"),
}
INTERNATIONAL = (
    "WireGuard|VPN|QR|Frankfurt|UTC|https?://\\S+|Phone|x+|Google Play|App Store|Happ|Hiddify|v2rayNG|v2rayN|FlClash"
    "|Streisand|Android|iPhone|iPad|Windows|macOS|Linux|Debian|Ubuntu|Mac|sudo [\\w -]+|/[\\w./]+|root"
)


def accesses() -> Iterator[Access]:
    for kind in KINDS:
        for title in ({}, NAME):
            good = Good("x", kind, title, {})
            for artifact in ARTIFACTS.values():
                ready = Access(HUGE, good, "ready", "Frankfurt", 12 * GB, 1, (artifact,), HUGE)
                yield from (ready, replace(ready, is_limited=True), replace(ready, used_bytes=None, location=""))
            for state in ("preparing", "suspended", "ended", "sold_out"):
                off = Access(HUGE, good, state, subscription_id=HUGE)
                yield from (off, replace(off, is_delayed=True), replace(off, is_barred=True))


def every(_: Language) -> Iterator[Screen]:
    yield screens.render_goods(_, ONE, list(accesses())[:12])
    for access in accesses():
        for can in (Capability.NONE, ~Capability.NONE):
            card = Card(access, ONE, can, has_choice=bool(can), is_alone=not can)
            yield screens.render_access(_, card, NOW, ZONE, "@help" if can else None, screens.cannot(_))
        yield screens.render_replace(_, card)
    card = Card(Access(1, Good("x", "text", {}, {}), "ready", is_limited=True), ONE)
    for reset in ("period", "none", "day", "week", "month", "month_rolling"):
        terms = replace(QUOTE, traffic_reset=reset, traffic_bytes=None, devices=None)
        one = replace(ONE, terms=terms, state="grace", grace_ends_at=NOW + timedelta(days=3))
        yield screens.render_access(_, replace(card, subscription=one), NOW, ZONE, None, screens.replaced(_))
    devices = [Device("1", "Phone <1> & 2", NOW), Device("2", "\n"), Device("3", "x" * 500)]
    for known in ([], devices, devices * 30):
        for limit in (None, 3):
            yield places.render_devices(_, HUGE, known, limit, ZONE, places.device_gone(_))
    yield places.render_devices(_, HUGE, devices, 1, ZONE, places.device_forgotten(_, devices[0]))
    yield from (places.render_forget_device(_, HUGE, one) for one in devices)
    yield from (places.render_no_devices(_, HUGE, pressed) for pressed in (None, "devices:1"))
    rooms = [Location(str(n), "Frankfurt", str(n), room) for n, room in enumerate(("plenty", "little", "none"))]  # type: ignore[arg-type]
    here = replace(rooms[0], here=True)
    for offered in (rooms, [here], [here, *rooms]):
        for note in (places.no_room(_), places.not_offered(_), places.is_there(_, here), places.moving(_, here)):
            yield places.render_locations(_, HUGE, offered, note)
    yield places.render_move(_, HUGE, here)
    for access in accesses():
        for told in notifications.show_again(_, access):
            assert len(parse_html(told.text)[0]) <= (1024 if told.attachment else 4096)
            yield Screen(told.text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_telegram_takes_every_screen_of_access(code: str) -> None:
    for screen in every(language(code)):
        said, _ = parse_html(screen.text)
        assert said.strip() == said
        assert 0 < len(said) <= 4096
        for row in screen.keyboard.inline_keyboard if screen.keyboard else ():
            for one in row:
                assert 0 < len(one.text) <= 64
                assert len(one.callback_data or "") <= 64


@pytest.mark.parametrize("code", ["ru", "uk"])
def test_no_english_is_left_in_access(code: str) -> None:
    for screen in every(language(code)):
        rows = screen.keyboard.inline_keyboard if screen.keyboard else ()
        for said in (parse_html(screen.text)[0], *(one.text for row in rows for one in row)):
            assert not re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", said)), said


@pytest.mark.parametrize(
    ("code", "size", "expected"),
    [
        ("en", 12_500_000_000, "12.5 GB"),
        ("ru", 12_500_000_000, "12,5 ГБ"),
        ("uk", 1_234 * GB, "1\u00a0234 ГБ"),
        ("en", 100 * GB, "100 GB"),
        ("en", 999_000_000, "999 MB"),
        ("en", 1, "1 MB"),
        ("en", 0, "0 MB"),
    ],
)
def test_traffic_as_people_write_it(code: str, size: int, expected: str) -> None:
    assert words.size(language(code), size) == expected


@pytest.mark.parametrize(
    ("used", "limit", "picture"),
    [
        (0, 100, "▱▱▱▱▱▱▱▱▱▱ 0 %"),
        (1, 100, "▰▱▱▱▱▱▱▱▱▱ 1 %"),
        (55, 100, "▰▰▰▰▰▱▱▱▱▱ 55 %"),
        (99, 100, "▰▰▰▰▰▰▰▰▰▱ 99 %"),
        (300, 100, "▰▰▰▰▰▰▰▰▰▰ 100 %"),
        (5, 0, "▰▰▰▰▰▰▰▰▰▰ 100 %"),
    ],
)
def test_the_picture_of_what_is_used(used: int, limit: int, picture: str) -> None:
    assert words.usage(language("en"), used, limit)[-1] == picture


def test_every_system_has_apps_from_their_makers() -> None:
    for system, apps in LINK_APPS.items():
        assert len(apps) >= 2, system
        screen = guide.render_guide(language("en"), system, 1, ["link"])
        for name, url in apps:
            assert re.match("https://(apps\\.apple\\.com|play\\.google\\.com|github\\.com)/", url)
            assert name in screen.text
            assert screen.keyboard
            assert any(one.url == url for row in screen.keyboard.inline_keyboard for one in row)
        assert "WireGuard" not in screen.text
