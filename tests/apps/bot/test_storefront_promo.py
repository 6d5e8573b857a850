"""People type promo codes, see what they do, pay with them or take them off again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import billing, promotions
from services.platform.i18n import language
from services.platform.money import Money
from tests.apps.bot.storefront import Storefront, Visitor, buttons

RUB = language("en").money
FULL, CHEAP = RUB(Money(29900, "RUB")), RUB(Money(23920, "RUB"))


def make(shop: Storefront, code: str = "SUMMER", **given: str) -> None:
    fields = {"code": code, "kind": "percent", "value": "20"} | given
    with shop.kiosk.kit.db.begin() as tx:
        promotions.create(tx, fields, actor="console:test", now=shop.kiosk.now)


def labels(screen: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(screen)]


def counted(shop: Storefront, code: str = "SUMMER") -> tuple[int, int]:
    with shop.kiosk.kit.db.begin() as tx:
        standing = promotions.standing(tx, code, shop.kiosk.now)
        return standing.used, standing.reserved


def payment_id(screen: dict[str, Any]) -> int:
    (data,) = [b["callback_data"] for b in buttons(screen) if b.get("callback_data", "").startswith("check:")]
    return int(data.removeprefix("check:"))


def finish(shop: Storefront, screen: dict[str, Any]) -> None:
    external_id = shop.kiosk.external_id(payment_id(screen))
    shop.kiosk.post(f"/yookassa/payments/{external_id}/pay", outcome="success", notify="never")


@pytest.mark.parametrize("typed", ["/promo summer", "SUMMER", " Summer ", "/start promo_SUMMER", "/promo sum mer"])
def test_a_code_is_taken_however_it_comes_and_lasts_to_the_payment(shop: Storefront, anna: Visitor, typed: str) -> None:
    make(shop)
    screen = anna.say(typed)
    assert "SUMMER" in screen["text"]
    assert "20% off" in screen["text"]
    assert f"VPN for a month — {CHEAP}" in labels(screen)
    card = anna.tap("VPN for a month")
    assert f"{FULL} {CHEAP} for 1 month" in card["text"]
    assert {"type": "strikethrough", "length": len(FULL)}.items() <= next(
        one for one in card["entities"] if one["type"] == "strikethrough"
    ).items()
    assert f"Pay {CHEAP} by card or SBP (YooKassa)" in labels(card)
    assert "Pay 120 ⭐ (Telegram Stars)" in labels(card)
    assert counted(shop) == (0, 0), "typing uses nothing"
    anna.tap("Pay")
    assert f"Accept and pay {CHEAP}" in labels(anna.last())
    page = anna.tap("Accept and pay")
    assert f"To pay: {CHEAP}" in page["text"]
    assert f"instead of {FULL}" in page["text"]
    assert counted(shop) == (0, 1)
    finish(shop, page)
    anna.tap("Check payment")
    shop.kiosk.drain()
    assert counted(shop) == (1, 0)
    anna.say("/shop")
    assert f"VPN for a month — {FULL}" in labels(anna.last()), "the code is done with"
    assert "used this code already" in anna.say("SUMMER")["text"]


def test_a_code_can_be_taken_off_again(shop: Storefront, anna: Visitor) -> None:
    make(shop)
    anna.say("SUMMER")
    anna.tap("VPN for a month")
    card = anna.tap("Remove the promo code")
    assert "SUMMER" not in card["text"]
    assert f"Pay {FULL} by card or SBP (YooKassa)" in labels(card)
    assert "Remove the promo code" not in labels(card)


def test_a_code_counts_for_a_day(shop: Storefront, anna: Visitor) -> None:
    make(shop)
    anna.say("SUMMER")
    shop.kiosk.world.offset.move(24 * 3600)
    anna.say("/shop")
    assert f"VPN for a month — {FULL}" in labels(anna.last())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"valid_until": "2020-01-01"}, "no longer valid"),
        ({"valid_from": "2090-01-01"}, "works from"),
        ({"active": "no"}, "no longer valid"),
        ({"audience": "existing"}, "bought something here before"),
    ],
)
def test_the_reason_is_told_when_it_is_typed(
    shop: Storefront, anna: Visitor, given: dict[str, str], words: str
) -> None:
    make(shop, **given)
    for typed in ("/promo SUMMER", "SUMMER", "/start promo_SUMMER"):
        assert words in anna.say(typed)["text"]
    anna.say("/shop")
    assert f"VPN for a month — {FULL}" in labels(anna.last())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tariffs": "vpn-12m"}, "not for this tariff"),
        ({"minimum": "500.00 RUB; 500 XTR"}, "purchases from"),
        ({"kind": "fixed", "value": "5.00 UAH"}, "with this way to pay"),
    ],
)
def test_the_reason_is_told_on_the_card(shop: Storefront, anna: Visitor, given: dict[str, str], words: str) -> None:
    if "tariffs" in given:
        shop.import_tariffs(_another("vpn-12m"))
    make(shop, **given)
    anna.say("SUMMER")
    card = anna.tap("VPN for a month")
    assert words in card["text"]
    assert f"Pay {FULL} by card or SBP (YooKassa)" in labels(card)
    anna.tap("Pay")
    assert f"To pay: {FULL}" in anna.tap("Accept and pay")["text"]


def _another(slug: str) -> str:
    from tests.world import TOML

    return TOML.replace("vpn-1m", slug).replace("VPN for a month", "VPN for a year")


def test_a_code_that_was_used_up_meanwhile_is_told_beside_the_price(shop: Storefront, anna: Visitor) -> None:
    make(shop, total="1")
    anna.say("SUMMER")
    anna.tap("VPN for a month")
    boris = shop.kiosk.person("Борис")
    shop.kiosk.checkout(boris, promo="SUMMER")
    anna.tap("Pay")
    page = anna.tap("Accept and pay")
    assert "has been used up" in page["text"]
    assert f"To pay: {FULL}" in page["text"]
    anna.say("/shop")
    assert "has been used up" in anna.tap("VPN for a month")["text"]


def test_the_last_use_lost_at_the_last_moment_leads_back_to_the_card(
    shop: Storefront, anna: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the code and the order somebody else was quicker."""
    make(shop, total="1")
    anna.say("SUMMER")
    anna.tap("VPN for a month")
    anna.tap("Pay")
    boris = shop.kiosk.person("Борис")

    def quicker(*given: Any, **how: Any) -> billing.Checkout:
        monkeypatch.undo()
        shop.kiosk.checkout(boris, promo="SUMMER")
        return billing.checkout(*given, **how)

    monkeypatch.setattr(billing, "checkout", quicker)
    card = anna.tap("Accept and pay")
    assert "has been used up" in card["text"]
    assert f"Pay {FULL} by card or SBP (YooKassa)" in labels(card)
    assert shop.kiosk.count("payments") == 1, "his"


def test_a_code_for_all_of_it_says_what_is_left(shop: Storefront, anna: Visitor) -> None:
    make(shop, value="100")
    anna.say("SUMMER")
    card = anna.tap("VPN for a month")
    assert f"{FULL} {RUB(Money(100, 'RUB'))} for 1 month" in card["text"]
    assert "smallest payment possible" in card["text"]
    assert "Pay 1 ⭐ (Telegram Stars)" in labels(card)


def test_a_smaller_balance_is_enough_with_a_code_and_is_asked_for(shop: Storefront, anna: Visitor) -> None:
    make(shop, value="50")
    half = RUB(Money(14950, "RUB"))
    shop.kiosk.give(anna.person(), Money(15000, "RUB"))
    anna.say("SUMMER")
    anna.tap("VPN for a month")
    anna.tap(f"Pay {half} from the balance")
    anna.tap("Accept and pay")
    assert "Paid" in anna.tap(f"Yes, pay {half}")["text"]
    shop.kiosk.drain()
    assert shop.kiosk.balance(f"wallet:{anna.person().party}") == -50
    assert counted(shop) == (1, 0)


def test_the_question_about_the_balance_is_asked_anew_when_the_code_is_gone(shop: Storefront, anna: Visitor) -> None:
    make(shop, value="50")
    shop.kiosk.give(anna.person(), Money(50000, "RUB"))
    anna.say("SUMMER")
    anna.tap("VPN for a month")
    anna.tap(f"Pay {RUB(Money(14950, 'RUB'))} from the balance")
    question = anna.tap("Accept and pay")
    with shop.kiosk.kit.db.begin() as tx:
        promotions.forget(tx, anna.person().party)
    forged = next(b["callback_data"] for b in buttons(question) if b["callback_data"].startswith("spend:"))
    again = anna.press(question, forged)
    assert "The price has changed meanwhile" in again["text"]
    assert shop.kiosk.count("payments") == 0


def test_stars_are_invoiced_at_the_price_with_the_code(shop: Storefront, anna: Visitor) -> None:
    make(shop)
    anna.say("SUMMER")
    anna.tap("VPN for a month")
    anna.tap("Pay 120 ⭐ (Telegram Stars)")
    anna.tap("Accept and pay")
    invoice = anna.last()
    assert anna.pays(message_id=invoice["message_id"])["status"] == "paid"
    shop.kiosk.drain()
    assert counted(shop) == (1, 0)
    assert shop.kiosk.faults() == []


def test_gifts_come_at_once(shop: Storefront, anna: Visitor) -> None:
    make(shop, "TOKENS", kind="bonus_tokens", value="50")
    make(shop, "WEEK", kind="free_days", value="7")
    assert "50 tokens as a gift" in anna.say("tokens")["text"]
    assert shop.kiosk.balance(f"bonus:{anna.person().party}", "BONUS") == -50
    assert "used this code already" in anna.say("tokens")["text"]
    assert "you have none right now" in anna.say("week")["text"]
    shop.kiosk.buy(anna.person())
    given = anna.say("week")
    assert "7 days as a gift" in given["text"]
    assert "My subscription" in labels(given)
    shop.kiosk.drain()
    assert (counted(shop, "TOKENS"), counted(shop, "WEEK")) == ((1, 0), (1, 0))


def test_a_trial_code_begins_the_trial(shop: Storefront, anna: Visitor) -> None:
    shop.import_tariffs(_another("vpn-try") + 'audience = "trial"\n')
    make(shop, "TRY", kind="trial", value="vpn-try")
    make(shop, "TRYAGAIN", kind="trial", value="vpn-try")
    assert "a free trial" in anna.say("/promo try")["text"]
    shop.kiosk.drain()
    assert shop.kiosk.count("subscriptions", "state = 'trial'") == 1
    assert "once" in anna.say("/promo tryagain")["text"]


def test_small_talk_is_no_code_and_a_wrong_code_is_told(shop: Storefront, anna: Visitor) -> None:
    for words in ("hello", "how are you", "ЛЕТО", "☺"):
        assert "I understand buttons and commands best" in anna.say(words)["text"]
    assert "Send me the code" in anna.say("/promo")["text"]
    assert "no such code" in anna.say("/promo NOTHING")["text"]
    assert "no such code" in anna.say("/start promo_NOTHING")["text"]
    assert "no such code" in anna.say("/promo <b>'; DROP TABLE promo_codes</b>")["text"]


def test_guessing_is_stopped_for_an_hour_for_whoever_guesses(shop: Storefront, anna: Visitor) -> None:
    make(shop)
    for number in range(10):
        anna.say(f"/promo GUESS{number}")
    assert "too many wrong codes" in anna.say("/promo SUMMER")["text"]
    assert "I understand buttons" in anna.say("SUMMER")["text"]
    assert "20% off" in shop.visitor(first_name="Boris").say("/promo SUMMER")["text"]
    shop.kiosk.world.offset.move(int(timedelta(hours=1).total_seconds()))
    assert "20% off" in anna.say("/promo SUMMER")["text"]


@pytest.mark.parametrize("data", ["nocode:", "nocode:Nothing!", "nocode:a:b", "nocode:" + "a" * 50, "nocode"])
def test_forged_buttons_change_nothing(shop: Storefront, anna: Visitor, data: str) -> None:
    make(shop)
    anna.say("SUMMER")
    card = anna.tap("VPN for a month")
    assert "older version" in anna.press(card, data)["text"]
    with shop.kiosk.kit.db.begin() as tx:
        assert promotions.pending(tx, anna.person().party, shop.kiosk.now) is not None


def test_a_button_for_a_tariff_that_is_gone_is_answered(shop: Storefront, anna: Visitor) -> None:
    make(shop)
    anna.say("SUMMER")
    card = anna.tap("VPN for a month")
    assert "no longer on sale" in anna.press(card, "nocode:nothing")["text"]


def test_a_gift_is_bought_at_the_full_price_and_says_so(shop: Storefront, anna: Visitor) -> None:
    make(shop)
    anna.say("/promo SUMMER")
    anna.tap("VPN for a month")
    choice = anna.tap("🎁 Buy as a gift")
    assert f"Pay {FULL} by card or SBP (YooKassa)" in labels(choice)
    anna.tap("Pay")
    assert f"Accept and pay {FULL}" in labels(anna.last())
    assert f"To pay: {FULL}" in anna.tap("Accept and pay")["text"]
    assert counted(shop) == (0, 0)
