"""Tokens, and what one person does for another, with every word that people were told (transcripts/)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services import catalog, gifts, ledger, referrals, subscriptions, wallet
from services.platform.money import Money
from tests.stories.transcript import BEGIN, DAY, HERE, HOUR, NAMES, Story, story
from tests.world import Kiosk, Person

pytestmark = pytest.mark.timeout(300)
FRIENDS = {"ru": "Борис", "uk": "Богдан", "en": "Boris"}


@pytest.fixture
def kiosk(far_kiosk: Kiosk) -> Kiosk:
    with far_kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, (HERE.parent / "tariffs.toml").read_text(), far_kiosk.now)
    return far_kiosk


def ends(kiosk: Kiosk, *people: Person) -> set[str]:
    with kiosk.kit.db.begin() as tx:
        return {
            f"{one.ends_at:%Y-%m-%d}" for person in people for one in subscriptions.subscriptions_of(tx, person.party)
        }


def friends(told: Story) -> list[Person]:
    return [person for code, person in told.cast.items() if "-" in code]


def inviters(told: Story) -> list[Person]:
    return [person for code, person in told.cast.items() if "-" not in code]


def test_a_token_user_with_a_fee_and_spendings(kiosk: Kiosk, long: bool) -> None:
    def top_up(person: Person, rubles: int) -> None:
        with kiosk.kit.db.begin() as tx:
            quote = wallet.top_up_quote(tx, person.party, "ai", Money(rubles * 100, "RUB"))
        kiosk.pay(kiosk.checkout(person, tariff=None, quote=quote))

    def spend(person: Person, tokens: int) -> None:
        with kiosk.kit.db.begin() as tx:
            reference = f"{person.party}:{kiosk.now.isoformat()}"
            wallet.spend(tx, person.party, tokens, reference=reference, description="CV", now=kiosk.now)

    def left() -> set[int]:
        with kiosk.kit.db.begin() as tx:
            return {-ledger.balance(tx, f"tokens:{one.party}", "TOKEN").minor for one in told.cast.values()}

    with story("tokens", kiosk) as told:
        told.each(lambda person: top_up(person, 500), what="pays in 500 rubles: 100 tokens are the fee, 400 are left")
        assert left() == {400}
        told.until(BEGIN + 5 * DAY, step=5 * DAY)
        told.each(lambda person: spend(person, 255), what="spends 255 tokens")
        told.until(BEGIN + 10 * DAY, step=5 * DAY)
        told.each(lambda person: spend(person, 100), what="spends 100 tokens: 45 are left")
        assert left() == {45}
        told.until(BEGIN + 26 * DAY, step=8 * DAY)
        told.until(BEGIN + 27 * DAY - 2 * HOUR, step=6 * HOUR)
        told.each(lambda person: top_up(person, 200), what="pays in 200 rubles: the fee comes out of them")
        told.until(BEGIN + 29 * DAY, step=12 * HOUR)
        assert left() == {145}
        assert ends(kiosk, *told.cast.values()) == {"2041-03-31"}
        told.until(BEGIN + 57 * DAY + 2 * HOUR, step=28 * DAY)
        told.until(BEGIN + 60 * DAY + 2 * HOUR, step=12 * HOUR)
        told.until(BEGIN + 87 * DAY + 2 * HOUR, step=27 * DAY)
        told.until(BEGIN + 90 * DAY + 2 * HOUR, step=12 * HOUR)
        told.until(BEGIN.replace(year=2043 if long else 2041, month=7), step=30 * DAY)
        assert left() == {45}, "one more fee, and then there were too few"
    assert kiosk.count("subscriptions", "state = 'expired'") == 3


def test_a_referred_pair_with_a_refund(kiosk: Kiosk, long: bool) -> None:
    def come(told: Story) -> None:
        for code, inviter in list(told.cast.items()):
            with kiosk.kit.db.begin() as tx:
                link = referrals.start_parameter(referrals.code_of(tx, inviter.party.id, kiosk.now))
            told.join(f"{code}-friend", FRIENDS[code], code, start=link)

    with story("referral", kiosk) as told:
        told.each(kiosk.buy, what="buys a month")
        come(told)
        told.until(BEGIN + DAY, step=DAY)
        bought = {}
        told.each(
            lambda person: bought.update({person.telegram_id: kiosk.buy(person).payment_id}),
            what="buys the first month, invited by a friend",
            who="friend",
        )
        assert ends(kiosk, *inviters(told)) == {"2041-03-07"}, "seven days for the inviter"
        with kiosk.kit.db.begin() as tx:
            assert {ledger.balance(tx, f"bonus:{one.party}", "BONUS").minor for one in friends(told)} == {-50}
        told.until(BEGIN + 2 * DAY, step=DAY)
        told.each(lambda person: kiosk.refund(bought[person.telegram_id]), what="has the money refunded", who="friend")
        assert ends(kiosk, *inviters(told)) == {"2041-02-28"}, "and back"
        with kiosk.kit.db.begin() as tx:
            assert {ledger.balance(tx, f"bonus:{one.party}", "BONUS").minor for one in friends(told)} == {0}
        told.each(kiosk.buy, what="buys again: a first payment is one", who="friend")
        assert ends(kiosk, *inviters(told)) == {"2041-02-28"}
        told.until(BEGIN.replace(year=2043 if long else 2041, month=10), step=60 * DAY)


def test_a_gift(kiosk: Kiosk, long: bool) -> None:
    codes: dict[int, str] = {}

    def give(person: Person) -> None:
        with kiosk.kit.db.begin() as tx:
            quote = gifts.quote(tx, "vpn-1m", "RUB")
        kiosk.pay(kiosk.checkout(person, tariff=None, quote=quote))
        kiosk.drain()
        with kiosk.kit.db.begin() as tx:
            gift = gifts.gifts_of(tx, person.party)[0]
            codes[person.telegram_id] = gifts.code_of(tx, kiosk.kit.cipher, gift.id).plain

    with story("gift", kiosk) as told:
        told.each(give, what="buys a month as a gift")
        givers = {code: person.telegram_id for code, person in told.cast.items()}
        for code in NAMES:
            told.join(f"{code}-friend", FRIENDS[code], code)

        def claim(person: Person) -> None:
            code = next(code for code, one in told.cast.items() if one is person).split("-")[0]
            with kiosk.kit.db.begin() as tx:
                gifts.claim(tx, kiosk.kit.cipher, person.party, codes[givers[code]], kiosk.now)

        told.until(BEGIN + 5 * DAY, step=5 * DAY)
        told.each(claim, what="accepts the gift", who="friend")
        assert ends(kiosk, *friends(told)) == {"2041-03-05"}
        told.each(give, what="buys another one, which nobody claims", who="")
        told.until(BEGIN + 120 * DAY, step=11 * DAY)
        assert {kiosk.balance(f"wallet:{one.party}") for one in inviters(told)} == {-30000}
        told.until(BEGIN.replace(year=2043 if long else 2041, month=10), step=60 * DAY)
    with kiosk.kit.db.begin() as tx:
        assert set(tx.scalars(text("SELECT state FROM gifts"))) == {"claimed", "expired"}
