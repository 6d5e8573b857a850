"""What the core counts on, of every provider alike. Which tests a provider meets follows from the table of claims, and
the first test holds it to that table: nothing is skipped silently. Money after the payment is in test_payment_money."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.sandbox.faults import AFTER
from services.billing.providers.base import (
    BadNotification,
    Capability,
    Declined,
    NextAction,
    NotSent,
    Order,
    Outcome,
    PaymentProvider,
    RawNotice,
    RefundOrder,
    Snapshot,
    Unknown,
    Unsupported,
)
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import Money
from tests.contracts.acts import HOUR, begin, buy, claim, give_back, having, lost, refund_of, truth
from tests.contracts.payment_shops import FORMS, Shop

TEN_MINUTES = 600


@having()
def test_it_claims_what_the_table_says(shop: Shop, name: str) -> None:
    provider = shop.provider
    assert provider.code == name
    assert provider.capabilities == claim(shop).capabilities
    assert isinstance(provider.merchant, str)
    assert provider.merchant
    assert isinstance(provider.expects_test, bool)
    assert shop.order().amount.currency == provider.currency
    assert provider.check()


@having()
def test_what_it_cannot_do_it_refuses(shop: Shop) -> None:
    for capability, calls in uses(shop.provider, shop).items():
        if capability not in shop.provider.capabilities:
            for call in calls:
                with pytest.raises(Unsupported):
                    call()


def uses(provider: PaymentProvider, shop: Shop) -> dict[Capability, list[Callable[[], object]]]:
    """What a provider may lack, as calls."""
    one, key = Money(100, provider.currency), uuid.uuid4()
    whole, part = (RefundOrder(key, "1", one, full, "x", "user:42", 42) for full in (True, False))
    return {
        Capability.FETCH: [lambda: provider.fetch("1")],
        Capability.LIST: [lambda: provider.operations(shop.now(), shop.now())],
        Capability.HOLD: [lambda: provider.capture("1", one, key), lambda: provider.cancel("1", key)],
        Capability.REFUND: [lambda: provider.refund_request(whole), lambda: provider.refund({}, key)],
        Capability.PARTIAL_REFUND: [lambda: provider.refund_request(part)],
    }


# --- opening a payment ------------------------------------------------------------------------------------------------


@having()
def test_a_request_is_json_without_a_secret_and_always_the_same(shop: Shop) -> None:
    order = shop.order(description="Очень длинное описание 🛒 " * 300)
    request = shop.provider.request(order)
    written = json.dumps(request)
    assert json.loads(written) == request
    assert shop.provider.request(order) == request
    for secret in shop.secrets:
        assert secret not in written
    assert shop.seen() == 0, "nothing is sent by writing"
    assert isinstance(shop.provider.create(json.loads(written), order.key), NextAction), "as it comes from the database"


@having()
def test_paying_is_seen_exactly(shop: Shop) -> None:
    order, opened = begin(shop)
    assert opened.url.startswith(("http://", "https://"))
    for secret in shop.secrets:
        assert secret not in opened.url
    assert shop.seen() == claim(shop).begins
    paid = truth(shop, shop.pay(order, opened))
    assert (paid.status, paid.amount, paid.renewal) == ("succeeded", order.amount, False)
    assert (paid.merchant, paid.test) == (shop.provider.merchant, shop.provider.expects_test)
    assert paid.key in (None, str(order.key))
    assert paid.key or paid.external_id == opened.external_id, "else nobody knows whose it is"
    assert opened.external_id in (None, paid.external_id)
    assert paid.at is None or abs(paid.at - shop.now()) < timedelta(minutes=5)
    assert shop.seen() == 1


@having(declines=True)
def test_a_decline_is_seen_with_the_providers_word(shop: Shop) -> None:
    order, opened = begin(shop)
    declined = truth(shop, shop.pay(order, opened, decline=True))
    assert declined.status == "canceled"
    assert declined.reason


@having(Capability.SAME_KEY)
def test_the_same_key_is_the_same_payment(shop: Shop) -> None:
    order, opened = begin(shop)
    again = shop.provider.create(shop.provider.request(order), order.key)
    assert isinstance(again, NextAction)
    assert again.external_id == opened.external_id
    paid = truth(shop, shop.pay(order, again))
    assert paid.key == str(order.key)
    if Capability.FETCH in shop.provider.capabilities:
        assert shop.provider.create(shop.provider.request(order), order.key) == paid, "what became of it"
    assert shop.seen() == 1


@having(sends=True)
def test_a_fault_at_create_is_an_outcome_and_the_truth_is_found(shop: Shop) -> None:
    for mode in claim(shop).modes:
        order, before = shop.order(), shop.seen()
        request = shop.provider.request(order)
        shop.fault(mode)
        outcome = shop.provider.create(request, order.key)
        assert isinstance(outcome, NextAction if mode == "slow" else Unknown | NotSent | Declined), (mode, outcome)
        if mode in AFTER - {"slow"}:
            assert isinstance(outcome, Unknown), f"{mode}: it was carried out"
        assert shop.seen() - before == (mode in AFTER and claim(shop).begins), mode
        paid = truth(shop, shop.pay(order, found(shop, order, outcome)))
        assert (paid.status, paid.amount, paid.key) == ("succeeded", order.amount, str(order.key)), mode
        assert shop.seen() - before == 1, mode


def found(shop: Shop, order: Order, outcome: Outcome) -> NextAction:
    """The payment of an order after an answer that told nothing, as the core looks for it."""
    provider = shop.provider
    if isinstance(outcome, NextAction):
        return outcome
    if Capability.SAME_KEY not in provider.capabilities:
        listed = provider.operations(shop.now() - HOUR, shop.now() + HOUR)
        mine = [one for one in listed if isinstance(one, Snapshot) and one.key == str(order.key)]
        if mine:
            return NextAction(mine[0].external_id, "")
    again = provider.create(provider.request(order), order.key)
    assert isinstance(again, NextAction)
    return again


# --- asking -----------------------------------------------------------------------------------------------------------


@having(Capability.FETCH)
def test_what_is_not_there_is_declined_whatever_the_id(shop: Shop) -> None:
    strange = ("1", "../me", "?limit=1", "", "а", "1\r\nX: y", "9" * 500, "1/2", "1%2F2", "deal.closed", "\0")
    for external_id in (shop.unknown_id(), *strange):
        outcome = shop.provider.fetch(external_id)
        assert isinstance(outcome, Declined), external_id
        assert outcome.code == "not_found", external_id


@having(Capability.FETCH)
def test_a_fault_at_fetch_is_an_outcome(shop: Shop) -> None:
    order, opened = begin(shop)
    external_id = shop.pay(order, opened)
    for mode in claim(shop).modes:
        shop.fault(mode)
        outcome = shop.provider.fetch(external_id)
        assert isinstance(outcome, Snapshot if mode == "slow" else Unknown), (mode, outcome)
        assert truth(shop, external_id).status == "succeeded", mode


@having(Capability.LIST)
def test_a_list_has_what_happened_in_the_span_and_nothing_else(shop: Shop) -> None:
    buy(shop)
    shop.later(TEN_MINUTES)
    since = shop.now()
    order, opened = begin(shop)
    external_id = shop.pay(order, opened)
    _, waiting = begin(shop)
    shop.later(60)
    until = shop.now()
    shop.later(TEN_MINUTES)
    buy(shop)
    listed = {one.external_id: one for one in shop.provider.operations(since, until)}
    assert {external_id} <= set(listed) <= {external_id, waiting.external_id}
    paid = listed[external_id]
    assert isinstance(paid, Snapshot)
    assert (paid.status, paid.key, paid.amount) == ("succeeded", str(order.key), order.amount)
    assert (paid.merchant, paid.test) == (shop.provider.merchant, shop.provider.expects_test)
    minute = timedelta(minutes=1)
    assert list(shop.provider.operations(until + minute, until + 2 * minute)) == []


@having(Capability.LIST)
def test_a_fault_at_a_list_asks_to_try_later(shop: Shop) -> None:
    for mode in lost(shop):
        shop.fault(mode)
        with pytest.raises(TryLater):
            shop.provider.operations(shop.now() - HOUR, shop.now())


# --- nobody there, or nobody who knows us -----------------------------------------------------------------------------


@having(sends=True)
def test_a_closed_server_was_surely_not_sent_anything(shop: Shop) -> None:
    nowhere, order = shop.twin(nowhere=True), shop.order()
    assert isinstance(nowhere.create(nowhere.request(order), order.key), NotSent)
    assert shop.seen() == 0


@having()
def test_a_closed_server_makes_everything_wait(shop: Shop) -> None:
    nowhere = shop.twin(nowhere=True)
    able, one, key = nowhere.capabilities, Money(100, nowhere.currency), uuid.uuid4()
    with pytest.raises(TryLater):
        nowhere.check()
    if Capability.FETCH in able:
        assert isinstance(nowhere.fetch("1"), NotSent)
    if Capability.LIST in able:
        with pytest.raises(TryLater):
            nowhere.operations(shop.now() - HOUR, shop.now())
    if Capability.HOLD in able:
        assert isinstance(nowhere.capture("1", one, key), NotSent)
        assert isinstance(nowhere.cancel("1", key), NotSent)
    if Capability.REFUND in able:
        assert isinstance(give_back(nowhere, refund_of(*buy(shop))), NotSent)


@having()
def test_wrong_credentials_are_the_operators_business(shop: Shop) -> None:
    stranger, order = shop.twin(refused=True), shop.order()
    with pytest.raises(Misconfigured):
        stranger.check()
    if Capability.LIST in stranger.capabilities:
        with pytest.raises((Misconfigured, TryLater)):
            stranger.operations(shop.now() - HOUR, shop.now())
    outcome = stranger.create(stranger.request(order), order.key)
    assert isinstance(outcome, Declined if claim(shop).sends else NextAction)
    assert shop.seen() == 0


# --- notifications ----------------------------------------------------------------------------------------------------

NONSENSE = [
    *(b"", b"null", b"[]", b"{}", b"1", b'"payment.succeeded"', b"{", b"\xff\xfe", b"\0", b"=", b"&&&", b"a=b;c"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b"<xml/>", b'{"event": 1e999}', b'{"type": NaN}', b"%ff=%00", b"9" * 5000),
    b'{"type": "notification", "event": {}, "object": []}',
    b'{"type": "notification", "event": "payment.succeeded", "object": {"id": ["x"]}}',
    b'{"update_type": ["invoice_paid"], "payload": {"invoice_id": {}}}',
    b"OutSum=&InvId=&SignatureValue=",
    b"OutSum=1&OutSum=2&InvId=1&SignatureValue=\xd1\x8f",
]


@having(Capability.WEBHOOK)
def test_a_notification_is_read_and_keeps_nothing_personal(shop: Shop) -> None:
    order, opened = begin(shop)
    external_id = shop.pay(order, opened)
    raw = shop.told(external_id)
    notice = shop.provider.read_notification(raw)
    assert notice.external_id == external_id
    assert 1 <= len(notice.kind) <= 64
    assert shop.provider.read_notification(raw) == notice, "however often it comes"
    stored = json.dumps(notice.body)
    assert json.loads(stored) == notice.body
    for private in ("@", *shop.secrets):
        assert private not in stored
    proof = shop.provider.evidence(notice.kind, json.loads(stored))
    assert proof is None or notice.signed, "an unsigned word proves nothing"
    if proof is not None:
        assert isinstance(proof, Snapshot)
        assert (proof.status, proof.amount, proof.external_id) == ("succeeded", order.amount, external_id)
        assert proof.key in (None, str(order.key))


@having()
def test_another_providers_notification_is_refused(shop: Shop, name: str) -> None:
    for other, form in FORMS.items():
        if other != name:
            refuses(shop, form)


@having(Capability.WEBHOOK)
def test_a_forged_one_is_refused(shop: Shop) -> None:
    for forged in shop.forged():
        refuses(shop, forged)


@having()
def test_nonsense_is_refused_and_raises_nothing_else(shop: Shop) -> None:
    order, opened = begin(shop)
    external_id = shop.pay(order, opened)
    if Capability.WEBHOOK in shop.provider.capabilities:
        true = shop.told(external_id)
        cut, longer = true.body[: len(true.body) // 2], true.body + b" " * 2_000_000
    else:
        true, cut, longer = RawNotice(b""), b"", b""
    for body in (*NONSENSE, cut, longer):
        for headers in (true.headers, {}, dict.fromkeys(true.headers, "\udcffя")):
            refuses(shop, RawNotice(body, headers))


def refuses(shop: Shop, raw: RawNotice) -> None:
    with pytest.raises(BadNotification) as refused:
        shop.provider.read_notification(raw)
    for secret in shop.secrets:
        assert secret not in str(refused.value)
