"""What is said about receipts: every state and every reason, in three languages."""

from __future__ import annotations

import ast
import asyncio
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.bot import callbacks_receipts as words
from apps.bot import downloads
from apps.bot.screens.receipt_campaigns import campaign_text
from apps.bot.screens.receipt_card import render_receipt
from apps.bot.screens.receipt_history import render_my_receipts, render_sums
from apps.bot.screens.receipt_review import REASONS, reason_label, render_reasons, render_review
from apps.bot.screens.receipt_terms import render_receipt_terms
from apps.bot.screens.receipts import render_receipts
from apps.bot.typed_receipt import NotUnderstood, read_typed
from apps.sandbox.telegram.entities import parse_html
from services import receipts
from services.identity import Party
from services.notifications import review_text, why_no_bonus
from services.platform.i18n import LANGUAGES, Language, language
from services.platform.money import Money
from services.receipts import Receipt, Statistics
from services.receipts.facts import DOUBTS
from services.receipts.rules import Bonus, Limits, Shops
from tests.services.receipts.rules.made import campaign, facts, line, reading

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Where calls are given a reason.
POSITIONS = {"BadPicture": 0, "PictureRefused": 0, "NotPayable": 0, "reject": 2, "against": 3, "step": 4, "Decision": 5}
INTERNATIONAL = r"(JPEG|PNG|WebP|HEIC|PDF|Telegram|/[a-z_]+|citramon|user:1|python -m apps.console receipts show 12)"
STATES = ("receiving", "received", "read", "review", "approved", "paying", "paid", "pay_failed", "rejected", "reversed")
ALPHABETS = {
    "ru": re.compile(r"[ыэъё]|\bи\b"),
    "uk": re.compile(r"[іїєґ]"),
    "en": re.compile(r"\b(the|is|it|not|my)\b", re.IGNORECASE),
}


def shown(**changes: Any) -> Receipt:
    """A receipt that the rules have accepted."""
    decided = receipts.rules.decide([campaign()], facts())
    plain = Receipt(
        id=12,
        party=Party("user", 1),
        source="telegram",
        state="approved",
        reason=None,
        submitted_at=NOW,
        changed_at=NOW,
        reading=reading(merchant="Аптека <b>"),
        campaign="citramon",
        bonus=Money(1250, "UAH"),
        decision=decided.as_json(),
        picture_key="receipts/12.jpg",
        media_type="image/jpeg",
        reviewed_by=None,
        message_id=5,
        client_id=None,
    )
    return replace(plain, **changes)


def codes_in_the_code() -> set[str]:
    """Every reason that a receipt can be given, found where it is given."""
    found = set(DOUBTS) | set(receipts.REASONS)
    for path in (ROOT / "services" / "receipts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = POSITIONS.get(name)
            if position is not None and len(node.args) > position:
                argument = node.args[position]
                given = argument.elts if isinstance(argument, ast.Tuple) else [argument]
                found |= {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def test_every_reason_has_words_of_its_own_in_every_language() -> None:
    codes = codes_in_the_code() | {f"limit_user_{span}" for span in ("day", "week", "month", "total")}
    assert {"duplicate_file", "interrupted", "no_campaign", "too_old", "limit_budget", "empty", "below_min"} <= codes
    for code in LANGUAGES:
        _ = language(code)
        missing = [reason for reason in codes if not why_no_bonus(_, reason).is_known]
        assert missing == [], f"{code}: no words for {missing}"
        general = why_no_bonus(_, "something_new")
        assert general.text
        assert not general.is_known
        assert why_no_bonus(_, None).text == general.text


def test_what_operators_may_say_is_what_there_is() -> None:
    assert set(REASONS) == receipts.REASONS
    labels = [reason_label(language("en"), reason) for reason in REASONS]
    assert len(set(labels)) == len(labels)
    for reason in REASONS:
        assert len(words.RefuseFor(receipt_id=2**62, reason=reason).pack().encode()) <= 64


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_state_is_told_in_every_language(code: str) -> None:
    _ = language(code)
    for state in STATES:
        for payout, phone in (("balance", None), ("manual", None), ("portmone", "+380 67 *** ** 89")):
            decision = {**(shown().decision or {}), "payout": payout}
            told = shown(state=state, reason="no_product" if state == "rejected" else None, decision=decision)
            screen = render_receipt(_, told, phone, "Europe/Kyiv")
            check(_, screen.text)
            assert all(len(button.text) <= 64 for row in screen.keyboard.inline_keyboard for button in row)
            assert "12" in screen.text
            assert "Аптека &lt;b&gt;" in screen.text
    page = [shown(id=number, state=state) for number, state in enumerate(STATES)]
    check(_, render_my_receipts(_, page, "Europe/Kyiv", older=1, is_first=False).text)
    sums = Statistics(3, {"paid": 1}, {}, [Money(5, "UAH"), Money(7, "RUB")], [Money(1, "UAH")])
    check(_, render_sums(_, sums, sums).text)
    for asks in (True, False):
        check(_, render_receipt_terms(_, days=90, asks_phone=asks, agreed=False).text)
        check(_, render_receipts(_, [campaign()], agreed=True, phone=None, asks_phone=asks).text)
    check(_, render_review(_, shown(state="review")).text)
    check(_, render_reasons(_, shown(state="review")).text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_an_operators_card_fits_under_its_picture(code: str) -> None:
    many = tuple(line(f"Цитрамон & {number} " + "ї" * 60) for number in range(100))
    told = review_text(language(code), shown(reading=reading(lines=many, reasons=tuple(sorted(DOUBTS)))))
    assert len(told) <= 1024
    assert told.count("•") > 3
    assert "receipts show 12" in told
    assert "receipts show 12" in review_text(language(code), shown(reading=None))


def check(_: Language, text: str) -> None:
    plain, _entities = parse_html(text)
    assert plain.strip() == plain
    assert 0 < len(plain) <= 4096
    if _.code != "en":
        assert not re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", plain)), plain
    assert not re.search(r"\{\w+\}|&amp;lt;", text), text
    assert ALPHABETS[_.code].search(text), text


def test_a_campaign_says_all_that_it_asks_for() -> None:
    _ = language("en")
    told = campaign_text(
        _,
        campaign(
            bonus=Bonus("percent", percent=550, most=5000),
            shops=Shops(names=("АТБ", "Сільпо")),
            min_total=5000,
            min_matched_sum=1000,
            min_quantity=2,
            limits=Limits(counts={"day": 1, "total": 9}, sums={"month": 20000}),
            payout="portmone",
        ),
    )
    for part in (
        *("5.5 % of what these products cost, at most ₴50 a receipt", "Shops: АТБ, Сільпо", "₴50 or more"),
        *("2 pieces or more", "Up to 1 receipt a day", "Up to 9 receipts in all", "Up to ₴200 a month"),
        *("your mobile phone", "until 1 December 2026"),
    ):
        assert part in told, part
    assert "₴2 from ₴100 on" in campaign_text(_, campaign(bonus=Bonus("tiers", tiers=((10000, 200),))))
    assert "For any purchase" in campaign_text(_, campaign(products=()))


def test_the_explanation_says_what_was_seen_and_what_was_asked_for() -> None:
    _ = language("en")
    wanted = campaign(min_total=10_000)
    decided = receipts.rules.decide([wanted], facts(total=Decimal("46.50")))
    assert decided.reasons == ("below_min",)
    told = render_receipt(_, shown(state="rejected", reason="below_min", decision=decided.as_json()), None, "UTC").text
    assert "✗ The purchase is smaller than the campaign asks for. (₴46.50 of ₴100)" in told
    assert "✓ Everything important is known for sure" in told
    assert "✓ Day of the purchase: 20 November 2026 16:12" in told


@pytest.mark.parametrize(
    ("text", "day", "at", "total", "currency"),
    [
        ("АТБ\n20.11.2026\n152,40", date(2026, 11, 20), None, "152.40", "UAH"),
        ("\nАТБ\n\n 20.11.26 14:05\n1 152.4 грн.\n", date(2026, 11, 20), time(14, 5), "1152.4", "UAH"),
        ("АТБ\n2026-11-20\n₽", None, None, None, None),
        ("АТБ\n2026-11-20\n99 руб", date(2026, 11, 20), None, "99", "RUB"),
        ("АТБ\n22.11\n7", date(2025, 11, 22), None, "7", "UAH"),
        ("АТБ\n21/11\n7₴", date(2026, 11, 21), None, "7", "UAH"),
        ("АТБ\n31.02.2026\n7", None, None, None, None),
        ("АТБ\n29.02\n7", None, None, None, None),
        ("АТБ\n20.11.2026 25:00\n7", None, None, None, None),
        ("АТБ\n20.11.2026\n0", None, None, None, None),
        ("АТБ\n20.11.2026\n-5", None, None, None, None),
        ("АТБ\n20.11.2026\n٧", None, None, None, None),
        ("А" * 201 + "\n20.11.2026\n7", None, None, None, None),
    ],
)
def test_a_typed_receipt_is_read_or_refused(
    text: str, day: date | None, at: time | None, total: str | None, currency: str | None
) -> None:
    today = date(2026, 11, 21)
    if total is None:
        with pytest.raises(NotUnderstood):
            read_typed(text, today, "UAH")
        return
    read = read_typed(text, today, "UAH")
    assert (read.merchant, read.date, read.time, read.total, read.currency) == (
        "АТБ",
        day,
        at,
        Decimal(total),
        currency,
    )


def test_nobody_waits_for_long_behind_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PATIENCE", 0.01)

    async def all_places_are_taken() -> None:
        full = downloads.Downloads()
        for _ in range(downloads.AT_ONCE):
            await full._places.acquire()
        with pytest.raises(downloads.NotFetched):
            await full.fetch(object(), "BQ1", 10)  # type: ignore[arg-type]  # nobody gets as far as to ask it

    asyncio.run(all_places_are_taken())
