"""The reward for an invitation: both sides, first payment, once, and back with its money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import billing, identity, referrals, subscriptions
from services.platform.config import BadConfiguration, load
from services.platform.errors import Misconfigured
from services.platform.money import Money
from services.referrals import Reward, Terms
from tests.factories import at_once, environment
from tests.world import Kiosk, MakeKiosk, Person

DAYS = {"REFERRAL_INVITER_REWARD": "7d", "REFERRAL_INVITED_REWARD": "3d"}
TOKENS = {"REFERRAL_INVITER_REWARD": "50 tokens", "REFERRAL_INVITED_REWARD": "20 tokens"}
PERCENT = {"REFERRAL_INVITER_REWARD": "10%"}
ALL_WAYS = {"PAYMENT_PROVIDERS": "yookassa,stars,balance"}


@pytest.fixture
def days(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(**DAYS) as kiosk:
        yield kiosk


@pytest.fixture
def tokens(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(**TOKENS) as kiosk:
        yield kiosk


@pytest.fixture
def percent(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(**PERCENT, **ALL_WAYS) as kiosk:
        yield kiosk


def invited(kiosk: Kiosk, inviter: Person, name: str = "Борис") -> Person:
    """Comes by the inviter's link. Nothing has reacted to that yet."""
    user = kiosk.post("/telegram/chat/api/users", first_name=name, language_code="ru")
    kiosk.post(f"/telegram/chat/api/users/{user['id']}/text", text="/start")
    with kiosk.kit.db.begin() as tx:
        parameter = referrals.start_parameter(referrals.code_of(tx, inviter.party.id, kiosk.now))
        known = identity.greet(
            tx, telegram_id=user["id"], first_name=name, username=None, language_code="ru",
            start_parameter=parameter, now=kiosk.now,
        )  # fmt: skip
    return Person(user["id"], known.party, "ru")


def left(kiosk: Kiosk, person: Person) -> timedelta:
    with kiosk.kit.db.begin() as tx:
        owned = subscriptions.subscriptions_of(tx, person.party)
    return max((one.ends_at for one in owned), default=kiosk.now) - kiosk.now


def about(span: timedelta, whole: timedelta) -> bool:
    return abs(span - whole) < timedelta(minutes=2)


def bonus(kiosk: Kiosk, person: Person) -> int:
    return -kiosk.balance(f"bonus:{person.party}", "BONUS")


def states(kiosk: Kiosk) -> list[str]:
    return [
        str(kiosk.scalar("SELECT state FROM referral_rewards WHERE side = :s", s=s)) for s in ("inviter", "invited")
    ]


def earned(kiosk: Kiosk, person: Person) -> referrals.Invitation:
    with kiosk.kit.db.begin() as tx:
        return referrals.invitation(tx, person.party.id, kiosk.now)


def paid_news(kiosk: Kiosk, checkout: billing.Checkout, person: Person) -> billing.InvoicePaid:
    return billing.InvoicePaid(invoice_id=checkout.invoice_id, payment_id=checkout.payment_id, party=str(person.party))


TERMS = Terms.parse("50 tokens", "20 tokens")


# --- days -----------------------------------------------------------------------------------------------------------


def test_both_sides_get_their_days_and_are_told(days: Kiosk) -> None:
    anna = days.person()
    days.buy(anna)
    before = left(days, anna)
    boris = invited(days, anna)
    days.buy(boris)
    month = left(days, boris) - timedelta(days=3)
    assert about(left(days, anna) - before, timedelta(days=7))
    assert month > timedelta(days=28) - timedelta(minutes=2), "a month: February's is the shortest"
    assert states(days) == ["given", "given"]
    shown = earned(days, anna)
    assert (shown.came, shown.paid, shown.days) == (1, 1, 7)
    said = [message["text"] for message in days.messages(anna) if "text" in message]
    assert any("Борис: первая оплата по вашему приглашению. Ваше вознаграждение: 7 дней" in words for words in said)
    assert days.count("messages", "kind = 'referral_reward' AND state = 'sent'") == 2
    assert days.faults() == []


def test_days_wait_for_an_inviter_without_a_subscription(days: Kiosk) -> None:
    anna = days.person()
    boris = invited(days, anna)
    days.buy(boris)
    assert states(days) == ["pending", "given"]
    assert earned(days, anna).waiting_days == 7
    days.pass_time(timedelta(days=2), step=timedelta(days=1))
    days.buy(anna)
    assert states(days) == ["given", "given"]
    assert left(days, anna) > timedelta(days=28 + 7) - timedelta(minutes=2)
    end = left(days, anna)
    days.buy(days.person())
    days.hurry()
    assert about(left(days, anna), end), "given once"


def test_waiting_days_that_were_refunded_never_come(days: Kiosk) -> None:
    anna = days.person()
    boris = invited(days, anna)
    checkout = days.buy(boris)
    days.refund(checkout.payment_id)
    days.drain()
    assert states(days) == ["taken_back", "taken_back"]
    days.buy(anna)
    assert left(days, anna) < timedelta(days=31, minutes=2)
    assert earned(days, anna).waiting_days == 0


def test_a_refund_takes_the_days_of_both(days: Kiosk) -> None:
    anna = days.person()
    days.buy(anna)
    before = left(days, anna)
    boris = invited(days, anna)
    checkout = days.buy(boris)
    days.refund(checkout.payment_id)
    days.drain()
    assert about(left(days, anna), before)
    assert left(days, boris) <= timedelta(minutes=1)
    assert states(days) == ["taken_back", "taken_back"]
    assert earned(days, anna).paid == 0
    assert days.faults() == []


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_tokens_are_one_posting_and_go_back_with_a_full_refund(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    checkout = tokens.buy(boris)
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (50, 20)
    assert tokens.balance("promotions:bonus", "BONUS") == 70
    assert tokens.count("ledger_transactions", "kind = 'referral_reward'") == 1
    assert earned(tokens, anna).money == (Money(50, "BONUS"),)
    tokens.refund(checkout.payment_id, amount=Money(100, "RUB"))
    tokens.drain()
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (50, 20), "a part leaves the reward"
    tokens.refund(checkout.payment_id)
    tokens.drain()
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (0, 0)
    assert states(tokens) == ["taken_back", "taken_back"]
    assert tokens.faults() == []


def test_only_the_first_payment_rewards_also_after_it_went_back(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    first = tokens.buy(boris)
    tokens.buy(boris)
    assert bonus(tokens, anna) == 50
    tokens.refund(first.payment_id)
    tokens.drain()
    assert bonus(tokens, anna) == 0
    tokens.buy(boris)
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (0, 0)
    assert tokens.count("referral_rewards") == 2


def test_the_refund_of_a_later_payment_leaves_the_reward(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    tokens.buy(boris)
    later = tokens.buy(boris)
    tokens.refund(later.payment_id)
    tokens.drain()
    assert bonus(tokens, anna) == 50


def test_people_who_were_not_invited_bring_nobody_anything(tokens: Kiosk) -> None:
    anna = tokens.person()
    tokens.buy(tokens.person())
    assert tokens.count("referral_rewards") == 0
    assert bonus(tokens, anna) == 0


# --- out of order, twice, at once -----------------------------------------------------------------------------------


def pay_unnoticed(kiosk: Kiosk, person: Person) -> billing.Checkout:
    """Paid and settled; no reaction to the payment has run."""
    checkout = kiosk.checkout(person)
    kiosk.pay(checkout)
    billing.reconcile(kiosk.kit.db, kiosk.kit.providers, checkout.payment_id, kiosk.now, cause="test")
    return checkout


def test_a_reward_that_comes_before_the_news_of_the_arrival(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    checkout = pay_unnoticed(tokens, boris)
    with tokens.kit.db.begin() as tx:
        referrals.reward_first_payment(tx, paid_news(tokens, checkout, boris), TERMS, tokens.now)
    assert bonus(tokens, anna) == 50
    tokens.drain()
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (50, 20)


def test_the_same_news_at_once_rewards_once(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    checkout = pay_unnoticed(tokens, boris)

    def react(_number: int) -> None:
        with tokens.kit.db.begin() as tx:
            referrals.reward_first_payment(tx, paid_news(tokens, checkout, boris), TERMS, tokens.now)

    at_once(5, react)
    tokens.drain()
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (50, 20)
    assert tokens.count("referral_rewards") == 2


def test_two_payments_whose_news_come_the_wrong_way_round_reward_the_first(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    first, second = pay_unnoticed(tokens, boris), pay_unnoticed(tokens, boris)
    assert first.invoice_id != second.invoice_id
    with tokens.kit.db.begin() as tx:
        referrals.reward_first_payment(tx, paid_news(tokens, second, boris), TERMS, tokens.now)
    assert bonus(tokens, anna) == 0
    tokens.drain()
    assert bonus(tokens, anna) == 50
    assert tokens.scalar("SELECT invoice_id FROM referrals") == first.invoice_id


@pytest.mark.parametrize("second_payment", [False, True])
def test_a_refund_that_comes_before_its_reward_leaves_none(tokens: Kiosk, *, second_payment: bool) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    checkout = pay_unnoticed(tokens, boris)
    news = billing.PaymentRefunded(
        refund_id=1, payment_id=checkout.payment_id, invoice_id=checkout.invoice_id, party=str(boris.party),
        minor=29900, of_minor=29900, shorten=True, applied=True, full=True,
    )  # fmt: skip
    with tokens.kit.db.begin() as tx:
        referrals.take_back(tx, news, tokens.now)
        referrals.take_back(tx, news, tokens.now)
    tokens.drain()
    if second_payment:
        tokens.buy(boris)
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (0, 0)
    assert tokens.count("referral_rewards") == 0
    assert earned(tokens, anna).paid == 0


def test_reward_and_refund_at_once_end_with_nothing(tokens: Kiosk) -> None:
    anna = tokens.person()
    boris = invited(tokens, anna)
    checkout = pay_unnoticed(tokens, boris)
    back = billing.PaymentRefunded(
        refund_id=1, payment_id=checkout.payment_id, invoice_id=checkout.invoice_id, party=str(boris.party),
        minor=29900, of_minor=29900, shorten=True, applied=True, full=True,
    )  # fmt: skip

    def react(number: int) -> None:
        with tokens.kit.db.begin() as tx:
            if number % 2:
                referrals.take_back(tx, back, tokens.now)
            else:
                referrals.reward_first_payment(tx, paid_news(tokens, checkout, boris), TERMS, tokens.now)

    at_once(6, react)
    tokens.drain()
    assert (bonus(tokens, anna), bonus(tokens, boris)) == (0, 0)
    assert tokens.count("referral_rewards", "state <> 'taken_back'") == 0


def test_a_reward_and_the_subscription_it_waits_for_do_not_miss_each_other(days: Kiosk) -> None:
    """The inviter buys at the very moment at which the invited person's payment rewards."""
    for _round in range(4):
        anna = days.person()
        boris = invited(days, anna)
        checkouts = {anna.party: pay_unnoticed(days, anna), boris.party: pay_unnoticed(days, boris)}

        def react(
            number: int, who: tuple[Person, ...] = (anna, boris), by: dict[identity.Party, billing.Checkout] = checkouts
        ) -> None:  # bound for each round
            with days.kit.db.begin() as tx:
                news = paid_news(days, by[who[number].party], who[number])
                subscriptions.extend_after_payment(tx, news, days.now)
                if number:
                    referrals.reward_first_payment(tx, news, Terms.parse("7d", None), days.now)

        at_once(2, react)
        days.drain()
        assert (
            days.scalar("SELECT state FROM referral_rewards WHERE side = 'inviter' AND user_id = :id", id=anna.party.id)
            == "given"
        )


# --- percent --------------------------------------------------------------------------------------------------------


def test_a_share_of_the_payment_goes_to_the_inviters_balance_and_back(percent: Kiosk) -> None:
    anna = percent.person()
    boris = invited(percent, anna)
    checkout = percent.buy(boris)
    assert percent.balance(f"wallet:{anna.party}") == -2990
    assert percent.balance(f"wallet:{boris.party}") == 0
    assert earned(percent, anna).money == (Money(2990, "RUB"),)
    percent.refund(checkout.payment_id)
    percent.drain()
    assert percent.balance(f"wallet:{anna.party}") == 0
    assert percent.faults() == []


def test_money_from_the_balance_is_no_first_payment(percent: Kiosk) -> None:
    anna = percent.person()
    boris = invited(percent, anna)
    percent.give(boris, Money(29900, "RUB"))
    percent.checkout(boris, provider="balance")
    percent.drain()
    assert percent.count("subscriptions") == 1
    assert percent.count("referral_rewards") == 0
    percent.buy(boris)
    assert percent.balance(f"wallet:{anna.party}") == -2990, "the first from outside counts"


# --- terms ----------------------------------------------------------------------------------------------------------


def test_without_terms_an_invitation_is_counted_and_earns_nothing(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(invited(kiosk, anna))
    shown = earned(kiosk, anna)
    assert (shown.came, shown.paid, shown.days, shown.money) == (1, 1, 0, ())
    assert kiosk.count("referral_rewards") == 0


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("7d", Reward(days=7)),
        ("1 token", Reward(tokens=1)),
        ("50 tokens", Reward(tokens=50)),
        ("10%", Reward(percent=10)),
        ("", Reward()),
        (None, Reward()),
    ],
)
def test_terms_as_an_operator_writes_them(text: str | None, reward: Reward) -> None:
    assert Reward.parse(text) == reward


@pytest.mark.parametrize("text", ["7", "0d", "101%", "0%", "tokens", "-1d", "7 d", "1.5%"])
def test_other_terms_are_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        Reward.parse(text)


def test_a_share_is_rounded_down_and_less_than_a_kopeck_is_nothing() -> None:
    assert Reward(percent=10).money(Money(29999, "RUB")) == Money(2999, "RUB")
    assert Reward(percent=1).money(Money(99, "RUB")) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REFERRAL_INVITER_REWARD", "7 days"),
        ("REFERRAL_INVITER_REWARD", "101%"),
        ("REFERRAL_INVITED_REWARD", "10%"),
        ("REFERRAL_INVITED_REWARD", "0d"),
        ("GIFT_DAYS", "0"),
    ],
)
def test_settings_that_cannot_be_are_named_at_the_start(name: str, value: str) -> None:
    with pytest.raises(BadConfiguration) as refused:
        load(environment("postgres://x/y", "redis://x", **{name: value}))
    assert [fault.split(":")[0] for fault in refused.value.faults] == [name]


def test_settings_may_be_empty() -> None:
    settings = load(environment("postgres://x/y", "redis://x", REFERRAL_INVITER_REWARD="", GIFT_DAYS=""))
    assert (settings.referral_inviter_reward, settings.referral_invited_reward, settings.gift_days) == (None, None, 90)
