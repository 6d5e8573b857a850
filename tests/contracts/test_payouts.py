"""The contract of those who pay for receipts: what each answers, and that what it answers is true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from sqlalchemy.orm import Session

from apps.sandbox.portmone.app import AFTER, MODES
from apps.sandbox.portmone.bills import PASSWORD
from services import billing
from services.platform.money import Money
from services.receipts import payouts
from services.receipts.payouts.providers.base import (
    TO_PHONES,
    BadCallback,
    Capability,
    Listed,
    NotSent,
    Order,
    Paid,
    Refused,
    Unknown,
)
from tests.contracts.payout_sides import SIDES, Portmone, Side, answering
from tests.services.receipts.payouts.till import CIPHER, PHONE, Within, accepted, balances, events, pay, row

ORDER = Order("7.1", Money(100, "UAH"), PHONE)


@pytest.fixture(scope="module", params=SIDES)
def side(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    made = SIDES[request.param](tmp_path_factory.mktemp(request.param))
    with made.stack:
        yield made
    made.provider.close()
    if made.unreached:
        made.unreached.close()


@pytest.fixture(scope="module")
def portmone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portmone]:
    made = Portmone(tmp_path_factory.mktemp("portmone"))
    with made.stack:
        yield made


def test_it_says_what_it_is(side: Side) -> None:
    assert side.provider.check()
    assert (Capability.PHONE in side.provider.capabilities) == (side.provider.name in TO_PHONES)
    assert (side.http is None) == (Capability.INSIDE in side.provider.capabilities)


def test_an_order_is_paid_or_listed(side: Side) -> None:
    answer = side.provider.pay(ORDER)
    assert isinstance(answer, Listed if side.provider.name == "manual" else Paid)
    if side.http:
        assert isinstance(answer, Paid)
        bill = next(one for one in side.bills() if one["id"] == answer.external_id)
        assert (bill["phone"], bill["amount"], bill["comment"]) == (PHONE, "1.00", "Kiosk 7.1")


def test_a_payout_is_carried_out_once(side: Side, tx: Session, now: datetime) -> None:
    name, before = side.provider.name, len(side.bills()) if side.http else 0
    payout_id = accepted(tx, now, name)
    for _ in range(3):
        pay(Within(tx), payout_id, now, {name: side.provider})
    if name == "manual":
        assert row(tx, payout_id).state == "waiting"
        payouts.decide_payout(tx, CIPHER, payout_id, "paid", actor="operator:1", reason="seen", now=now)
    assert row(tx, payout_id).state == "succeeded"
    to = "wallet" if name == "balance" else f"clearing:{name}"
    assert balances(tx, row(tx, payout_id).party) == {"cashback:autumn": 500, to: -500}
    assert (events(tx, "payout_succeeded"), events(tx, "payout_failed")) == (1, 0)
    assert side.http is None or len(side.bills()) == before + 1
    assert billing.check_books(tx) + payouts.check_payouts(tx) == []


def test_only_who_tells_reads_what_is_told(side: Side) -> None:
    body = b'<rsp status="ok"><bill><billId>7</billId></bill></rsp>'
    if Capability.CALLBACK in side.provider.capabilities:
        assert side.provider.read_callback(body).external_id == "7"
    else:
        with pytest.raises(BadCallback):
            side.provider.read_callback(body)


# --- over a wire ------------------------------------------------------------------------------------------------------


def test_what_was_not_reached_was_surely_not_sent(portmone: Portmone) -> None:
    assert portmone.unreached
    with pytest.raises(NotSent):
        portmone.unreached.pay(ORDER)


def test_plain_http_spoken_to_as_tls_was_surely_not_sent(portmone: Portmone) -> None:
    with pytest.raises(NotSent):
        portmone.twin(url=portmone.url.replace("http://", "https://")).pay(ORDER)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "refuse"])
def test_what_is_no_clear_answer_is_unknown(portmone: Portmone, mode: str) -> None:
    before = len(portmone.bills())
    portmone.fault(mode)
    with pytest.raises(Unknown) as unknown:
        portmone.provider.pay(ORDER)
    assert len(portmone.bills()) == before + (mode in AFTER)
    assert not {PASSWORD, PHONE} & set(str(unknown.value).split())


@pytest.mark.parametrize("mode", ["dropped_after", "500_after", "garbage_after", "hang"])
def test_what_is_unknown_is_not_paid_again(portmone: Portmone, tx: Session, now: datetime, mode: str) -> None:
    payout_id, before = accepted(tx, now), len(portmone.bills())
    portmone.fault(mode)
    for _ in range(3):
        pay(Within(tx), payout_id, now, {"portmone": portmone.provider})
    assert row(tx, payout_id).state == "unknown"
    assert len(portmone.bills()) == before + (mode in AFTER)
    assert payouts.check_payouts(tx) == []


def test_a_refusal_has_its_code(portmone: Portmone) -> None:
    before = len(portmone.bills())
    portmone.fault("refuse")
    for provider, order, code in (
        (portmone.provider, ORDER, "1007"),
        (portmone.twin(password="wrong"), ORDER, "1001"),
        (portmone.provider, Order("7.2", Money(100, "UAH"), "380631234567"), "1005"),
    ):
        with pytest.raises(Refused) as refused:
            provider.pay(order)
        assert refused.value.reason == code
    assert len(portmone.bills()) == before


def test_an_operator_without_a_number_is_refused_before_the_wire(portmone: Portmone) -> None:
    assert portmone.unreached
    with pytest.raises(Refused, match="operator_not_served"):
        portmone.unreached.pay(Order("7.3", Money(100, "UAH"), "380991234567"))


def test_two_calls_are_two_payments_and_the_page_shows_it(portmone: Portmone) -> None:
    """There is no key at that wire: this is why Kiosk must not repeat."""
    for call in (1, 2):
        portmone.provider.pay(Order(f"4711.{call}", Money(100, "UAH"), PHONE))
    assert [bill["again"] for bill in portmone.bills()[:2]] == [True, False]
    assert portmone.http
    page = portmone.http.get("/").text
    assert "+380 67 123 45 67" in page
    assert "paid twice" in page


def test_secrets_stay_inside(portmone: Portmone) -> None:
    wire = portmone.twin()
    assert PASSWORD not in repr(vars(wire)["_http"]) + wire.check()
    with pytest.raises(NotSent) as lost:
        portmone.twin(url="http://127.0.0.1:9/").pay(ORDER)
    assert PASSWORD not in repr(lost.value)
    assert lost.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'<rsp status="ok">' + b" " * 100_000),
        (302, b'<rsp status="ok"><bill><billId>7</billId></bill></rsp>'),
        (500, b'<rsp status="fail"><error code="1"/></rsp>'),
        (503, b'<rsp status="ok"><bill><billId>7</billId></bill></rsp>'),
        (429, b'<rsp status="fail"><error code="1"/></rsp>'),
        (200, b'<rsp status="ok"><bill><billId>7</billId><billId>8</billId></bill></rsp>'),
        (200, b'<rsp status="perhaps"><bill><billId>7</billId></bill></rsp>'),
        (200, b'<other status="ok"><bill><billId>7</billId></bill></other>'),
        (200, b'<rsp status="ok"><bill><billId>7 8</billId></bill></rsp>'),
        (200, b"\xff\xfe"),
        (200, b""),
    ],
)
def test_a_strange_answer_is_unknown(status: int, body: bytes) -> None:
    with pytest.raises(Unknown):
        answering(httpx.Response(status, content=body)).pay(ORDER)
