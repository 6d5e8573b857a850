"""Telegram Stars: what updates of the bot and listed transactions say, and what they do not."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.providers.base import BadNotification, RawNotice, RefundSnapshot, Renewal, Snapshot
from services.billing.providers.stars import Stars, notice_of_update
from services.billing.providers.stars.updates import Shop, operations
from services.platform.money import Money

KEY = uuid.UUID("5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b")
PRICE = Money(150, "XTR")
SHOP = Shop("42", test=True)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
READER = Stars(token="42:SANDBOX", api_url="http://127.0.0.1:9", expects_test=True)
PAYMENT: dict[str, Any] = {
    "update_id": 1,
    "message": {
        "message_id": 5,
        "from": {"id": 7, "is_bot": False, "first_name": "Анна", "username": "anna_k"},
        "chat": {"id": 7, "type": "private", "first_name": "Анна"},
        "date": int(NOW.timestamp()),
        "successful_payment": {
            "currency": "XTR",
            "total_amount": 150,
            "invoice_payload": str(KEY),
            "telegram_payment_charge_id": "stx1",
            "provider_payment_charge_id": "7_0",
            "order_info": {"name": "Анна", "email": "anna@example.com"},
        },
    },
}


def test_nothing_personal_is_taken_along() -> None:
    raw = notice_of_update(PAYMENT)
    assert raw is not None
    notice = READER.read_notification(raw)
    assert json.loads(raw.body) == notice.body
    assert notice.body == {
        "kind": "successful_payment", "charge_id": "stx1", "payload": str(KEY), "amount": 150, "currency": "XTR",
        "from": 7, "date": int(NOW.timestamp()),
        "is_recurring": False, "is_first_recurring": False, "subscription_expiration_date": None,
    }  # fmt: skip
    assert (notice.kind, notice.external_id, notice.signed, notice.answer) == ("successful_payment", "stx1", True, "")


def test_the_payer_is_who_sent_the_payment() -> None:
    group = {"chat": {"id": -100, "type": "supergroup"}}
    raw = notice_of_update(PAYMENT | {"message": PAYMENT["message"] | group})
    assert raw is not None
    assert json.loads(raw.body)["from"] == 7
    refunded = {**PAYMENT["message"]["successful_payment"]}
    message = {name: value for name, value in PAYMENT["message"].items() if name != "successful_payment"}
    raw = notice_of_update({"update_id": 2, "message": message | {
        "from": {"id": 42, "is_bot": True}, "refunded_payment": refunded}})  # fmt: skip
    assert raw is not None
    assert json.loads(raw.body)["from"] == 7


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"update_id": 1, "message": {"text": "successful_payment"}},
        {"update_id": 1, "message": None},
        {"update_id": 1, "callback_query": {"message": PAYMENT["message"]}},
        {"update_id": 1, "edited_message": PAYMENT["message"]},
        {"update_id": 1, "pre_checkout_query": {"invoice_payload": str(KEY), "currency": "XTR", "total_amount": 150}},
        {"update_id": 1, "message": {"successful_payment": {"currency": "RUB", "total_amount": 15000}}},
        {"update_id": 1, "message": {"reply_to_message": PAYMENT["message"], "text": "x"}},
    ],
)
def test_other_updates_tell_nothing_of_stars(update: dict[str, Any]) -> None:
    assert notice_of_update(update) is None


def body_of(**change: Any) -> bytes:
    raw = notice_of_update(PAYMENT)
    assert raw is not None
    return json.dumps(json.loads(raw.body) | change).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{" * 200,
        b'{"kind": "\\u0000"}',
        body_of(kind="gift"),
        body_of(payload=""),
        body_of(payload="ї" * 65),
        body_of(**{"from": None}),
        body_of(**{"from": True}),
        body_of(charge_id=None),
        body_of(charge_id="x" * 513),
        body_of(charge_id="a\nb"),
        body_of(amount=0),
        body_of(amount=1.5),
        body_of(amount="150"),
        body_of(amount=True),
        body_of(amount=10**13),
        body_of(currency="RUB"),
        body_of(date=None),
        body_of(date=10**15),
        body_of(kind="subscription", state=None, update=1),
        body_of(kind="subscription", state="x y", update=1),
        body_of(kind="subscription", state="active"),
        body_of(more="x" * 17_000),
    ],
)
def test_what_is_no_notice(body: bytes) -> None:
    with pytest.raises(BadNotification):
        READER.read_notification(RawNotice(body))


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*PAYMENT["message"], *PAYMENT["message"]["successful_payment"]]), inner)
    ),
    max_leaves=8,
)


@given(junk, junk, junk)
def test_whatever_comes_it_is_read_or_refused(update_id: Any, payment: Any, message: Any) -> None:
    """Also by `evidence`, which reads what was stored."""
    for update in (
        {"update_id": update_id, "subscription": payment},
        {"update_id": update_id, "message": message},
        PAYMENT | {"message": PAYMENT["message"] | {"successful_payment": payment}},
        PAYMENT | {"message": PAYMENT["message"] | {"from": payment, "date": message}},
    ):
        raw = notice_of_update(update)
        if raw is None:
            continue
        try:
            notice = READER.read_notification(raw)
        except BadNotification:
            continue
        proved = READER.evidence(notice.kind, notice.body)
        assert isinstance(proved, Renewal if notice.kind.startswith("subscription.") else Snapshot | RefundSnapshot)


def listed(charge: str, after: float = 0, side: str = "source", **partner: Any) -> dict[str, Any]:
    """A StarTransaction, `after` days from NOW."""
    who = {"type": "user", "transaction_type": "invoice_payment", "user": {"id": 7}, "invoice_payload": str(KEY)}
    date = int((NOW + after * DAY).timestamp())
    return {"id": charge, "amount": 150, "date": date, side: who | partner}


def test_what_is_no_payment_of_ours_is_left_out() -> None:
    other: list[dict[str, Any]] = [
        listed("w", side="receiver", type="fragment"),
        listed("f", type="fragment"),
        listed("o", type="other"),
        listed("t", side="receiver", type="telegram_ads"),
        listed("a", type="affiliate_program"),
        listed("c", type="chat"),
        listed("g", side="receiver", transaction_type="gift_purchase"),
        listed("m", transaction_type="paid_media_payment"),
        listed("b", transaction_type="business_account_transfer"),
        listed("n", invoice_payload=None),
        listed("s", affiliate={"commission_per_mille": 100, "amount": 15}),
        listed("x") | {"nanostar_amount": 5},
        {"id": "nobody", "amount": 1, "date": 1},
        {"id": "odd", "amount": 1, "date": 1, "source": "user"},
    ]
    ours = Snapshot("stx1", "succeeded", PRICE, str(KEY), "42", test=True, at=NOW)
    assert operations([*other, listed("stx1")], NOW, SHOP) == [ours]


@pytest.mark.parametrize("change", [{"id": None}, {"amount": 0}, {"amount": 1.5}, {"date": "x"}])
def test_a_payment_that_cannot_be_read_is_not_passed_over(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="without id, amount or date"):
        operations([listed("stx1") | change], NOW, SHOP)


@pytest.mark.parametrize(
    ("earlier", "renewal"),
    [
        ([listed("stx0", -30, subscription_period=2592000)], True),
        ([listed("stx0", -33, subscription_period=2592000)], True),
        ([], False),
        ([listed("stx0", -5, subscription_period=2592000)], False),  # a second subscription by the same link
        ([listed("stx0", -60, subscription_period=2592000)], False),  # taken up again after a pause
        ([listed("stx0", -30, subscription_period=2592000, user={"id": 8})], False),
        ([listed("stx0", -30, subscription_period=2592000, invoice_payload="other")], False),
        ([listed("stx0", -30, "receiver", subscription_period=2592000)], False),
    ],
)
def test_a_listed_renewal_follows_a_payment_by_a_month(earlier: list[dict[str, Any]], renewal: bool) -> None:
    [seen] = operations([*earlier, listed("stx1", subscription_period=2592000)], NOW, SHOP)
    assert isinstance(seen, Snapshot)
    assert (seen.external_id, seen.renewal) == ("stx1", renewal)


def test_a_link_paid_again_after_a_month_is_no_renewal() -> None:
    seen = operations([listed("stx0", -30), listed("stx1")], NOW, SHOP)
    assert [(one.external_id, one.renewal) for one in seen if isinstance(one, Snapshot)] == [("stx1", False)]
