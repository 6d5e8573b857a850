"""Tokens in the chat: seen, topped up by a button or a written amount, spent, told of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.bot import callbacks_wallet
from services import identity, ledger, wallet
from tests.apps.bot.storefront import Storefront, Visitor, buttons, open_storefront
from tests.services.wallet.token_shop import DAY, TOKENS, give
from tests.world import Kiosk, MakeKiosk


@pytest.fixture
def tokens_shop(shop: Storefront) -> Storefront:
    shop.import_tariffs(TOKENS.format(more="subscription_fee = 100"))
    return shop


@pytest.fixture
def boris(tokens_shop: Storefront) -> Visitor:
    visitor = tokens_shop.visitor(first_name="Boris")
    visitor.say("/start")
    return visitor


def labels(message: dict) -> list[str]:  # type: ignore[type-arg]  # Telegram's JSON
    return [button["text"] for button in buttons(message)]


def pay(kiosk: Kiosk, notify: str = "once") -> int:
    """What was opened last, at the provider's page. Returns the payment's id."""
    payment_id = int(kiosk.scalar("SELECT max(id) FROM payments"))
    checkout = type("Opened", (), {"payment_id": payment_id})
    kiosk.pay(checkout, notify=notify)  # type: ignore[arg-type]  # it asks for the id only
    kiosk.drain()
    return payment_id


def begin(visitor: Visitor, label: str) -> None:
    """From the wallet to the page to pay on."""
    visitor.tap("My tokens")
    visitor.tap(label)
    visitor.tap(f"Pay {label} by card or SBP")
    visitor.tap("Accept and pay")


def balance(kiosk: Kiosk, visitor: Visitor) -> tuple[int, int]:
    with kiosk.kit.db.begin() as tx:
        seen = wallet.balance(tx, visitor.person().party)
    return seen.tokens, seen.bonus


def test_nobody_sees_a_wallet_where_there_are_no_tokens(shop: Storefront, anna: Visitor) -> None:
    assert "My tokens" not in labels(anna.say("/start"))
    with shop.kiosk.kit.db.begin() as tx:
        give(tx, anna.person().party, shop.kiosk.now, bonus=5)
    assert "My tokens" in labels(anna.say("/start"))
    screen = anna.tap("My tokens")
    assert "As a bonus: 5 tokens" in screen["text"]
    assert labels(screen) == ["What became of the tokens", "Main menu"]


def test_a_button_tops_up_once_however_often_it_is_told(boris: Visitor, shop: Storefront) -> None:
    kiosk = shop.kiosk
    screen = boris.tap("My tokens")
    assert "On your balance: 0 tokens" in screen["text"]
    assert labels(screen)[:4] == ["₽200", "₽500", "Another amount, RUB", "Another amount, XTR"]
    assert "For ₽200 you get 200 tokens." in boris.tap("₽200")["text"]
    assert "agree to the terms" in boris.tap("Pay ₽200 by card or SBP")["text"]
    assert "Version" in boris.tap("Read the terms")["text"]
    boris.tap("‹ Back")
    screen = boris.tap("Accept and pay")
    assert "your tokens arrive here by themselves" in screen["text"]
    assert not [label for label in labels(screen) if "Remember" in label]
    before = kiosk.count("payments")
    boris.press(screen, callbacks_wallet.TopUpBy(provider="yookassa", slug="ai", minor=20000).pack())
    assert kiosk.count("payments") == before == 1, "asked twice, opened once"
    pay(kiosk, notify="twice")
    kiosk.tick()
    assert balance(kiosk, boris) == (100, 0)
    words = boris.last()["text"]
    assert words.startswith("Thank you! You have got 200 tokens. The fee of 100 tokens is taken from that")
    assert "On your balance: 100 tokens" in words
    assert kiosk.faults() == []
    assert "Your tokens are on your balance" in boris.tap("Check payment")["text"]
    screen = boris.tap("My tokens")
    assert "Assistant: 100 tokens for the next period, taken on" in screen["text"]
    history = boris.tap("What became of the tokens")
    assert "+200 tokens — bought" in history["text"]
    assert "−100 tokens — fee for a period" in history["text"]


def test_an_amount_is_written_and_survives_a_restart(boris: Visitor, shop: Storefront) -> None:
    boris.tap("My tokens")
    assert "at least ₽100" in boris.tap("Another amount")["text"]
    with open_storefront(shop.kiosk) as other:  # another worker, which knows nothing of the first
        boris.shop = other
        assert "did not understand" in boris.say("много")["text"]
        assert "too little" in boris.say("99,99")["text"]
        assert "too much" in boris.say("99999999")["text"]
        screen = boris.say("1 500,50 ₽")
        assert "For ₽1,500.50 you get 1,500 tokens." in screen["text"]
        assert shop.kiosk.count("invoices") == 0, "nothing is opened before a button says so"
        boris.tap("Pay ₽1,500.50 by card")
        boris.tap("Accept and pay")
        pay(shop.kiosk)
        assert balance(shop.kiosk, boris) == (1400, 0)
        assert "buttons and commands best" in boris.say("300")["text"], "the question is answered"


def test_a_question_is_over_after_an_hour_or_a_look_elsewhere(boris: Visitor, shop: Storefront) -> None:
    boris.tap("My tokens")
    boris.tap("Another amount")
    shop.kiosk.pass_time(timedelta(hours=2))
    assert "buttons and commands best" in boris.say("300")["text"]
    boris.say("/balance")
    boris.tap("Another amount")
    boris.tap("‹ Back")
    assert "buttons and commands best" in boris.say("300")["text"]


def test_buttons_of_another_day_do_no_harm(boris: Visitor, shop: Storefront) -> None:
    screen = boris.tap("My tokens")
    for word in (
        callbacks_wallet.TopUp(slug="nothing", currency="RUB", minor=20000),
        callbacks_wallet.TopUp(slug="ai", currency="UAH", minor=20000),
        callbacks_wallet.TopUp(slug="ai", currency="RUB", minor=5),
        callbacks_wallet.TopUpBy(provider="balance", slug="ai", minor=20000),
        callbacks_wallet.TopUpBy(provider="nobody", slug="ai", minor=20000),
        callbacks_wallet.TopUpOwn(slug="nothing", currency="RUB"),
        callbacks_wallet.Tokens(before=10**6),
    ):
        boris.press(screen, word.pack())
    assert shop.kiosk.count("invoices") == 0
    shop.switch("yookassa", on=False)
    assert "not available right now" in boris.press(screen, "topby:yookassa:ai:20000")["text"]


def test_the_longest_words_fit_a_button() -> None:
    slug, provider = "a" + "b" * 30, "p" * 16
    for word in (callbacks_wallet.TopUpBy, callbacks_wallet.ReadTermsToTopUp, callbacks_wallet.AgreeToTopUp):
        assert len(word(provider=provider, slug=slug, minor=10**9 - 1).pack()) <= 64
    assert len(callbacks_wallet.TopUp(slug=slug, currency="RUB", minor=10**9 - 1).pack()) <= 64


def test_one_way_is_not_chosen_from(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(PAYMENT_PROVIDERS="yookassa") as kiosk, open_storefront(kiosk) as shop:
        shop.import_tariffs(TOKENS.format(more=""))
        boris = shop.visitor(first_name="Boris")
        boris.say("/balance")
        assert "agree to the terms" in boris.tap("₽200")["text"]


def test_several_ways_are_chosen_from(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(PAYMENT_PROVIDERS="yookassa,robokassa,stars,balance") as kiosk, open_storefront(kiosk) as shop:
        shop.import_tariffs(TOKENS.format(more=""))
        boris = shop.visitor(first_name="Boris")
        boris.say("/start")
        boris.tap("My tokens")
        screen = boris.tap("₽200")
        assert labels(screen)[:3] == ["Pay ₽200 by card or SBP (YooKassa)", "Pay ₽200 by card (Robokassa)", "‹ Back"]
        boris.say("/balance")
        boris.tap("Another amount, XTR")
        boris.say("10")
        boris.tap("Pay 10 ⭐")
        boris.tap("Accept and pay")
        invoice = next(one for one in reversed(boris.messages()) if "invoice" in one)
        boris.pays(message_id=invoice["message_id"])
        kiosk.drain()
        kiosk.tick()
        assert balance(kiosk, boris) == (15, 0)


def test_a_refund_takes_the_tokens_back(boris: Visitor, shop: Storefront) -> None:
    kiosk = shop.kiosk
    begin(boris, "₽500")
    payment_id = pay(kiosk)
    assert balance(kiosk, boris) == (400, 0)
    kiosk.refund(payment_id)
    kiosk.drain(1)
    assert balance(kiosk, boris) == (0, 0)
    assert kiosk.count("subscriptions", "state = 'expired'") == 1
    assert kiosk.faults() == []
    assert kiosk.undone() == []
    kiosk.tick()
    assert balance(kiosk, boris) == (0, 0)


def test_a_fee_is_taken_or_missed_and_told(boris: Visitor, shop: Storefront) -> None:
    kiosk = shop.kiosk
    begin(boris, "₽200")
    pay(kiosk)
    kiosk.pass_time(timedelta(days=32), step=timedelta(hours=12))
    assert balance(kiosk, boris) == (0, 0)
    assert "The fee of 100 tokens is taken: Assistant works until" in boris.last()["text"]
    kiosk.pass_time(timedelta(days=30), step=timedelta(hours=12))
    told = [one["text"] for one in boris.messages() if "too few tokens" in one["text"]]
    assert len(told) == 1
    assert "The next period costs 100 tokens" in told[0]
    assert kiosk.count("subscriptions", "state = 'expired'") == 1
    assert "My tokens" in boris.tap("Renew")["text"], "where tokens pay, they renew"
    boris.tap("₽200")
    boris.tap("Pay ₽200 by card or SBP")
    pay(kiosk)
    assert balance(kiosk, boris) == (100, 0)
    assert kiosk.count("subscriptions", "state = 'active'") == 1
    assert kiosk.faults() == []


def test_low_balances_are_told_with_a_button(boris: Visitor, shop: Storefront) -> None:
    kiosk, party = shop.kiosk, boris.person().party
    with kiosk.kit.db.begin() as tx:
        give(tx, party, kiosk.now, tokens=60)
    for number, tokens in enumerate((15, 28, 17)):
        with kiosk.kit.db.begin() as tx:
            wallet.spend(tx, party, tokens, reference=f"r{number}", description="<b>run</b>", now=kiosk.now)
        kiosk.drain(1.5)
    told = [one["text"] for one in boris.messages() if "left. Top up" in one["text"] or "used up" in one["text"]]
    assert told == [
        "Only 45 tokens left. Top up in time, so that nothing stops.",
        "Only 17 tokens left. Top up in time, so that nothing stops.",
        "Your tokens are used up. Top up to go on.",
    ]
    assert "On your balance: 0 tokens" in boris.tap("Top up")["text"]
    assert "−17 tokens — <b>run</b>" in boris.tap("What became of the tokens")["text"], "words of others are no markup"


def test_a_long_history_has_pages(boris: Visitor, shop: Storefront) -> None:
    kiosk, party = shop.kiosk, boris.person().party
    with kiosk.kit.db.begin() as tx:
        give(tx, party, kiosk.now, tokens=1000)
        for number in range(10):
            wallet.spend(tx, party, 1, reference=f"r{number}", description=f"run {number}", now=kiosk.now)
    boris.tap("My tokens")
    assert "run 9" in boris.tap("What became of the tokens")["text"]
    screen = boris.tap("Older ›")
    assert "run 1" in screen["text"]
    assert "run 2" not in screen["text"]
    assert labels(screen) == ["‹ Back"]


def test_bonus_says_until_when_and_goes_then(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(BONUS_TOKENS_DAYS="3") as kiosk, open_storefront(kiosk) as shop:
        boris = shop.visitor(first_name="Boris")
        boris.say("/start")
        with kiosk.kit.db.begin() as tx:
            give(tx, boris.person().party, kiosk.now, bonus=20)
        until = boris.person()
        with kiosk.kit.db.begin() as tx:
            say = identity.user(tx, until.party.id).language
        date = say.date(kiosk.now + 3 * DAY, kiosk.kit.settings.time_zone)
        assert f"of these 20 tokens until {date}" in boris.say("/balance")["text"]
        kiosk.pass_time(timedelta(days=3, hours=1), step=timedelta(hours=6))
        assert balance(kiosk, boris) == (0, 0)
        assert "−20 tokens — bonus expired" in boris.tap("What became of the tokens")["text"]
        with kiosk.kit.db.begin() as tx:
            assert ledger.prove(tx) == []


def test_the_blocked_are_told_so_and_can_do_nothing(boris: Visitor, shop: Storefront) -> None:
    kiosk, party = shop.kiosk, boris.person().party
    screen = boris.tap("My tokens")
    with kiosk.kit.db.begin() as tx:
        identity.block(tx, party.id, reason="fraud", actor="operator:1", now=kiosk.now)
    boris.press(screen, callbacks_wallet.TopUp(slug="ai", currency="RUB", minor=20000).pack())
    assert "Your access to this bot is closed" in boris.alert()
    assert "Your access to this bot is closed" in boris.say("/start")["text"]
    assert kiosk.count("invoices") == 0
    with kiosk.kit.db.begin() as tx:
        identity.unblock(tx, party.id, reason="mistake", actor="operator:1", now=kiosk.now)
    assert "Hello" in boris.say("/start")["text"]
