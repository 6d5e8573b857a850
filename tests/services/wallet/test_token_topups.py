"""Money into tokens, once; the fee first; and back again with a refund."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from services import billing, catalog, ledger, subscriptions, wallet
from services.billing.models import RefundRow
from services.catalog import Quote
from services.identity import Party
from services.platform.errors import TryLater
from services.platform.money import Money
from tests.factories import make_user
from tests.services.wallet.token_shop import DAY, buy, give, left, news, paid, put_on_sale, top_up


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    put_on_sale(tx, now)
    return make_user(tx, now).party


def rub(text: str) -> Money:
    return Money.parse(text, "RUB")


def refunded(
    tx: Session, now: datetime, event: billing.InvoicePaid, minor: int, *, full: bool, shorten: bool = False
) -> billing.PaymentRefunded:
    of_minor = billing.invoice(tx, event.invoice_id).amount.minor
    row = RefundRow(
        payment_id=event.payment_id,
        party=event.party,
        provider="yookassa",
        destination="provider",
        state="succeeded",
        amount_minor=minor,
        currency="RUB",
        key=uuid.uuid4(),
        request={},
        access="shorten" if shorten else "keep",
        reason="x",
        actor="operator:1",
        created_at=now,
        updated_at=now,
        checks=0,
    )
    tx.add(row)
    tx.flush()
    return billing.PaymentRefunded(
        refund_id=row.id,
        payment_id=event.payment_id,
        invoice_id=event.invoice_id,
        party=event.party,
        minor=minor,
        of_minor=of_minor,
        shorten=shorten,
        applied=True,
        full=full,
    )


def test_a_quote_freezes_the_rate(tx: Session, now: datetime, party: Party) -> None:
    quote = wallet.top_up_quote(tx, party, "ai", rub("199.99"))
    assert (quote.purpose, quote.price, quote.token_rate, quote.tokens) == ("topup", rub("199.99"), "1", 0)
    assert Quote.from_json(quote.to_json()) == quote
    put_on_sale(tx, now, more='features = {ru = ["new"]}')
    event = paid(tx, now, party, replace(quote, token_rate="2"))
    wallet.credit_after_payment(tx, event, now)
    assert left(tx, party) == (399, 0)


def test_ordinary_quotes_look_as_they_always_did(tx: Session, now: datetime, party: Party) -> None:
    stored = catalog.terms(catalog.tariff(tx, "ai"), rub("1")).to_json()
    assert not {"token_rate", "subscription_fee", "token_floor", "purpose"} & set(stored)


def test_a_top_up_has_a_minimum_and_a_tariff_that_sells_it(tx: Session, now: datetime, party: Party) -> None:
    with pytest.raises(wallet.BelowMinimum) as refused:
        wallet.top_up_quote(tx, party, "ai", rub("99.99"))
    assert refused.value.minimum == rub("100")
    assert wallet.top_up_quote(tx, party, "ai", rub("100")).price == rub("100")
    with pytest.raises(wallet.BelowMinimum) as refused:
        wallet.top_up_quote(tx, party, "ai", Money(0, "XTR"))
    assert refused.value.minimum == Money(1, "XTR"), "without one, what brings one token"
    with pytest.raises(wallet.AboveMaximum):
        wallet.top_up_quote(tx, party, "ai", Money(10**9, "RUB"))
    with pytest.raises(catalog.NotForSale):
        wallet.top_up_quote(tx, party, "ai", Money(10000, "UAH"))
    with pytest.raises(catalog.TariffNotFound):
        wallet.top_up_quote(tx, party, "nothing", rub("200"))
    put_on_sale(tx, now, more="active = false")
    with pytest.raises(catalog.NotForSale):
        wallet.top_up_quote(tx, party, "ai", rub("200"))


def test_the_same_news_credits_once(tx: Session, now: datetime, party: Party) -> None:
    event = top_up(tx, now, party)
    wallet.credit_after_payment(tx, event, now)
    assert left(tx, party) == (200, 0)
    assert [(one.tokens, one.fee, one.fee_missing) for one in news(tx, wallet.TokensCredited)] == [(200, 0, 0)]
    top_up(tx, now, party)
    assert left(tx, party) == (400, 0), "another invoice is another top-up"
    assert subscriptions.subscriptions_of(tx, party) == []
    subscriptions.extend_after_payment(tx, event, now)
    assert subscriptions.subscriptions_of(tx, party) == [], "a top-up buys no days"


def test_a_discount_makes_it_cheaper_not_smaller(tx: Session, now: datetime, party: Party) -> None:
    quote = wallet.top_up_quote(tx, party, "ai", rub("200"))
    wallet.credit_after_payment(tx, paid(tx, now, party, replace(quote, price=rub("150"), list_price=rub("200"))), now)
    assert left(tx, party) == (200, 0)


def test_a_tariff_with_tokens_credits_them_with_each_purchase(tx: Session, now: datetime, party: Party) -> None:
    event = buy(tx, now, party, tokens=70)
    for _time in range(2):
        wallet.credit_after_payment(tx, event, now)
    assert left(tx, party) == (70, 0)
    wallet.credit_after_payment(tx, buy(tx, now, party), now)
    wallet.credit_after_payment(tx, buy(tx, now, party, tokens=70, purpose="change", subject=1), now)
    assert left(tx, party) == (70, 0)


def test_the_fee_goes_first_where_the_subscription_does_not_run(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100)
    party = make_user(tx, now).party
    top_up(tx, now, party)
    assert left(tx, party) == (100, 0)
    (owned,) = subscriptions.subscriptions_of(tx, party)
    assert (owned.state, owned.ends_at, owned.terms.purpose) == (
        "active",
        datetime.fromisoformat("2026-12-21T12:00Z"),
        "subscription",
    )
    assert (owned.terms.price, owned.terms.subscription_fee) == (Money(100, "TOKEN"), 100)
    top_up(tx, now, party)
    assert left(tx, party) == (300, 0), "it runs: no fee"
    top_up(tx, owned.ends_at, party)
    assert left(tx, party) == (400, 0), "it has ended: the fee again"
    assert [(one.tokens, one.fee) for one in news(tx, wallet.TokensCredited)] == [(200, 100), (200, 0), (200, 100)]
    assert ledger.balance(tx, "spent:ai", "TOKEN").minor == -200


def test_too_little_for_the_fee_is_credited_whole(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=150)
    party = make_user(tx, now).party
    top_up(tx, now, party, "100.00")
    assert left(tx, party) == (100, 0)
    assert subscriptions.subscriptions_of(tx, party) == []
    assert [(one.fee, one.fee_missing) for one in news(tx, wallet.TokensCredited)] == [(0, 150)]
    top_up(tx, now, party, "100.00")
    assert left(tx, party) == (50, 0), "with what was there before it is enough"
    assert len(subscriptions.subscriptions_of(tx, party)) == 1


def test_what_stands_still_is_not_begun_by_a_top_up(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100)
    party = make_user(tx, now).party
    top_up(tx, now, party)
    (owned,) = subscriptions.subscriptions_of(tx, party)
    subscriptions.pause(tx, party, owned.id, now)
    top_up(tx, now + 60 * DAY, party)
    assert left(tx, party) == (300, 0)


def test_a_refund_takes_the_tokens_of_its_money_once(tx: Session, now: datetime, party: Party) -> None:
    event = top_up(tx, now, party, "199.99")
    part = refunded(tx, now, event, 10000, full=False)
    for _time in range(2):
        wallet.take_back_after_refund(tx, part, now)
    assert left(tx, party) == (100, 0), "199 x 100 / 199.99 is 99.5, rounded down"
    wallet.spend(tx, party, 90, reference="s", description="x", now=now)
    last = refunded(tx, now, event, 9999, full=True)
    for _time in range(2):
        wallet.take_back_after_refund(tx, last, now)
    assert left(tx, party) == (-90, 0), "the last one takes all that is left, spent or not"
    wallet.take_back_after_refund(tx, part, now)
    assert left(tx, party) == (-90, 0)
    assert ledger.prove(tx) == []


def test_refunds_in_another_order_take_the_same(tx: Session, now: datetime, party: Party) -> None:
    event = top_up(tx, now, party)
    part, rest = refunded(tx, now, event, 5000, full=False), refunded(tx, now, event, 15000, full=True)
    wallet.take_back_after_refund(tx, rest, now)
    wallet.take_back_after_refund(tx, part, now)
    assert left(tx, party) == (0, 0)


def test_a_refund_waits_for_the_credit(tx: Session, now: datetime, party: Party) -> None:
    event = paid(tx, now, party, wallet.top_up_quote(tx, party, "ai", rub("200")))
    with pytest.raises(TryLater):
        wallet.take_back_after_refund(tx, refunded(tx, now, event, 20000, full=True), now)


def test_a_refund_of_something_else_takes_no_tokens(tx: Session, now: datetime, party: Party) -> None:
    give(tx, party, now, tokens=10)
    event = buy(tx, now, party)
    wallet.take_back_after_refund(tx, refunded(tx, now, event, 29900, full=True), now)
    credited = top_up(tx, now, party)
    held = replace(refunded(tx, now, credited, 20000, full=True), applied=False)
    wallet.take_back_after_refund(tx, held, now)
    assert left(tx, party) == (210, 0)


def test_a_full_refund_ends_the_period_that_it_began(tx: Session, now: datetime) -> None:
    put_on_sale(tx, now, fee=100)
    party = make_user(tx, now).party
    event = top_up(tx, now, party)
    later = now + timedelta(days=3)
    back = refunded(tx, later, event, 20000, full=True, shorten=True)
    for _time in range(2):
        wallet.take_back_after_refund(tx, back, later)
    assert left(tx, party) == (0, 0), "the fee came back, and went with the rest"
    tx.expire_all()
    (owned,) = subscriptions.subscriptions_of(tx, party)
    assert (owned.state, owned.ends_at) == ("expired", later)
    assert ledger.prove(tx) == []
