"""The ways to pay: which are offered, what each asks for first, and what happens when one fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.platform.i18n import language
from services.platform.money import Money
from tests.apps.bot.storefront import Storefront, Visitor, buttons
from tests.world import TOML

RUB = language("en").money
PRICE = Money(29900, "RUB")
WAYS = {
    "yookassa": f"Pay {RUB(PRICE)} by card or SBP (YooKassa)",
    "robokassa": f"Pay {RUB(PRICE)} by card (Robokassa)",
    "stars": "Pay 150 ⭐ (Telegram Stars)",
    "cryptopay": f"Pay {RUB(PRICE)} in cryptocurrency (CryptoBot)",
    "balance": f"Pay {RUB(PRICE)} from the balance",
}


def labels(screen: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(screen)]


def data_of(screen: dict[str, Any], label: str) -> str:
    return next(str(one["callback_data"]) for one in buttons(screen) if one["text"].startswith(label))


def card(anna: Visitor) -> dict[str, Any]:
    anna.say("/shop")
    return anna.tap("VPN for a month")


def agreed(anna: Visitor) -> None:
    """Anna has paid attention to the terms once."""
    card(anna)
    anna.tap(WAYS["yookassa"])
    anna.tap("Accept and pay")


def payment_id(screen: dict[str, Any]) -> int:
    return int(data_of(screen, "Check payment").removeprefix("check:"))


def pay_at_yookassa(shop: Storefront, screen: dict[str, Any], **order: Any) -> None:
    external_id = shop.kiosk.external_id(payment_id(screen))
    shop.kiosk.post(f"/yookassa/payments/{external_id}/pay", **({"outcome": "success", "notify": "never"} | order))


def payments(shop: Storefront, state: str) -> int:
    return shop.kiosk.count("payments", f"state = '{state}'")


# --- what is offered ------------------------------------------------------------------------------------------------


def test_every_configured_provider_in_its_order_with_its_own_price(shop: Storefront, anna: Visitor) -> None:
    ways = [WAYS[code] for code in ("yookassa", "robokassa", "stars", "cryptopay")]
    assert labels(card(anna)) == [*ways, "🎁 Buy as a gift", "‹ Back"]


def test_a_tariff_without_a_price_in_stars_is_not_sold_for_them(shop: Storefront, anna: Visitor) -> None:
    shop.import_tariffs(TOML.replace(', XTR = "150"', ""))
    assert WAYS["stars"] not in labels(card(anna))


def test_what_is_switched_off_disappears_and_comes_back(shop: Storefront, anna: Visitor) -> None:
    shop.switch("yookassa", on=False)
    assert WAYS["yookassa"] not in labels(card(anna))
    shop.switch("yookassa", on=True)
    assert WAYS["yookassa"] in labels(card(anna))


def test_an_old_button_of_what_is_off_shows_the_other_ways(shop: Storefront, anna: Visitor) -> None:
    screen = card(anna)
    shop.switch("yookassa", on=False)
    other = anna.press(screen, data_of(screen, WAYS["yookassa"]))
    assert "not available right now" in other["text"]
    assert WAYS["robokassa"] in labels(other)
    assert shop.kiosk.count("payments") == 0


def test_nothing_is_sold_when_all_are_off(shop: Storefront, anna: Visitor) -> None:
    for code in ("yookassa", "robokassa", "stars", "cryptopay", "balance"):
        shop.switch(code, on=False)
    assert "Nothing is on sale" in anna.say("/shop")["text"]


@pytest.mark.parametrize("code", ["robokassa", "cryptopay"])
def test_other_pages_are_opened_in_five_taps(shop: Storefront, anna: Visitor, code: str) -> None:
    anna.say("/start")
    taps = ["Buy VPN access", "VPN for a month", WAYS[code], "Accept and pay"]
    for tap in taps:
        anna.tap(tap)
    (page,) = [one for one in buttons(anna.last()) if "url" in one]
    assert f"/{code}/" in page["url"]
    assert len(taps) + 1 <= 5


def test_renewing_goes_by_the_way_it_was_paid_last_unless_that_is_off(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    pay_at_yookassa(shop, anna.last())
    anna.tap("Check payment")
    shop.kiosk.drain()
    anna.say("/my")
    assert "/yookassa/" in next(one["url"] for one in buttons(anna.tap("Renew")) if "url" in one)
    shop.switch("yookassa", on=False)
    anna.say("/my")
    screen = anna.tap("Renew")
    assert WAYS["robokassa"] in labels(screen)
    assert WAYS["yookassa"] not in labels(screen)


# --- a card that is remembered --------------------------------------------------------------------------------------


def saves(shop: Storefront) -> list[bool]:
    with shop.kiosk.kit.db.begin() as tx:
        return list(tx.scalars(text("SELECT save FROM payments ORDER BY id")))


def test_a_card_is_remembered_only_after_the_words_about_it(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    words = anna.tap("☐ Remember the card")
    assert "never see its number" in words["text"]
    assert saves(shop) == [False]
    screen = anna.tap("Agree, remember it")
    assert "☑ The card will be remembered" in labels(screen)
    assert saves(shop) == [False, True]
    pay_at_yookassa(shop, screen)
    anna.tap("Check payment")
    shop.kiosk.drain()
    assert shop.kiosk.count("payment_methods", "state = 'active'") == 1


def test_the_box_can_be_unticked_and_words_are_shown_once(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    once = payment_id(anna.last())
    anna.tap("☐ Remember the card")
    saving = payment_id(anna.tap("Agree, remember it"))
    assert payment_id(anna.tap("☑ The card will be remembered")) == once
    assert payment_id(anna.tap("☐ Remember the card")) == saving, "no second question, no second attempt"


def test_who_does_not_agree_pays_once(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    once = payment_id(anna.last())
    anna.tap("☐ Remember the card")
    assert payment_id(anna.tap("No, pay once")) == once
    assert shop.kiosk.count("consents", "document = 'saved_card'") == 0


def test_where_cards_cannot_be_remembered_nobody_is_asked(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    card(anna)
    assert not any("Remember" in label for label in labels(anna.tap(WAYS["cryptopay"])))
    assert "not available" in anna.press(anna.last(), "save:cryptopay:vpn-1m")["text"]


# --- the balance ----------------------------------------------------------------------------------------------------


@pytest.fixture
def rich(shop: Storefront, anna: Visitor) -> Visitor:
    """Anna has the price of two months and a bit on her balance, and knows the terms."""
    agreed(anna)
    shop.kiosk.give(anna.person(), Money(60000, "RUB"))
    return anna


def wallet(shop: Storefront, anna: Visitor) -> int:
    return -shop.kiosk.balance(f"wallet:{anna.person().party}")


def test_the_balance_is_offered_only_when_it_is_enough(shop: Storefront, anna: Visitor) -> None:
    anna.say("/start")
    shop.kiosk.give(anna.person(), Money(29899, "RUB"))
    screen = card(anna)
    assert WAYS["balance"] not in labels(screen)
    assert f"On your balance: {RUB(Money(29899, 'RUB'))}" in screen["text"]
    shop.kiosk.give(anna.person(), Money(1, "RUB"))
    assert WAYS["balance"] in labels(card(anna))


def test_paying_from_the_balance_ends_with_the_paid_screen_at_once(shop: Storefront, rich: Visitor) -> None:
    card(rich)
    question = rich.tap(WAYS["balance"])
    assert f"After the payment: {RUB(Money(30100, 'RUB'))}" in question["text"]
    assert wallet(shop, rich) == 60000
    assert "Paid, thank you" in rich.tap("Yes, pay")["text"]
    assert wallet(shop, rich) == 30100
    shop.kiosk.drain()
    assert "days left" in rich.say("/my")["text"]
    assert shop.kiosk.faults() == []


def test_a_yes_tapped_again_pays_once(shop: Storefront, rich: Visitor) -> None:
    card(rich)
    question = rich.tap(WAYS["balance"])
    for _ in range(3):
        assert "Paid, thank you" in rich.press(question, data_of(question, "Yes, pay"))["text"]
    assert wallet(shop, rich) == 30100
    card(rich)
    assert data_of(rich.tap(WAYS["balance"]), "Yes, pay")


def test_an_old_question_is_asked_again(shop: Storefront, rich: Visitor) -> None:
    card(rich)
    question = rich.tap(WAYS["balance"])
    shop.kiosk.world.offset.move(1000)
    again = rich.press(question, data_of(question, "Yes, pay"))
    assert "Pay from the balance?" in again["text"]
    assert wallet(shop, rich) == 60000
    rich.tap("Yes, pay")
    assert wallet(shop, rich) == 30100


def test_another_price_is_asked_about_again(shop: Storefront, rich: Visitor) -> None:
    card(rich)
    question = rich.tap(WAYS["balance"])
    shop.import_tariffs(TOML.replace("299.00", "399.00"))
    again = rich.press(question, data_of(question, "Yes, pay"))
    assert "The price has changed" in again["text"]
    assert wallet(shop, rich) == 60000
    rich.tap("Yes, pay")
    assert wallet(shop, rich) == 20100


def test_a_balance_that_was_spent_meanwhile_says_so(shop: Storefront, rich: Visitor) -> None:
    """Between the question of whether it is enough and the payment, in another chat with us."""
    card(rich)
    question = rich.tap(WAYS["balance"])
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(
            text(
                "CREATE FUNCTION spent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " UPDATE ledger_balances SET minor = -100 WHERE account LIKE 'wallet:user:%'; RETURN NEW; END $$;"
                "CREATE TRIGGER spent AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION spent()"
            )
        )
    screen = rich.press(question, data_of(question, "Yes, pay"))
    assert "not enough money on your balance" in screen["text"]
    assert "Another way to pay" in labels(screen)
    assert rich.press(question, data_of(question, "Yes, pay"))["text"] == screen["text"]
    assert payments(shop, "failed") == 1


def test_nobody_spends_by_somebody_elses_button(shop: Storefront, rich: Visitor) -> None:
    card(rich)
    data = data_of(rich.tap(WAYS["balance"]), "Yes, pay")
    mallory = shop.visitor(first_name="Mallory")
    assert "not available right now" in mallory.press(mallory.say("/start"), data)["text"]
    assert wallet(shop, rich) == 60000


# --- trying again ---------------------------------------------------------------------------------------------------


def declined(shop: Storefront, anna: Visitor) -> dict[str, Any]:
    agreed(anna)
    pay_at_yookassa(shop, anna.last(), outcome="decline", reason="insufficient_funds")
    return anna.tap("Check payment")


def test_try_again_pays_the_same_invoice_at_its_price(shop: Storefront, anna: Visitor) -> None:
    screen = declined(shop, anna)
    assert {"Try again", "Another way to pay"} <= set(labels(screen))
    shop.import_tariffs(TOML.replace("299.00", "399.00"))
    again = anna.tap("Try again")
    assert RUB(PRICE) in again["text"]
    pay_at_yookassa(shop, again)
    assert "Paid, thank you" in anna.tap("Check payment")["text"]
    assert shop.kiosk.count("invoices") == 1


def test_try_again_tapped_twice_opens_one_page(shop: Storefront, anna: Visitor) -> None:
    screen = declined(shop, anna)
    first = anna.press(screen, data_of(screen, "Try again"))
    assert payment_id(anna.press(screen, data_of(screen, "Try again"))) == payment_id(first)


def test_the_notification_of_a_decline_leads_there_too(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    screen = anna.last()
    pay_at_yookassa(shop, screen, outcome="decline", reason="card_expired", notify="once")
    shop.kiosk.drain(patience=2)
    told = anna.messages()[-1]
    assert "The card has expired" in told["text"]
    assert data_of(told, "Try again") == f"retry:{payment_id(screen)}"
    assert payment_id(anna.press(told, f"retry:{payment_id(screen)}")) != payment_id(screen)
    assert WAYS["robokassa"] in labels(anna.press(told, data_of(told, "Another way to pay")))


def test_an_invoice_that_is_over_leads_to_todays_price(shop: Storefront, anna: Visitor) -> None:
    screen = declined(shop, anna)
    shop.import_tariffs(TOML.replace("299.00", "399.00"))
    shop.kiosk.world.offset.move(int(timedelta(hours=25).total_seconds()))
    today = anna.press(screen, data_of(screen, "Try again"))
    assert "no longer holds" in today["text"]
    assert RUB(Money(39900, "RUB")) in today["text"]


def test_an_invoice_that_was_paid_otherwise_is_not_paid_again(shop: Storefront, anna: Visitor) -> None:
    screen = declined(shop, anna)
    pay_at_yookassa(shop, anna.tap("Try again"))
    anna.tap("Check payment")
    shop.kiosk.drain()
    again = anna.press(screen, data_of(screen, "Try again"))
    assert "paid already" in again["text"]
    assert shop.kiosk.count("payments") == 2


def test_try_again_by_what_is_off_shows_the_other_ways(shop: Storefront, anna: Visitor) -> None:
    declined(shop, anna)
    shop.switch("yookassa", on=False)
    again = anna.tap("Try again")
    assert "not available right now" in again["text"]
    assert WAYS["cryptopay"] in labels(again)


def test_try_again_when_nothing_is_sold_any_more(shop: Storefront, anna: Visitor) -> None:
    screen = declined(shop, anna)
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE tariffs SET active = false"))
    shop.kiosk.world.offset.move(int(timedelta(hours=25).total_seconds()))
    assert "no longer on sale" in anna.press(screen, data_of(screen, "Try again"))["text"]


def test_trying_somebody_elses_payment_again(shop: Storefront, anna: Visitor) -> None:
    data = data_of(declined(shop, anna), "Try again")
    mallory = shop.visitor(first_name="Mallory")
    assert "this payment among yours" in mallory.press(mallory.say("/start"), data)["text"]
    assert "this payment among yours" in mallory.press(mallory.last(), f"retry:{2**63 - 1}")["text"]
    assert shop.kiosk.count("payments") == 1


def test_history_shows_what_went_back(shop: Storefront, anna: Visitor) -> None:
    agreed(anna)
    screen = anna.last()
    pay_at_yookassa(shop, screen)
    anna.tap("Check payment")
    shop.kiosk.drain()
    shop.kiosk.refund(payment_id(screen), amount=Money(10050, "RUB"))
    assert "on its way" in anna.say("/history")["text"]
    shop.kiosk.drain()
    assert f"returned: {RUB(Money(10050, 'RUB'))}" in anna.say("/history")["text"]
