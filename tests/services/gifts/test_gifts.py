"""Gifts: paid by one, claimed once by another; what is not claimed, or is refunded, leaves the money right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from services import billing, catalog, gifts, subscriptions
from services.billing import Access
from services.platform.crypto import Cipher
from services.platform.errors import TryLater
from services.platform.money import Money
from services.platform.outbox import OutboxEvent
from tests.factories import at_once, tariff_toml
from tests.world import Kiosk, MakeKiosk, Person


@pytest.fixture
def kiosk(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(PAYMENT_PROVIDERS="yookassa,balance", GIFT_DAYS="30") as kiosk:
        yield kiosk


def order(kiosk: Kiosk, buyer: Person, tariff: str = "vpn-1m") -> billing.Checkout:
    with kiosk.kit.db.begin() as tx:
        quote = gifts.quote(tx, tariff, "RUB")
    return billing.checkout(
        kiosk.kit.db,
        kiosk.kit.providers["yookassa"],
        party=buyer.party,
        quote=quote,
        description="VPN",
        return_url="https://t.me/kiosk_bot",
        now=kiosk.now,
    )


def buy_gift(kiosk: Kiosk, buyer: Person) -> billing.Checkout:
    checkout = order(kiosk, buyer)
    kiosk.pay(checkout)
    kiosk.drain()
    return checkout


def code(kiosk: Kiosk, gift_id: int | None = None) -> str:
    with kiosk.kit.db.begin() as tx:
        newest = gift_id or gifts.all_gifts(tx, limit=1)[0].id
        return gifts.code_of(tx, kiosk.kit.cipher, newest).shown


def claim(kiosk: Kiosk, person: Person, typed: str) -> gifts.Gift:
    with kiosk.kit.db.begin() as tx:
        claimed = gifts.claim(tx, kiosk.kit.cipher, person.party, typed, kiosk.now)
    kiosk.drain()
    return claimed


def state(kiosk: Kiosk) -> str:
    return str(kiosk.scalar("SELECT state FROM gifts ORDER BY id DESC LIMIT 1"))


def wallet(kiosk: Kiosk, person: Person) -> int:
    return -kiosk.balance(f"wallet:{person.party}")


def owned(kiosk: Kiosk, person: Person) -> subscriptions.Subscription | None:
    with kiosk.kit.db.begin() as tx:
        return next(iter(subscriptions.subscriptions_of(tx, person.party)), None)


def texts(kiosk: Kiosk, person: Person) -> str:
    return "\n".join(message.get("text") or message.get("caption") or "" for message in kiosk.messages(person))


# --- bought ---------------------------------------------------------------------------------------------------------


def test_a_paid_gift_gives_the_buyer_a_card_to_forward_and_no_access(kiosk: Kiosk) -> None:
    anna = kiosk.person("Anna", "en")
    buy_gift(kiosk, anna)
    assert state(kiosk) == "waiting"
    assert owned(kiosk, anna) is None
    card = kiosk.messages(anna)[-1]["text"]
    shown = code(kiosk)
    assert "A gift for you: VPN for a month" in card
    assert f"/gift {shown}" in card
    assert f"?start=gift_{shown.replace('-', '')}" in card
    assert re.search(r"https?://\S+/\w+bot\?start=gift_", card)
    assert "reply_markup" not in kiosk.messages(anna)[-1], "to be forwarded as it is"


def test_the_same_news_at_once_makes_one_gift(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = order(kiosk, anna)
    kiosk.pay(checkout)
    billing.reconcile(kiosk.kit.db, kiosk.kit.providers, checkout.payment_id, kiosk.now, cause="test")
    news = billing.InvoicePaid(invoice_id=checkout.invoice_id, payment_id=checkout.payment_id, party=str(anna.party))

    def react(_number: int) -> None:
        with kiosk.kit.db.begin() as tx:
            gifts.create_after_payment(tx, kiosk.kit.cipher, news, timedelta(days=30), kiosk.now)

    at_once(5, react)
    kiosk.drain()
    assert kiosk.count("gifts") == 1
    assert kiosk.count("messages", "kind = 'gift_card'") == 1


def test_two_gifts_are_two_orders_and_an_unpaid_one_is_found_again(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first = order(kiosk, anna)
    assert order(kiosk, anna).payment_id == first.payment_id
    assert kiosk.checkout(anna).invoice_id != first.invoice_id, "the same tariff for oneself is another order"
    kiosk.pay(first)
    kiosk.drain()
    buy_gift(kiosk, anna)
    assert kiosk.count("gifts") == 2
    assert len({code(kiosk, 1), code(kiosk, 2)}) == 2


def test_an_ordinary_purchase_is_no_gift(kiosk: Kiosk) -> None:
    kiosk.buy(kiosk.person())
    assert kiosk.count("gifts") == 0


@pytest.mark.parametrize(
    "more", [*(f'audience = "{name}"' for name in ("new", "existing", "invited", "trial")), "tokens = 50"]
)
def test_what_not_everybody_may_buy_and_what_brings_tokens_is_not_given_away(kiosk: Kiosk, more: str) -> None:
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, tariff_toml("vpn-x", more=more), kiosk.now)
    with pytest.raises(catalog.NotForSale), kiosk.kit.db.begin() as tx:
        gifts.quote(tx, "vpn-x", "RUB")


def test_the_code_is_nowhere_in_plain(kiosk: Kiosk, capfd: pytest.CaptureFixture[str]) -> None:
    anna, boris = kiosk.person(), kiosk.person("Борис")
    buy_gift(kiosk, anna)
    shown = code(kiosk)
    plain = shown.replace("-", "")
    claim(kiosk, boris, shown)
    with kiosk.kit.db.begin() as tx:
        stored = [str(row) for row in tx.execute(text("SELECT gifts::text FROM gifts"))]
        stored += [str(row) for row in tx.execute(text("SELECT messages::text FROM messages"))]
        stored += [str(row.body) for row in tx.query(OutboxEvent)]
        stored += [str(row) for row in tx.execute(text("SELECT audit_log::text FROM audit_log"))]
    said = capfd.readouterr()
    for words in (*stored, said.out, said.err):
        assert plain not in words
        assert shown not in words
    with kiosk.kit.db.begin() as tx, pytest.raises(gifts.GiftNotFound):
        gifts.claim(tx, Cipher("another secret, long enough"), boris.party, plain, kiosk.now)


# --- claimed --------------------------------------------------------------------------------------------------------


def test_whoever_has_the_code_gets_the_days_and_both_are_told(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person("Anna", "en"), kiosk.person("Boris", "en")
    buy_gift(kiosk, anna)
    claimed = claim(kiosk, boris, code(kiosk))
    got = owned(kiosk, boris)
    assert got is not None
    assert (got.state, got.terms.purpose, got.terms.tariff) == ("active", "subscription", "vpn-1m")
    assert claimed.claimed_by == boris.party
    assert state(kiosk) == "claimed"
    assert "Boris has accepted your gift" in texts(kiosk, anna)
    assert "Your access in" in texts(kiosk, boris)
    assert kiosk.count("wireguard_peers", "active") == 1
    assert kiosk.faults() == []


@pytest.mark.parametrize(
    "form", [str, str.lower, lambda c: c.replace("-", ""), lambda c: f"  {c} ", lambda c: f"gift_{c.replace('-', '')}"]
)
def test_a_code_may_be_typed_in_many_ways(kiosk: Kiosk, form: object) -> None:
    buy_gift(kiosk, kiosk.person())
    assert callable(form)
    with kiosk.kit.db.begin() as tx:
        assert gifts.look_up(tx, kiosk.kit.cipher, form(code(kiosk)), kiosk.now).state == "waiting"


@pytest.mark.parametrize("typed", ["", "gift_", "AAAA-AAAA-AAAA-AAAA", "x" * 5000, "ВАШ-КОД", "' OR 1=1 --"])
def test_a_code_of_no_gift_is_refused(kiosk: Kiosk, typed: str) -> None:
    buy_gift(kiosk, kiosk.person())
    boris = kiosk.person()
    with pytest.raises(gifts.GiftNotFound):
        claim(kiosk, boris, typed)
    assert state(kiosk) == "waiting"


def test_many_who_claim_at_once_are_one(kiosk: Kiosk) -> None:
    buy_gift(kiosk, kiosk.person())
    people = [kiosk.person() for _ in range(5)]
    typed = code(kiosk)

    def try_it(number: int) -> bool:
        try:
            with kiosk.kit.db.begin() as tx:
                gifts.claim(tx, kiosk.kit.cipher, people[number].party, typed, kiosk.now)
        except gifts.GiftTaken:
            return False
        return True

    assert sorted(at_once(5, try_it)) == [False] * 4 + [True]
    assert kiosk.count("subscriptions") == 1


def test_claimed_again_by_the_same_person_gives_once(kiosk: Kiosk) -> None:
    boris = kiosk.person()
    buy_gift(kiosk, kiosk.person())
    typed = code(kiosk)
    claim(kiosk, boris, typed)
    first = owned(kiosk, boris)
    claim(kiosk, boris, typed)
    assert owned(kiosk, boris) == first


def test_the_days_are_added_to_what_is_there(kiosk: Kiosk) -> None:
    boris = kiosk.person()
    kiosk.buy(boris)
    before = owned(kiosk, boris)
    buy_gift(kiosk, kiosk.person())
    claim(kiosk, boris, code(kiosk))
    after = owned(kiosk, boris)
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert after.ends_at - before.ends_at >= timedelta(days=28)


def test_a_buyer_may_use_an_own_gift(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    buy_gift(kiosk, anna)
    claim(kiosk, anna, code(kiosk))
    assert owned(kiosk, anna) is not None
    assert kiosk.count("messages", "kind = 'gift_claimed'") == 0, "nobody else is to be told"


def test_other_peoples_gifts_are_not_shown(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person(), kiosk.person()
    buy_gift(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        assert [one.state for one in gifts.gifts_of(tx, anna.party)] == ["waiting"]
        assert gifts.gifts_of(tx, boris.party) == []
        with pytest.raises(gifts.GiftNotFound):
            gifts.own_gift(tx, boris.party, gifts.gifts_of(tx, anna.party)[0].id)


# --- not claimed ----------------------------------------------------------------------------------------------------


def test_what_nobody_claims_goes_to_the_buyers_balance(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person("Anna", "en"), kiosk.person()
    buy_gift(kiosk, anna)
    typed = code(kiosk)
    kiosk.pass_time(timedelta(days=29, hours=23), step=timedelta(days=15))
    assert state(kiosk) == "waiting"
    kiosk.pass_time(timedelta(hours=2))
    assert state(kiosk) == "expired"
    assert wallet(kiosk, anna) == 29900
    assert kiosk.balance("revenue:vpn") == 0
    assert "₽299 is on your balance" in texts(kiosk, anna)
    with pytest.raises(gifts.GiftOver):
        claim(kiosk, boris, typed)
    kiosk.pass_time(timedelta(days=1))
    assert wallet(kiosk, anna) == 29900
    assert kiosk.faults() == []


def test_it_is_over_at_its_moment_even_before_the_sweep(kiosk: Kiosk) -> None:
    buy_gift(kiosk, kiosk.person())
    boris, typed = kiosk.person(), code(kiosk)
    with kiosk.kit.db.begin() as tx, pytest.raises(gifts.GiftOver):
        gifts.claim(tx, kiosk.kit.cipher, boris.party, typed, kiosk.now + timedelta(days=30))


def expire(kiosk: Kiosk) -> int:
    """As the sweep does in a month; its work is not drained."""
    with kiosk.kit.db.begin() as tx:
        return gifts.expire(tx, kiosk.now + timedelta(days=31))


def test_a_claim_and_the_sweep_at_once_are_one_of_the_two(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person(), kiosk.person()
    buy_gift(kiosk, anna)
    typed, before_the_end = code(kiosk), kiosk.now

    def act(number: int) -> bool:
        if number % 2:
            return expire(kiosk) == 1
        try:
            with kiosk.kit.db.begin() as tx:
                gifts.claim(tx, kiosk.kit.cipher, boris.party, typed, before_the_end)
        except gifts.GiftOver:
            return False
        return True

    at_once(4, act)
    assert (kiosk.count("subscriptions") == 1) != (wallet(kiosk, anna) == 29900)


# --- refunded -------------------------------------------------------------------------------------------------------


def test_a_refund_of_one_that_waits_cancels_it(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person("Anna", "en"), kiosk.person()
    kiosk.buy(anna)
    own = owned(kiosk, anna)
    checkout = buy_gift(kiosk, anna)
    typed = code(kiosk)
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    assert state(kiosk) == "canceled"
    with pytest.raises(gifts.GiftOver):
        claim(kiosk, boris, typed)
    assert expire(kiosk) == 0
    assert wallet(kiosk, anna) == 0
    assert owned(kiosk, anna) == own
    said = kiosk.messages(anna)[-1]["text"]
    assert "The gift that it had paid for is canceled" in said
    assert "access" not in said
    assert kiosk.faults() == []


@pytest.mark.parametrize(("access", "ends"), [(None, True), ("shorten", True), ("keep", False)])
def test_a_refund_of_a_claimed_one_takes_its_days_back(kiosk: Kiosk, access: Access | None, *, ends: bool) -> None:
    anna, boris = kiosk.person(), kiosk.person("Boris", "en")
    checkout = buy_gift(kiosk, anna)
    claim(kiosk, boris, code(kiosk))
    kiosk.refund(checkout.payment_id, access=access)
    kiosk.drain()
    got = owned(kiosk, boris)
    assert got is not None
    assert got.is_live != ends
    assert state(kiosk) == ("canceled" if ends else "claimed")
    assert ("returned to its buyer" in texts(kiosk, boris)) == ends
    assert kiosk.faults() == []


def test_it_takes_the_gifts_days_and_no_others(kiosk: Kiosk) -> None:
    boris = kiosk.person()
    kiosk.buy(boris)
    before = owned(kiosk, boris)
    checkout = buy_gift(kiosk, kiosk.person())
    claim(kiosk, boris, code(kiosk))
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    after = owned(kiosk, boris)
    assert before is not None
    assert after is not None
    assert abs(after.ends_at - before.ends_at) < timedelta(minutes=1)


def test_a_part_that_went_back_is_not_on_the_balance_as_well(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = buy_gift(kiosk, anna)
    kiosk.refund(checkout.payment_id, amount=Money(9900, "RUB"))
    kiosk.drain()
    assert state(kiosk) == "waiting"
    assert expire(kiosk) == 1
    assert wallet(kiosk, anna) == 20000
    kiosk.drain()
    assert wallet(kiosk, anna) == 20000
    assert kiosk.balance("revenue:vpn") == 0


@pytest.mark.parametrize("spent", [False, True])
def test_a_refund_of_an_expired_one_takes_it_from_the_balance(kiosk: Kiosk, *, spent: bool) -> None:
    anna = kiosk.person()
    checkout = buy_gift(kiosk, anna)
    expire(kiosk)
    kiosk.drain()
    if spent:
        kiosk.checkout(anna, provider="balance")
        kiosk.drain()
    before = wallet(kiosk, anna)
    kiosk.refund(checkout.payment_id, amount=Money(9900, "RUB"))
    kiosk.drain()
    assert wallet(kiosk, anna) == before - 9900
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    assert wallet(kiosk, anna) == before - 29900
    assert kiosk.faults() == []


def test_a_refund_that_comes_before_its_gift_waits_for_it(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = order(kiosk, anna)
    kiosk.pay(checkout)
    billing.reconcile(kiosk.kit.db, kiosk.kit.providers, checkout.payment_id, kiosk.now, cause="test")
    back = billing.PaymentRefunded(
        refund_id=1, payment_id=checkout.payment_id, invoice_id=checkout.invoice_id, party=str(anna.party),
        minor=29900, of_minor=29900, shorten=True, applied=True, full=True,
    )  # fmt: skip
    with kiosk.kit.db.begin() as tx, pytest.raises(TryLater):
        gifts.follow_refund(tx, back, kiosk.now)
    kiosk.drain()
    for _ in range(2):
        with kiosk.kit.db.begin() as tx:
            gifts.follow_refund(tx, back, kiosk.now)
    assert state(kiosk) == "canceled"


def test_money_that_never_paid_the_gift_cancels_nothing(kiosk: Kiosk) -> None:
    """Paid twice: the second payment goes back."""
    anna = kiosk.person()
    checkout = buy_gift(kiosk, anna)
    news = billing.PaymentRefunded(
        refund_id=1, payment_id=checkout.payment_id, invoice_id=checkout.invoice_id, party=str(anna.party),
        minor=29900, of_minor=29900, shorten=False, applied=False, full=True,
    )  # fmt: skip
    with kiosk.kit.db.begin() as tx:
        gifts.follow_refund(tx, news, kiosk.now)
    assert state(kiosk) == "waiting"


def test_expiry_is_told_in_days_of_the_setting(kiosk: Kiosk) -> None:
    buy_gift(kiosk, kiosk.person())
    waits: datetime = kiosk.scalar("SELECT expires_at FROM gifts")
    assert waits - kiosk.now > timedelta(days=29, hours=23)
