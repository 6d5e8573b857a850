"""What is read from YooKassa's objects and notifications, and what is not believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.billing.providers.base import BadNotification, Method, RawNotice, RefundSnapshot, Snapshot, Unknown
from services.billing.providers.yookassa import reading
from services.platform.money import Money

KEY = "5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b"
ID = "22d6d597-000f-5000-9000-145f6df21d6f"
PAYMENT: dict[str, Any] = {
    "id": ID,
    "status": "succeeded",
    "paid": True,
    "amount": {"value": "299.00", "currency": "RUB"},
    "income_amount": {"value": "288.54", "currency": "RUB"},
    "refunded_amount": {"value": "99.00", "currency": "RUB"},
    "captured_at": "2026-11-21T12:00:01.500Z",
    "created_at": "2026-11-21T11:59:00.000Z",
    "recipient": {"account_id": "100500", "gateway_id": "1"},
    "payment_method": {
        "type": "bank_card",
        "id": "22d6d597-000f-5000-9000-145f6df21d6a",
        "saved": True,
        "title": "Bank card *4444",
        "card": {"first6": "555555", "last4": "4444", "card_type": "Visa"},
    },
    "test": True,
    "metadata": {"attempt": KEY},
    "a_field_of_tomorrow": {},
}
REFUND: dict[str, Any] = {
    "id": "216749f7-0016-50be-b000-078d43a63ae4",
    "payment_id": ID,
    "status": "canceled",
    "amount": {"value": "1.00", "currency": "RUB"},
    "created_at": "2026-11-21T15:00:00.000+03:00",
    "cancellation_details": {"party": "refund_network", "reason": "a_reason_of_tomorrow"},
    "metadata": {"refund": KEY},
}


def test_a_payment_is_read() -> None:
    assert reading.snapshot(PAYMENT) == Snapshot(
        external_id=ID,
        status="succeeded",
        amount=Money(29900, "RUB"),
        key=KEY,
        merchant="100500",
        test=True,
        fee=Money(1046, "RUB"),
        refunded=Money(9900, "RUB"),
        method=Method("22d6d597-000f-5000-9000-145f6df21d6a", "Visa •• 4444"),
        at=datetime(2026, 11, 21, 12, 0, 1, 500000, UTC),
    )


def test_a_refund_is_read() -> None:
    assert reading.refund_snapshot(REFUND) == RefundSnapshot(
        external_id=REFUND["id"],
        payment_external_id=ID,
        status="canceled",
        amount=Money(100, "RUB"),
        key=KEY,
        reason="a_reason_of_tomorrow",
        at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"status": "of tomorrow"},
        {"status": ["succeeded"]},
        {"paid": False},
        {"paid": "true"},
        {"amount": {"value": "1.001", "currency": "RUB"}},
        {"amount": {"value": 299, "currency": "RUB"}},
        {"amount": {"value": "1.00", "currency": "XXX"}},
        {"amount": {"value": "1.00", "currency": ["RUB"]}},
        {"amount": None},
        {"recipient": None},
        {"id": None},
        {"id": "../me"},
        {"metadata": "text"},
    ],
)
def test_a_payment_that_cannot_be_read_is_no_answer(change: dict[str, Any]) -> None:
    assert isinstance(reading.snapshot(PAYMENT | change), Unknown)
    assert isinstance(reading.opened(PAYMENT | change), Unknown)


@pytest.mark.parametrize(
    "change",
    [{"status": "of tomorrow"}, {"status": {}}, {"amount": {}}, {"payment_id": None}, {"id": 1}, {"metadata": 1}],
)
def test_a_refund_that_cannot_be_read_is_no_answer(change: dict[str, Any]) -> None:
    assert isinstance(reading.refund_snapshot(REFUND | change), Unknown)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"income_amount": {"value": "x"}}, "fee", None),
        ({"income_amount": {"value": "288.54", "currency": "USD"}}, "fee", None),
        ({"income_amount": {"value": "300.00", "currency": "RUB"}}, "fee", None),
        ({"income_amount": {"value": "299.00", "currency": "RUB"}}, "fee", Money(0, "RUB")),
        ({"refunded_amount": ["x"]}, "refunded", None),
        ({"captured_at": None}, "at", datetime(2026, 11, 21, 11, 59, tzinfo=UTC)),
        ({"captured_at": "2026-11-21T12:00:00", "created_at": "yesterday"}, "at", None),
        ({"metadata": None}, "key", None),
        ({"metadata": {"attempt": 7}}, "key", None),
        ({"test": "true"}, "test", False),
        ({"payment_method": None}, "method", None),
        ({"payment_method": PAYMENT["payment_method"] | {"saved": False}}, "method", None),
        ({"payment_method": PAYMENT["payment_method"] | {"saved": "true"}}, "method", None),
        ({"payment_method": PAYMENT["payment_method"] | {"id": None}}, "method", None),
    ],
)
def test_what_only_adds_to_a_payment_may_be_missing(change: dict[str, Any], field: str, value: Any) -> None:
    seen = reading.snapshot(PAYMENT | change)
    assert isinstance(seen, Snapshot)
    assert getattr(seen, field) == value


@pytest.mark.parametrize(
    ("method", "title"),
    [
        ({"card": {"last4": "4477", "card_type": "Unknown"}}, "•• 4477"),
        ({"card": {"last4": "4477", "card_type": None}}, "•• 4477"),
        ({"card": None, "title": "YooMoney wallet 410011758831136"}, "YooMoney wallet •• 1136"),
        ({"card": None, "title": None}, "bank_card"),
        ({"card": {"last4": None}, "title": "x" * 200}, "x" * 64),
    ],
)
def test_a_remembered_method_has_a_title_without_a_whole_number(method: dict[str, Any], title: str) -> None:
    seen = reading.snapshot(PAYMENT | {"payment_method": PAYMENT["payment_method"] | method})
    assert isinstance(seen, Snapshot)
    assert seen.method
    assert seen.method.title == title


def notify(event: Any, thing: Any, kind: Any = "notification") -> RawNotice:
    return RawNotice(json.dumps({"type": kind, "event": event, "object": thing}).encode())


@pytest.mark.parametrize(
    ("event", "thing"),
    [
        ("payment.waiting_for_capture", PAYMENT),
        ("payment.succeeded", PAYMENT),
        ("payment.canceled", PAYMENT),
        ("payment.of_tomorrow", PAYMENT),
        ("refund.succeeded", REFUND),
    ],
)
def test_an_event_is_a_hint_about_its_object(event: str, thing: dict[str, Any]) -> None:
    notice = reading.notice(notify(event, thing))
    assert (notice.kind, notice.external_id, notice.signed, notice.answer) == (event, thing["id"], False, "")


def test_nothing_personal_of_a_notification_is_kept() -> None:
    private = {
        "description": "Анна, anna@example.com",
        "merchant_customer_id": "anna@example.com",
        "metadata": {"attempt": KEY, "email": "anna@example.com"},
        "receipt": {"customer": {"email": "anna@example.com"}},
        "status": "s" * 1000,
    }
    notice = reading.notice(notify("payment.succeeded", PAYMENT | private))
    assert notice.body == {
        "event": "payment.succeeded",
        "object": {
            "id": ID,
            "status": "s" * 64,
            "created_at": PAYMENT["created_at"],
            "amount": "299.00",
            "currency": "RUB",
        },
    }


@pytest.mark.parametrize("event", ["payment_method.active", "deal.closed", "payout.succeeded", "invoice.of_tomorrow"])
def test_what_kiosk_does_not_act_upon_is_taken_and_never_matters(event: str) -> None:
    """Any other answer than 200 would have YooKassa repeat it for a day."""
    notice = reading.notice(notify(event, {"id": ID, "payment_method": {"account_number": "410011758831136"}}))
    assert (notice.kind, notice.external_id, notice.body) == ("ignored", event, {"event": event})
    assert not reading.ID.fullmatch(notice.external_id), "an id that no payment can have"


@pytest.mark.parametrize(
    "raw",
    [
        notify("payment.succeeded", None),
        notify("payment.succeeded", [PAYMENT]),
        notify("payment.succeeded", {}),
        notify("payment.succeeded", {"id": ""}),
        notify("payment.succeeded", {"id": "x" * 65}),
        notify("payment.succeeded", {"id": "../refunds"}),
        notify("payment.succeeded", {"id": ID + "\n"}),
        notify("payment.succeeded", {"id": "\u0661"}),
        notify("payment", PAYMENT),
        notify("payment.", PAYMENT),
        notify("payment.succeeded\n", PAYMENT),
        notify("a" * 32 + ".active", PAYMENT),
        notify(["payment.succeeded"], PAYMENT),
        notify("payment.succeeded", PAYMENT, kind="message"),
        notify("payment.succeeded", PAYMENT, kind=None),
        RawNotice(b"x" * (reading.LARGEST_NOTIFICATION + 1)),
    ],
)
def test_nonsense_is_refused(raw: RawNotice) -> None:
    with pytest.raises(BadNotification):
        reading.notice(raw)
