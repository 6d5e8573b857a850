"""A subscription's life in the chat: a trial, pauses, the renewal turned off and on, a change of tariff by its pinned
preview; whatever is tapped twice, late, or by somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from apps.bot.screens.terms import DOCUMENT, TERMS_VERSION
from services import catalog, identity, subscriptions
from services.platform.i18n import LANGUAGES, language
from services.platform.money import Money
from services.subscriptions import Subscription
from tests.apps.bot.storefront import Storefront, Visitor, buttons
from tests.factories import at_once
from tests.world import TOML

RUB = language("en").money


def tariff(slug: str, name: str, prices: str, devices: int, more: str = "", period: str = "{months = 1}") -> str:
    return f"""
[[tariff]]
slug = "{slug}"
product = "vpn"
name = {{ru = "Тариф {devices}", uk = "План {devices}", en = "{name}"}}
description = {{ru = "Быстрый", uk = "Швидкий", en = "Fast"}}
prices = {{{prices}}}
period = {period}
devices = {devices}
access = ["wireguard"]
{more}
"""


LIFE = (
    TOML
    + tariff("vpn-3m", "Season", 'RUB = "799.00"', 3, period="{months = 3}")
    + tariff("family", "Family", 'RUB = "599.00", XTR = "300"', 10)
    + tariff("solo", "Solo", 'RUB = "99.00"', 1)
    + tariff("vpn-trial", "Free days", "", 1, 'audience = "trial"', "{days = 3}").replace("prices = {}\n", "")
)
TRIAL = "🎁 Try it free: 3 days"


@pytest.fixture(autouse=True)
def on_sale(shop: Storefront) -> None:
    shop.import_tariffs(LIFE)


def labels(screen: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(screen)]


def data_of(screen: dict[str, Any], label: str) -> str:
    return next(str(one["callback_data"]) for one in buttons(screen) if one["text"].startswith(label))


def mine(shop: Storefront, anna: Visitor) -> Subscription:
    with shop.kiosk.kit.db.begin() as tx:
        (own,) = subscriptions.subscriptions_of(tx, anna.person().party)
    return own


def owns(shop: Storefront, anna: Visitor, slug: str = "vpn-1m", currency: str = "RUB", times: int = 1) -> Subscription:
    """Anna has paid for it, some other way."""
    for _ in range(times):
        with shop.kiosk.kit.db.begin() as tx:
            quote = catalog.quote(tx, slug, currency, {"all"})
            reference = f"test:{next(shop.kiosk.numbers)}"
            subscriptions.give(
                tx,
                anna.person().party,
                quote,
                reference=reference,
                cause="payment",
                value=quote.price,
                now=shop.kiosk.now,
                happens="paid",
            )
    shop.kiosk.drain()
    return mine(shop, anna)


def managing(anna: Visitor) -> dict[str, Any]:
    anna.say("/my")
    return anna.tap("⚙️ Manage")


def agree(shop: Storefront, anna: Visitor) -> None:
    with shop.kiosk.kit.db.begin() as tx:
        identity.consent(tx, anna.person().party.id, DOCUMENT, TERMS_VERSION, shop.kiosk.now)


def preview(anna: Visitor, name: str) -> dict[str, Any]:
    managing(anna)
    anna.tap("Change the tariff")
    return anna.tap(name)


# --- the trial ------------------------------------------------------------------------------------------------------


def test_a_trial_is_offered_on_menu_and_shop_and_ends_with_the_key(shop: Storefront, anna: Visitor) -> None:
    assert TRIAL in labels(anna.last())
    assert TRIAL in labels(anna.say("/shop"))
    assert not any("Free days" in label for label in labels(anna.last())), "it is given, not sold"
    screen = anna.tap(TRIAL)
    assert "No card and no payment" in screen["text"]
    assert "Devices: up to 1" in screen["text"]
    assert "Terms of use" in anna.tap("Read the terms")["text"]
    anna.tap("‹ Back")
    assert "Your trial has begun" in anna.tap("Accept and begin")["text"]
    shop.kiosk.drain()
    told = [message.get("caption", "") for message in anna.messages()]
    assert any("Your trial has begun" in caption and "paid" not in caption for caption in told)
    assert TRIAL not in labels(anna.say("/shop"))
    assert TRIAL not in labels(anna.say("/start hello"))
    screen = anna.say("/my")
    assert "🎁 Free trial until" in screen["text"]
    assert "3 days left  ▰▰▰▰▰▰▰▰▰▰" in screen["text"]
    assert "VPN for a month" in " ".join(labels(anna.tap("Choose a tariff")))
    assert shop.kiosk.count("consents", "document = 'terms'") == 1


def test_a_deep_link_to_the_trial_opens_it(shop: Storefront, anna: Visitor) -> None:
    assert "No card and no payment" in anna.say("/start buy_vpn-trial")["text"]
    anna.tap("Accept and begin")
    assert "already tried it" in anna.say("/start buy_vpn-trial")["text"]
    assert "See what is on sale" in labels(anna.last())


def test_a_trial_tapped_twice_is_one_and_later_it_is_used(shop: Storefront, anna: Visitor) -> None:
    anna.say("/shop")
    question = anna.tap(TRIAL)
    for _ in range(2):
        assert "Your trial has begun" in anna.press(question, "trialok:vpn-trial")["text"]
    assert shop.kiosk.count("subscription_changes") == 1
    shop.kiosk.pass_time(timedelta(days=4), step=timedelta(days=1))
    told = [message for message in anna.messages() if "trial" in message.get("text", "") and "ended" in message["text"]]
    assert len(told) == 2, "at the end, and a day after"
    ended = told[0]
    assert [data_of(one, "See what is on sale") for one in told] == ["shop", "shop"]
    assert "already tried it" in anna.press(question, "trialok:vpn-trial")["text"]
    assert "already tried it" in anna.press(ended, "trial:vpn-trial")["text"]
    assert shop.kiosk.count("subscriptions", "state = 'expired'") == 1


def test_who_agreed_before_is_not_asked_again_and_who_has_paid_gets_none(shop: Storefront, anna: Visitor) -> None:
    agree(shop, anna)
    anna.say("/shop")
    assert "Begin" in labels(anna.tap(TRIAL))
    owns(shop, anna)
    assert TRIAL not in labels(anna.say("/shop"))
    assert "already tried it" in anna.press(anna.last(), "trialok:vpn-trial")["text"]


def test_what_is_no_trial_is_not_given(shop: Storefront, anna: Visitor) -> None:
    for data in ("trialok:vpn-1m", "trial:vpn-1m", "trialok:nothing", "trial:nothing"):
        assert "no longer on sale" in anna.press(anna.last(), data)["text"]
    assert shop.kiosk.count("subscriptions") == 0


def test_buying_during_the_trial_is_a_plain_purchase_that_tells_the_new_limit(shop: Storefront, anna: Visitor) -> None:
    anna.press(anna.say("/shop"), "trialok:vpn-trial")
    shop.kiosk.drain()
    anna.say("/shop")
    assert any("Pay " in label for label in labels(anna.tap("VPN for a month")))
    owns(shop, anna)
    said = anna.last()["text"]
    assert "Thank you!" in said
    assert "Devices: up to 3" in said


# --- pause, resume, renewal -----------------------------------------------------------------------------------------


def test_a_pause_asks_tells_what_is_kept_and_sends_no_keys(shop: Storefront, anna: Visitor) -> None:
    own = owns(shop, anna)
    managing(anna)
    question = anna.tap("⏸ Pause")
    assert "stops at once" in question["text"]
    assert mine(shop, anna).state == "active", "it was only asked"
    for _ in range(2):
        assert "time stands still" in anna.press(question, data_of(question, "Yes, pause"))["text"]
    assert mine(shop, anna).state == "paused"
    assert shop.kiosk.count("subscription_changes", "kind = 'paused'") == 1
    shop.kiosk.drain()
    told = anna.last()
    assert "is paused, and access is closed" in told["text"]
    assert data_of(told, "Resume") == f"resume:{own.id}"
    sent = len(anna.messages())
    assert "is paused, so it has no key" in anna.press(told, f"conf:{own.id}")["text"]
    assert len(anna.messages()) == sent

    shop.kiosk.world.offset.move(int(timedelta(days=100).total_seconds()))
    assert "It goes on" in anna.press(anna.last(), f"resume:{own.id}")["text"]
    assert "It goes on" in anna.press(anna.last(), f"resume:{own.id}")["text"]
    assert mine(shop, anna).ends_at > shop.kiosk.now + timedelta(days=27)
    shop.kiosk.drain()
    said = [message.get("caption") or message["text"] for message in anna.messages()]
    assert any("goes on" in one and "paid" not in one for one in said)


def test_it_is_canceled_after_a_question_and_kept_again(shop: Storefront, anna: Visitor) -> None:
    own = owns(shop, anna)
    managing(anna)
    question = anna.tap("🔕 Cancel the subscription")
    assert "works until" in question["text"]
    assert mine(shop, anna).state == "active"
    assert "Canceled" in anna.tap("Yes, cancel")["text"]
    shop.kiosk.drain()
    assert "will not be renewed. It works until" in anna.last()["text"]
    assert data_of(anna.last(), "⚙️ Manage") == f"manage:{own.id}"
    assert "🔕 Will not be renewed" in anna.say("/my")["text"]
    managing(anna)
    assert "taken back" in anna.tap("🔔 Keep the subscription")["text"]
    assert mine(shop, anna).state == "active"


def test_grace_gives_keys_and_says_until_when(shop: Storefront, anna: Visitor) -> None:
    shop.import_tariffs(TOML.replace("devices = 3", "grace = {days = 3}\ndevices = 3"))
    own = owns(shop, anna)
    shop.kiosk.world.offset.move(int((own.ends_at - shop.kiosk.now).total_seconds()) + 60)
    screen = anna.say("/my")
    assert "Access goes on until" in screen["text"], "also before the sweep has seen it"
    shop.kiosk.tick()
    assert mine(shop, anna).state == "grace"
    screen = anna.say("/my")
    assert "⚠️ Ended on" in screen["text"]
    sent = len(anna.messages())
    assert "Works until" in anna.tap("Access and keys")["text"]
    anna.tap("Configuration and QR")
    assert len(anna.messages()) == sent + 2
    shop.kiosk.world.offset.move(int(timedelta(days=3).total_seconds()))
    assert "⌛ Ended on" in anna.say("/my")["text"]
    assert "has ended" in anna.press(anna.last(), f"conf:{own.id}")["text"]


def test_old_buttons_of_another_state_say_how_it_stands(shop: Storefront, anna: Visitor) -> None:
    own = owns(shop, anna)
    screen = anna.say("/my")
    for word in ("resume", "keep"):  # nothing to do: it runs
        assert "Active until" in anna.press(screen, f"{word}:{own.id}")["text"]
    anna.press(screen, f"pauseok:{own.id}")
    for word in ("pause", "cancel", "cancelok"):
        assert "This cannot be done now" in anna.press(screen, f"{word}:{own.id}")["text"]
    assert "resume it first" in anna.press(screen, f"change:{own.id}")["text"]
    assert "resume it first" in anna.press(screen, f"to:{own.id}:family")["text"]
    assert mine(shop, anna).state == "paused"


def test_nothing_of_other_people_is_seen_or_done(shop: Storefront, anna: Visitor) -> None:
    own = owns(shop, anna)
    offer = data_of(preview(anna, "Solo"), "Change now")
    paid = data_of(preview(anna, "Family"), "Pay ")
    mallory = shop.visitor(first_name="Mallory")
    owns_nothing = mallory.say("/start")
    for word in ("manage", "pause", "pauseok", "resume", "cancel", "cancelok", "keep", "change", "conf"):
        assert "subscription among yours" in mallory.press(owns_nothing, f"{word}:{own.id}")["text"]
    assert "subscription among yours" in mallory.press(owns_nothing, f"to:{own.id}:family")["text"]
    number = offer.split(":")[1]
    for data in (offer, paid, f"offer:{number}", f"changeagree:yookassa:{number}", f"changespend:{number}"):
        assert "has changed in the meantime" in mallory.press(owns_nothing, data)["text"]
    assert "has changed in the meantime" in mallory.press(owns_nothing, f"offer:{2**63 - 1}")["text"]
    assert (mine(shop, anna).state, mine(shop, anna).terms.tariff) == ("active", "vpn-1m")
    assert shop.kiosk.count("payments") == 0


# --- the change of tariff -------------------------------------------------------------------------------------------


def test_the_list_names_the_other_tariffs_of_the_product(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    managing(anna)
    shown = labels(anna.tap("Change the tariff"))
    assert [label.split(" — ")[0] for label in shown[:3]] == ["Season", "Family", "Solo"]
    shop.import_tariffs(LIFE.replace('audience = "trial"', 'audience = "trial"\nactive = false'))
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE tariffs SET active = false WHERE slug <> 'vpn-1m'"))
    managing(anna)
    assert "no other tariff" in anna.tap("Change the tariff")["text"]


def test_a_dearer_tariff_shows_the_price_and_is_paid_from_the_page(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    screen = preview(anna, "Family")
    assert "Devices: 3 → 10" in screen["text"]
    assert "This holds until" in screen["text"]
    pay = next(label for label in labels(screen) if "YooKassa" in label)
    price = pay.removeprefix("Pay ").split(" by")[0]
    assert f"To pay now: {price}" in screen["text"]
    assert not any("⭐" in label for label in labels(screen)), "what is left was paid in roubles"
    assert "Accept and pay" in " ".join(labels(anna.tap(pay)))
    assert "Terms of use" in anna.tap("Read the terms")["text"]
    anna.tap("‹ Back")
    page = anna.tap("Accept and pay")
    assert f"To pay: {price}" in page["text"]
    assert not any("Remember" in label for label in labels(page))
    payment_id = int(data_of(page, "Check payment").split(":")[1])
    with shop.kiosk.kit.db.begin() as tx:
        minor = tx.scalar(text("SELECT amount_minor FROM payments"))
    assert 29900 <= minor <= 30100 + 2000, "599 less what a month that has just begun is worth"
    external_id = shop.kiosk.external_id(payment_id)
    shop.kiosk.post(f"/yookassa/payments/{external_id}/pay", outcome="success", notify="never")
    assert "Paid, thank you" in anna.tap("Check payment")["text"]
    shop.kiosk.drain()
    own = mine(shop, anna)
    assert own.terms.tariff == "family"
    assert timedelta(days=27) < own.ends_at - shop.kiosk.now < timedelta(days=32)
    said = anna.last()["text"]
    assert "Your tariff is now Family" in said
    assert "Devices: up to 10" in said
    assert "The tariff is changed" in anna.press(screen, data_of(screen, "Pay "))["text"], "an old button: it is done"
    assert shop.kiosk.count("payments") == 1


def test_a_cheaper_tariff_costs_nothing_and_twice_is_once(shop: Storefront, anna: Visitor) -> None:
    before = owns(shop, anna)
    screen = preview(anna, "Solo")
    assert "To pay now: nothing" in screen["text"]
    for _ in range(2):
        assert "The tariff is changed" in anna.press(screen, data_of(screen, "Change now"))["text"]
    own = mine(shop, anna)
    assert own.terms.tariff == "solo"
    assert own.ends_at - shop.kiosk.now > 2.9 * (before.ends_at - shop.kiosk.now), "three times as cheap"
    assert shop.kiosk.count("subscription_changes", "kind = 'changed'") == 1
    shop.kiosk.drain()
    assert "Your tariff is now Solo" in anna.last()["text"]
    assert "Devices: up to 1" in anna.last()["text"]


def test_two_changes_at_once_are_one(shop: Storefront, anna: Visitor) -> None:
    own = owns(shop, anna)
    party, db, now = anna.person().party, shop.kiosk.kit.db, shop.kiosk.now
    offer_id = int(data_of(preview(anna, "Solo"), "Change now").split(":")[1])

    def change(_: int) -> str:
        try:
            with db.begin() as tx:
                subscriptions.change_tariff(tx, party, offer_id, now)
        except subscriptions.OfferOver:
            return "over"
        return "done"

    assert sorted(at_once(3, change)) == ["done", "over", "over"]
    assert "The tariff is changed" in anna.press(anna.last(), f"changeok:{offer_id}")["text"]
    assert mine(shop, anna).id == own.id


def test_a_change_and_a_renewal_at_once_lose_nothing(shop: Storefront, anna: Visitor) -> None:
    """Whichever is first: the change is undone by value, or its offer is over."""
    own = owns(shop, anna)
    party, db, now = anna.person().party, shop.kiosk.kit.db, shop.kiosk.now
    offer_id = int(data_of(preview(anna, "Solo"), "Change now").split(":")[1])

    def work(number: int) -> None:
        with db.begin() as tx:
            if number == 0:
                subscriptions.change_tariff(tx, party, offer_id, now)
                return
            quote = catalog.quote(tx, "vpn-1m", "RUB", {"all"})
            about = {"reference": "test:parallel", "cause": "payment", "value": quote.price, "now": now}
            subscriptions.give(tx, party, quote, happens="paid", **about)  # type: ignore[arg-type]

    def tolerant(number: int) -> None:
        try:
            work(number)
        except subscriptions.OfferOver:
            assert number == 0

    at_once(2, tolerant)
    after = mine(shop, anna)
    assert after.terms.tariff == "vpn-1m"
    assert timedelta(days=57) < after.ends_at - now < timedelta(days=64)
    assert after.ends_at > own.ends_at


def test_an_offer_that_is_over_is_made_anew_with_a_word_of_why(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    cheap, dear = preview(anna, "Solo"), preview(anna, "Family")
    shop.kiosk.world.offset.move(16 * 60)
    for screen, label in ((cheap, "Change now"), (dear, "Pay ")):
        again = anna.press(screen, data_of(screen, label))
        assert "no longer holds" in again["text"]
        assert data_of(again, label) != data_of(screen, label)
    assert mine(shop, anna).terms.tariff == "vpn-1m"
    assert shop.kiosk.count("payments") == 0


def test_a_renewal_in_between_makes_the_offer_anew(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    screen = preview(anna, "Family")
    owns(shop, anna)
    again = anna.press(screen, data_of(screen, "Pay "))
    assert "no longer holds" in again["text"]
    assert "1 month" in again["text"]
    anna.press(screen, data_of(again, "Change now") if "Change now" in labels(again) else data_of(again, "Pay "))
    assert shop.kiosk.count("payments") == 0


def test_a_paid_change_after_a_renewal_buys_what_it_is_worth(shop: Storefront, anna: Visitor) -> None:
    """The page was open while another payment prolonged the subscription."""
    owns(shop, anna)
    agree(shop, anna)
    preview(anna, "Family")
    page = anna.tap("Pay ")
    owns(shop, anna)
    before = mine(shop, anna)
    external_id = shop.kiosk.external_id(int(data_of(page, "Check payment").split(":")[1]))
    shop.kiosk.post(f"/yookassa/payments/{external_id}/pay", outcome="success", notify="never")
    anna.tap("Check payment")
    shop.kiosk.drain()
    own = mine(shop, anna)
    assert own.terms.tariff == "family"
    assert shop.kiosk.count("subscription_changes", "invoice_id IS NOT NULL") == 1
    assert own.ends_at > shop.kiosk.now + timedelta(days=30)
    assert before.terms.tariff == "vpn-1m"
    assert shop.kiosk.faults() == []


def test_a_change_is_paid_from_the_balance_once(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    agree(shop, anna)
    shop.kiosk.give(anna.person(), Money(100000, "RUB"))
    preview(anna, "Family")
    pay = next(label for label in labels(anna.last()) if "from the balance" in label)
    question = anna.tap(pay)
    assert "Pay from the balance?" in question["text"]
    for _ in range(2):
        assert "Paid, thank you" in anna.press(question, data_of(question, "Yes, pay"))["text"]
    shop.kiosk.drain()
    assert mine(shop, anna).terms.tariff == "family"
    assert shop.kiosk.count("payments", "state = 'succeeded'") == 1
    assert shop.kiosk.faults() == []


def test_a_declined_change_can_be_tried_again_at_its_price(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    agree(shop, anna)
    preview(anna, "Family")
    page = anna.tap("Pay ")
    first = int(data_of(page, "Check payment").split(":")[1])
    external_id = shop.kiosk.external_id(first)
    shop.kiosk.post(
        f"/yookassa/payments/{external_id}/pay", outcome="decline", reason="insufficient_funds", notify="never"
    )
    failed = anna.tap("Check payment")
    assert data_of(failed, "Another way to pay").startswith("offer:")
    again = anna.tap("Try again")
    second = int(data_of(again, "Check payment").split(":")[1])
    assert second != first
    assert shop.kiosk.count("invoices") == 1
    shop.kiosk.world.offset.move(16 * 60)
    assert "no longer holds" in anna.press(failed, f"retry:{first}")["text"]
    assert "To pay now" in anna.press(failed, data_of(failed, "Another way to pay"))["text"]


def test_a_way_that_was_switched_off_shows_the_others(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    screen = preview(anna, "Family")
    shop.switch("yookassa", on=False)
    again = anna.press(screen, data_of(screen, "Pay "))
    assert "not available right now" in again["text"]
    assert any("Robokassa" in label for label in labels(again))


def test_other_currencies_are_said_in_words(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna, currency="XTR")
    assert "cannot count it" in preview(anna, "Solo")["text"]
    stars = preview(anna, "Family")
    assert next(label for label in labels(stars) if "Pay" in label).endswith("(Telegram Stars)")
    assert "300 ⭐" in stars["text"]


def test_a_change_in_stars_is_paid_by_its_invoice(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna, currency="XTR")
    agree(shop, anna)
    preview(anna, "Family")
    pay = next(label for label in labels(anna.last()) if "Telegram Stars" in label)
    anna.tap(pay)
    invoice = next(message for message in anna.messages() if "invoice" in message)
    assert f"Pay {invoice['invoice']['total_amount']} ⭐" in pay
    assert anna.pays(message_id=invoice["message_id"])["status"] == "paid"
    shop.kiosk.drain()
    assert mine(shop, anna).terms.tariff == "family"
    assert "Your tariff is now Family" in anna.last()["text"]


@pytest.mark.parametrize("old", ["pay:yookassa:family", "agree:yookassa:family", "save:yookassa:family"])
def test_the_card_of_other_limits_leads_to_the_preview_also_by_old_buttons(
    shop: Storefront, anna: Visitor, old: str
) -> None:
    owns(shop, anna)
    anna.say("/shop")
    card = anna.tap("Family")
    assert "this is a change" in card["text"]
    assert not any("Pay" in label for label in labels(card))
    assert "To pay now" in anna.tap("Change to this tariff")["text"]
    screen = anna.press(card, old)
    assert "To pay now" in screen["text"]
    assert shop.kiosk.count("payments") == 0
    anna.say("/shop")
    assert any("YooKassa" in label for label in labels(anna.tap("Season"))), "the same limits: a plain renewal"


def test_an_old_answer_to_pay_from_the_balance_leads_to_the_preview(shop: Storefront, anna: Visitor) -> None:
    owns(shop, anna)
    agree(shop, anna)
    shop.kiosk.give(anna.person(), Money(100000, "RUB"))
    at = int(shop.kiosk.now.timestamp())
    assert "To pay now" in anna.press(anna.last(), f"spend:family:{at}:59900")["text"]
    assert shop.kiosk.count("payments") == 0


def test_a_change_turns_the_renewal_on_and_says_so(shop: Storefront, anna: Visitor) -> None:
    own = owns(shop, anna)
    anna.press(anna.say("/my"), f"cancelok:{own.id}")
    assert "is on again then" in preview(anna, "Solo")["text"]
    anna.tap("Change now")
    assert mine(shop, anna).state == "active"


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_whole_walk_in_every_language(shop: Storefront, code: str) -> None:
    """Telegram's own rules watch every screen; no English is left in the others (see also the screens' test)."""
    visitor = shop.visitor(language_code=code)
    visitor.say("/start")
    for data in ("trial:vpn-trial", "trialterms:vpn-trial", "trialok:vpn-trial", "my"):
        visitor.press(visitor.last(), data)
    own = mine(shop, visitor)
    visitor.press(visitor.last(), f"manage:{own.id}")
    owns(shop, visitor)
    for data in ("my", f"manage:{own.id}", f"change:{own.id}", f"to:{own.id}:family", f"to:{own.id}:solo"):
        visitor.press(visitor.say("/my"), data)
    for data in ("pause", "pauseok", "manage", "resume", "cancel", "cancelok", "manage", "keep", "manage"):
        visitor.press(visitor.last(), f"{data}:{own.id}")
        shop.kiosk.drain()
    assert mine(shop, visitor).state == "active"
