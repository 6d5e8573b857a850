"""The adapter on the wire: what it signs and sends, what it believes, and what it makes of every answer.

Signatures are held against what OpenSSL's own program computes and against published ones. The cassettes in
tests/cassettes/sandbox_robokassa are recordings of our own stand-in, not of Robokassa. Delete one and run its test to
record it anew; with the file there nobody listens, and whatever does not match fails."""

from __future__ import annotations

import functools
import itertools
import json
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import httpx
import pytest
import vcr
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.billing.providers.base import (
    BadNotification,
    Capability,
    Declined,
    FiscalLine,
    FiscalReceipt,
    Method,
    NextAction,
    Notice,
    NotSent,
    Order,
    RawNotice,
    RefundOrder,
    RefundSnapshot,
    Snapshot,
    Unknown,
    Unsupported,
)
from services.billing.providers.robokassa import Robokassa
from services.billing.providers.robokassa.operation import Unreadable, read_operation
from services.billing.providers.robokassa.receipt import MODES, SUBJECTS, TAX_SYSTEMS, VAT
from services.billing.providers.robokassa.signature import HASHES, Signer, signed
from services.billing.providers.robokassa.wire import rubles
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import BadAmount, Money
from tests.apps.sandbox.running_robokassa import PASSWORDS, Stand, running_robokassa
from tests.apps.sandbox.running_world import running

CASSETTES = Path(__file__).parents[2] / "cassettes" / "sandbox_robokassa"
NOBODY = "http://127.0.0.1:9"
KEY = uuid.UUID("5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b")
PRICE = Money(29900, "RUB")
OPERATION = "/Merchant/WebService/Service.asmx/OpStateExt"


def shop(url: str = NOBODY, **changes: Any) -> Robokassa:
    first, second, third = PASSWORDS
    options = {"login": "kiosk", "password1": first, "password2": second, "password3": third, "hash_name": "SHA256"}
    options |= {"is_test": False, "expects_test": False, "pay_url": url, "services_url": url}
    opened.append(Robokassa(**(options | changes)))
    return opened[-1]


opened: list[Robokassa] = []


def close_all() -> None:
    """A server waits for kept connections."""
    while opened:
        opened.pop().close()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_all()


def order(number: int = 7, **changes: Any) -> Order:
    options = {"key": KEY, "number": number, "amount": PRICE, "description": "VPN на месяц"}
    return Order(**(options | {"return_url": "https://t.me/kiosk_bot", "party": "user:1"} | changes))


def line(**changes: Any) -> FiscalLine:
    options = {"name": "VPN", "total": PRICE, "vat_code": 11, "subject": "service", "mode": "full_payment"}
    return FiscalLine(**(options | changes))


def receipt(*lines: FiscalLine, tax_system: int | None = 1) -> FiscalReceipt:
    return FiscalReceipt(email="anna@example.com", tax_system=tax_system, lines=lines or (line(),))


def link(provider: Robokassa, wanted: Order) -> dict[str, str]:
    """The fields of the link, as a server reads them."""
    action = provider.create(provider.request(wanted), wanted.key)
    assert isinstance(action, NextAction)
    pairs = parse_qsl(urlsplit(action.url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@functools.cache
def openssl(hash_name: str, text: str) -> str:
    """The digest as OpenSSL's program computes it."""
    command = ["openssl", "dgst", "-r", f"-{hash_name.lower()}"]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout.split()[0].decode()


def form(hash_name: str = "SHA256", base: str | None = None, **changes: str) -> dict[str, str]:
    """A notice that is signed rightly before `changes`; an empty change removes."""
    fields = {"OutSum": "299.000000", "InvId": "7", "Fee": "10.470000", "EMail": "anna@example.com"}
    fields |= {"PaymentMethod": "BankCard", "IncCurrLabel": "BankCardPSR", "Shp_attempt": str(KEY)}
    fields["SignatureValue"] = openssl(hash_name, base or f"299.000000:7:{PASSWORDS[1]}:Shp_attempt={KEY}").upper()
    return {name: value for name, value in (fields | changes).items() if value}


def posted(fields: Mapping[str, str]) -> RawNotice:
    return RawNotice(urlencode(fields).encode())


@contextmanager
def standing(directory: Path, **options: Any) -> Iterator[Stand]:
    with running_robokassa(directory, **options) as stand:
        yield stand
        close_all()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with standing(tmp_path) as stand:
        yield stand


def begin(stand: Stand, provider: Robokassa, **changes: Any) -> str:
    """Opens the link of a fresh order. Returns its number."""
    wanted = order(**changes)
    action = provider.create(provider.request(wanted), wanted.key)
    assert isinstance(action, NextAction)
    assert stand.open(action.url).status_code == 200, stand.problems()
    assert action.external_id is not None
    return action.external_id


def buy(stand: Stand, provider: Robokassa, **changes: Any) -> str:
    number = begin(stand, provider, **changes)
    stand.pay(number)
    return number


# Signatures


@pytest.mark.parametrize(
    ("base", "published"),
    [  # in the tests of github.com/igor-netFantom/robokassa-api
        ("robo-demo:100.00:1:password_1", "8ca1d1c1a6f9353bebe5b087697ba797"),
        (
            "robo-demo:10.00:1:password#1:shp_email=user@example.com:shp_user_id=1",
            "b98027823a17ee5be83c767f18315400",
        ),
        ("10:1:password#2", "f38a17bc0db36343789587e4e5abf33c"),
    ],
)
def test_published_signatures(base: str, published: str) -> None:
    assert Signer("MD5").sign(*base.split(":")) == published


@pytest.mark.parametrize("hash_name", HASHES)
def test_every_hash_is_openssls(hash_name: str) -> None:
    provider = shop(hash_name=hash_name.lower())
    fields = link(provider, order())
    base = f"kiosk:299.00:7:{PASSWORDS[0]}:Shp_attempt={KEY}"
    assert fields["SignatureValue"] == openssl(hash_name, base)
    assert provider.read_notification(posted(form(hash_name))).answer == "OK7"


@pytest.mark.parametrize("hash_name", ["MD4", "", "SHA3-256", "sha-256"])
def test_an_unknown_hash_is_the_operators_business(hash_name: str) -> None:
    with pytest.raises(Misconfigured):
        shop(hash_name=hash_name)


def test_own_fields_are_signed_by_name_whatever_the_case() -> None:
    fields = {"Shp_b": "2", "OutSum": "1", "shp_c": "ё & = :", "SHP_a": "", "Shopping": "no"}
    assert list(signed(fields)) == ["SHP_a=", "Shp_b=2", "shp_c=ё & = :"]


# Links


def test_a_link_says_what_was_asked_for() -> None:
    fields = link(shop(), order())
    assert fields.pop("SignatureValue")
    assert fields == {
        "MerchantLogin": "kiosk",
        "OutSum": "299.00",
        "InvId": "7",
        "Description": "VPN на месяц",
        "Culture": "ru",
        "Shp_attempt": str(KEY),
    }


def test_what_is_stored_holds_no_secret() -> None:
    stored = json.dumps(shop().request(order(save=True, receipt=receipt())))
    assert "Signature" not in stored
    assert not any(password in stored for password in PASSWORDS)
    assert "anna@example.com" not in stored


def test_a_test_shop_asks_for_a_test_payment() -> None:
    assert link(shop(is_test=True, expects_test=True), order())["IsTest"] == "1"
    assert "IsTest" not in link(shop(), order())


NASTY = ["a&b=c d+e%20/?#:;\"'<>", "Ж" * 200, "одно\nдругое\t🎁", "", "é" + "и\u0306", "\x00\ud800"]


@pytest.mark.parametrize("description", NASTY)
def test_any_description_makes_a_right_link(stand: Stand, description: str) -> None:
    begin(stand, shop(stand.url), description=description)
    assert stand.problems() == []


def test_a_receipt_is_encoded_once_before_it_is_signed() -> None:
    fields = link(shop(), order(receipt=receipt(line(name="VPN 50% + чай", total=PRICE))))
    assert fields["Receipt"] == quote(unquote(fields["Receipt"]), safe="")
    base = f"kiosk:299.00:7:{fields['Receipt']}:{PASSWORDS[0]}:Shp_attempt={KEY}"
    assert fields["SignatureValue"] == openssl("SHA256", base)
    assert unquote(fields["Receipt"]) == (
        '{"sno":"osn","items":[{"name":"VPN 50% чай","quantity":1,"sum":299.00,"tax":"vat22",'
        '"payment_method":"full_payment","payment_object":"service"}]}'
    )


def test_every_word_of_a_receipt_is_one_of_robokassas(stand: Stand) -> None:
    """The stand-in has its own lists."""
    provider = shop(stand.url)
    lines = [line(vat_code=code) for code in range(1, 13)]
    lines += [line(mode=mode) for mode in MODES] + [line(subject=subject) for subject in SUBJECTS]
    total = Money(PRICE.minor * len(lines), "RUB")
    for system in (*TAX_SYSTEMS, None):
        begin(stand, provider, number=(system or 0) + 1, amount=total, receipt=receipt(*lines, tax_system=system))
    assert stand.problems() == []
    assert sorted(VAT) == list(range(1, 13))


@pytest.mark.parametrize("wrong", [{"vat_code": 13}, {"subject": "fine"}, {"mode": "barter"}])
def test_a_receipt_robokassa_has_no_words_for_is_the_operators_business(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        shop().request(order(receipt=receipt(line(**wrong))))


@pytest.mark.parametrize("minor", [1, 30, 1001, 29900, 9999999999999])
def test_amounts_arrive_exactly(stand: Stand, minor: int) -> None:
    amount = Money(minor, "RUB")
    provider = shop(stand.url)
    number = buy(stand, provider, amount=amount, receipt=receipt(line(total=amount)))
    seen = provider.fetch(number)
    assert isinstance(seen, Snapshot)
    assert seen.amount == amount
    proved = provider.evidence("result", provider.read_notification(RawNotice(*_without_headers(stand))).body)
    assert proved is not None
    assert proved.amount == amount


def _without_headers(stand: Stand) -> tuple[bytes, dict[str, str], dict[str, str]]:
    body, query = stand.notices.next()
    return body, {}, query


# Notices


def test_a_notice_is_kept_without_its_signature_and_the_buyers_address() -> None:
    fields = form() | {"out_summ": "299.000000", "inv_id": "7", "crc": "x", "IncSum": "299.000000"}
    wanted = Notice(
        kind="result",
        external_id="7",
        body={
            "OutSum": "299.000000",
            "InvId": "7",
            "Fee": "10.470000",
            "PaymentMethod": "BankCard",
            "IncCurrLabel": "BankCardPSR",
            "Shp_attempt": str(KEY),
        },
        signed=True,
        answer="OK7",
    )
    assert shop().read_notification(posted(fields)) == wanted
    assert shop().read_notification(RawNotice(b"", {}, fields)) == wanted, "by GET"
    assert shop().read_notification(posted(fields)) == wanted, "again"


def test_the_signature_may_be_of_any_case_and_out_sum_stays_as_it_came() -> None:
    small = form() | {"SignatureValue": form()["SignatureValue"].lower()}
    assert shop().read_notification(posted(small)).signed
    short = form(base=f"299.0:7:{PASSWORDS[1]}:Shp_attempt={KEY}", OutSum="299.0")
    assert shop().read_notification(posted(short)).body["OutSum"] == "299.0"
    with pytest.raises(BadNotification):
        shop().read_notification(posted(short | {"OutSum": "299.00"}))


def test_own_fields_of_others_are_part_of_the_signature() -> None:
    base = f"299.000000:7:{PASSWORDS[1]}:SHP_x=а б&в:Shp_attempt={KEY}:shp_a=1"
    notice = shop().read_notification(posted(form(base=base, shp_a="1", SHP_x="а б&в")))
    assert "SHP_x" not in notice.body
    for missing in ("shp_a", "SHP_x", "Shp_attempt"):
        with pytest.raises(BadNotification):
            shop().read_notification(posted(form(base=base, **({"shp_a": "1", "SHP_x": "а б&в"} | {missing: ""}))))


FORGED: list[dict[str, str]] = [
    {"OutSum": "1.000000"},
    {"OutSum": "299.00"},
    {"OutSum": ""},
    {"OutSum": "299,000000"},
    {"OutSum": "-299.000000"},
    {"InvId": "8"},
    {"InvId": "07"},
    {"InvId": "0"},
    {"InvId": "٧"},
    {"InvId": "2147483648"},
    {"InvId": "7" * 5000},
    {"InvId": ""},
    {"SignatureValue": ""},
    {"SignatureValue": "0" * 64},
    {"SignatureValue": "ж" * 64},
    {"SignatureValue": "é" * 32},
    {"Shp_attempt": str(uuid.UUID(int=1))},
    {"Shp_attempt": ""},
    {"Shp_more": "1"},
    {"shp_attempt": str(KEY)},
    {"outsum": "299.000000"},
    {"PaymentMethod": "a\x00b"},
    {"Fee": "x" * 5000},
    {"EMail": "x" * 20000},
]


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_notice_is_refused(change: dict[str, str]) -> None:
    assert shop().read_notification(posted(form())).signed
    for raw in (posted(form(**change)), RawNotice(b"", {}, form(**change))):
        if "EMail" in change and not raw.body:
            continue  # the server bounds addresses
        with pytest.raises(BadNotification):
            shop().read_notification(raw)


@pytest.mark.parametrize(
    ("out_sum", "number"),
    [("299.000000", one) for one in ("", "0", "07", "٧", "7.0", "-7", "2147483648", "7" * 5000)]
    + [(one, "7") for one in ("", "299.001", "299,00", "-299.00", "1e3", "٢٩٩", "9" * 14, "9" * 5000)],
)
def test_a_right_signature_under_nonsense_is_refused(out_sum: str, number: str) -> None:
    base = f"{out_sum}:{number}:{PASSWORDS[1]}:Shp_attempt={KEY}"
    with pytest.raises(BadNotification):
        shop().read_notification(posted(form(base=base, OutSum=out_sum, InvId=number)))


@pytest.mark.parametrize("tail", [b"&OutSum=299.000000", b"&InvId=8", b"&\xff\xfe=1", b"&Shp_attempt=x", b"&a=1" * 99])
def test_a_notice_that_says_something_twice_or_no_form_at_all_is_refused(tail: bytes) -> None:
    with pytest.raises(BadNotification):
        shop().read_notification(RawNotice(posted(form()).body + tail))


def test_what_another_password_or_hash_signed_is_refused() -> None:
    for other in (shop(password2="another"), shop(hash_name="SHA512"), shop(password2=PASSWORDS[0])):
        with pytest.raises(BadNotification):
            other.read_notification(posted(form()))


@given(st.binary(max_size=400))
def test_no_body_breaks_the_reading(body: bytes) -> None:
    refused(RawNotice(body))


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(list(form())), st.text(max_size=40)))
def test_no_query_breaks_the_reading(query: dict[str, str]) -> None:
    refused(RawNotice(b"", {}, query))


GOOD = form()


@given(st.sampled_from(list(GOOD)), st.text(max_size=70))
def test_no_field_breaks_the_reading(name: str, value: str) -> None:
    if name in ("OutSum", "InvId", "Shp_attempt", "SignatureValue") and value.lower() != GOOD[name].lower():
        refused(RawNotice(b"", {}, GOOD | {name: value}))


def refused(raw: RawNotice) -> None:
    with pytest.raises(BadNotification):
        (opened[0] if opened else shop()).read_notification(raw)


# Evidence


def proved(provider: Robokassa | None = None, **body: str) -> Snapshot | None:
    stored = {"OutSum": "299.000000", "InvId": "7", "Shp_attempt": str(KEY)} | body
    return (provider or shop()).evidence("result", {name: text for name, text in stored.items() if text})


def test_a_notice_proves_a_payment() -> None:
    assert proved(Fee="10.470000", PaymentMethod="BankCard") == Snapshot(
        "7", "succeeded", PRICE, str(KEY), "kiosk", test=False, fee=Money(1047, "RUB")
    )
    assert shop().evidence("another", {}) is None


@pytest.mark.parametrize("text", ["299", "299.0", "299.00", "299.000000"])
def test_zeros_after_kopecks_are_nothing(text: str) -> None:
    seen = proved(OutSum=text)
    assert seen is not None
    assert seen.amount == PRICE


@pytest.mark.parametrize("text", ["299.001", "299.000001", "", "NaN", "1e3", "299.", "٢٩٩", "9" * 14, "+299", " 299"])
def test_no_other_amount_is_read(text: str) -> None:
    with pytest.raises(BadAmount):
        rubles(text)
    assert proved(OutSum=text) is None


def test_a_payment_that_kiosk_did_not_ask_for_has_no_key_of_an_attempt() -> None:
    seen = proved(Shp_attempt="")
    assert seen is not None
    assert seen.key == "", "None would be any attempt's"


@pytest.mark.parametrize(("told", "test"), [("1", True), ("true", True), ("yes", True), ("0", False), ("", False)])
def test_a_test_payment_is_a_test_whatever_the_passwords(told: str, test: bool) -> None:
    live, tested = proved(IsTest=told), proved(shop(is_test=True), IsTest=told)
    assert live is not None
    assert tested is not None
    assert (live.test, tested.test) == (test, True)


@pytest.mark.parametrize("fee", ["", "abc", "1.234", "299.00", "-1.00"])
def test_a_fee_nobody_can_read_is_no_fee(fee: str) -> None:
    seen = proved(Fee=fee)
    assert seen is not None
    assert seen.fee is None


@pytest.mark.parametrize(
    ("save", "paid_by", "method"),
    [("1", "BankCard", Method("7", "Robokassa")), ("1", "SBP", None), ("1", "", None), ("", "BankCard", None)],
)
def test_only_a_card_that_was_to_be_remembered_is(save: str, paid_by: str, method: Method | None) -> None:
    seen = proved(Shp_save=save, PaymentMethod=paid_by)
    assert seen is not None
    assert seen.method == method


# The state of an operation


def answer(inside: str, code: str = "0") -> bytes:
    start = '<OperationStateResponse xmlns="http://merchant.roboxchange.com/WebService/">'
    return f"{start}<Result><Code>{code}</Code></Result>{inside}</OperationStateResponse>".encode()


PAID = "<Info><IncSum>299.000000</IncSum><OutSum>288.530000</OutSum></Info>"


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (5, "awaiting_user", None),
        (10, "canceled", "canceled"),
        (20, "authorized", None),
        (50, "awaiting_user", None),
        (60, "canceled", "returned_to_buyer"),
        (80, "awaiting_user", None),
        (100, "succeeded", None),
    ],
)
def test_only_a_hundred_is_paid(code: int, status: str, reason: str | None) -> None:
    state = f"<State><Code>{code}</Code><StateDate>2026-11-21T15:00:00.1234567+03:00</StateDate></State>"
    seen = read_operation(answer(state + PAID)).snapshot("7", "kiosk")
    assert isinstance(seen, Snapshot)
    assert (seen.status, seen.reason, seen.key, seen.amount) == (status, reason, None, PRICE)
    assert seen.at == datetime(2026, 11, 21, 12, 0, 0, 123456, UTC)
    assert seen.fee == (Money(1047, "RUB") if code == 100 else None)


@pytest.mark.parametrize(
    "inside",
    [
        "<State><Code>70</Code></State>" + PAID,
        "<State><Code>1000000000000</Code></State>" + PAID,
        "<State><Code>١٠٠</Code></State>" + PAID,
        PAID,
        "<State><Code>100</Code></State>",
        "<State><Code>100</Code></State><Info><OutSum>299.00</OutSum></Info>",
        "<State><Code>100</Code></State><Info><IncSum>299.001</IncSum></Info>",
        "<State><Code>100</Code></State><Info><IncSum>299,00</IncSum></Info>",
    ],
)
def test_a_state_that_cannot_be_read_is_unknown(inside: str) -> None:
    assert isinstance(read_operation(answer(inside)).snapshot("7", "kiosk"), Unknown)


@pytest.mark.parametrize("date", ["", "yesterday", "2026-11-21T15:00:00"])
def test_a_date_that_says_no_moment_is_left_out(date: str) -> None:
    state = f"<State><Code>100</Code><StateDate>{date}</StateDate></State>"
    seen = read_operation(answer(state + PAID)).snapshot("7", "kiosk")
    assert isinstance(seen, Snapshot)
    assert seen.at is None


@pytest.mark.parametrize("place", ["UserField", "UserFields"])
def test_own_fields_come_back_or_do_not(place: str) -> None:
    def key(inside: str) -> str | None:
        state = f"<State><Code>100</Code></State>{PAID}<{place}>{inside}</{place}>"
        seen = read_operation(answer(state)).snapshot("7", "kiosk")
        assert isinstance(seen, Snapshot)
        return seen.key

    def field(name: str, value: str) -> str:
        return f"<Field><Name>{name}</Name><Value>{value}</Value></Field>"

    assert key(field("shp_ATTEMPT", str(KEY)) + field("Shp_x", "a &amp; b")) == str(KEY)
    assert key(field("Shp_x", "1")) == ""
    assert key("") is None
    with pytest.raises(Unreadable):
        key(field("Shp_attempt", "1") + field("shp_attempt", "2"))


BOMBS = [
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + answer("<x>&b;</x>"),
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + answer(""),
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/">]>' + answer("&a;"),
    answer("&undefined;"),
    answer("<a>" * 50 + "</a>" * 50),
    answer("<State><Code>5</Code><Code>100</Code></State>"),
    answer("<State><Code>5</Code></State><State><Code>100</Code></State>"),
    answer("", code=""),
    answer("", code="-1"),
    b"<html><body>502</body></html>",
    b"<Other><Result><Code>0</Code></Result></Other>",
    answer("") + answer(""),
    answer("")[:-5],
    b"",
    b"\x00",
    b'<?xml version="1.0" encoding="nonsense"?>' + answer(""),
    answer("").decode().encode("utf-16-le")[:40],
]


@pytest.mark.parametrize("body", BOMBS)
def test_xml_that_no_honest_robokassa_sends_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_operation(body)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: answer(f"<State>{text}</State>")))
def test_no_xml_breaks_the_reading(body: bytes) -> None:
    try:
        read_operation(body).snapshot("7", "kiosk")
    except Unreadable:
        pass


# Over HTTP


def test_a_payment_from_the_link_to_the_proof(stand: Stand) -> None:
    provider = shop(stand.url)
    assert provider.fetch("7") == Declined("not_found", retryable=True)
    number = begin(stand, provider, save=True)
    waiting = provider.fetch(number)
    assert isinstance(waiting, Snapshot)
    assert (waiting.status, waiting.key, waiting.method) == ("awaiting_user", str(KEY), None)
    stand.pay(number)
    notice = provider.read_notification(RawNotice(stand.notices.next()[0]))
    told, seen = provider.evidence(notice.kind, notice.body), provider.fetch(number)
    assert notice.answer == "OK7"
    assert told == Snapshot(
        *("7", "succeeded", PRICE, str(KEY), "kiosk"),
        test=False,
        fee=Money(1047, "RUB"),
        method=Method("7", "Robokassa"),
    )
    assert isinstance(seen, Snapshot)
    assert seen.method == Method("7", "Robokassa •• 4477")
    assert (seen.amount, seen.key, seen.fee, seen.status) == (told.amount, told.key, told.fee, told.status)
    assert stand.problems() == []


def test_a_declined_payment_is_canceled(stand: Stand) -> None:
    provider = shop(stand.url)
    stand.pay(begin(stand, provider), "decline")
    seen = provider.fetch("7")
    assert isinstance(seen, Snapshot)
    assert (seen.status, seen.reason, seen.method) == ("canceled", "canceled", None)


@pytest.mark.parametrize("external_id", ["", "0", "x", "7&a=b", "٧", "1" * 30])
def test_what_is_no_number_is_not_asked_about(external_id: str) -> None:
    assert shop().fetch(external_id) == Declined("not_found", retryable=False)


@pytest.mark.parametrize("mode", ["429", "500", "502", "dropped", "202"])
def test_an_answer_that_tells_nothing_is_unknown(stand: Stand, mode: str) -> None:
    stand.switch("/faults", mode=mode)
    assert isinstance(shop(stand.url).fetch("7"), Unknown)


def test_nobody_there_is_surely_not_sent() -> None:
    provider = shop()
    child = provider.request(order(method="6"))
    assert isinstance(provider.create(child, KEY), NotSent)
    assert isinstance(provider.fetch("7"), NotSent)
    assert isinstance(provider.fetch_refund("x"), NotSent)
    with pytest.raises(TryLater):
        provider.check()


def test_wrong_credentials_say_nothing_about_a_payment(stand: Stand) -> None:
    """A password that an operator mistyped must not close anybody's payment."""
    number = buy(stand, shop(stand.url))
    for wrong in ({"password2": "wrong"}, {"login": "wrong"}):
        assert isinstance(shop(stand.url, **wrong).fetch(number), Unknown)
        with pytest.raises(Misconfigured):
            shop(stand.url, **wrong).check()


def test_a_test_shop_is_refused_in_production_and_the_other_way_round() -> None:
    for is_test, expects_test in ((True, False), (False, True)):
        with pytest.raises(Misconfigured, match="APP_ENV"):
            shop(is_test=is_test, expects_test=expects_test).check()
    assert "kiosk" in shop(is_test=True, expects_test=True).check()


def test_capabilities_are_what_the_credentials_allow() -> None:
    always = Capability.PAGE | Capability.LINK | Capability.WEBHOOK | Capability.SAVED_METHOD | Capability.FISCAL
    refunds = Capability.REFUND | Capability.PARTIAL_REFUND
    assert shop().capabilities == always | Capability.FETCH | refunds
    assert shop(password3=None).capabilities == always | Capability.FETCH
    tested = shop(is_test=True)
    assert tested.capabilities == always
    back = RefundOrder(KEY, "7", PRICE, True, "x", "user:1")
    for refused_call in (
        lambda: tested.fetch("7"),
        lambda: tested.refund_request(back),
        lambda: shop(password3=None).refund_request(back),
        lambda: shop(password3="").refund({"InvoiceID": "7", "RefundSum": "1.00"}, KEY),
        lambda: tested.operations(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)),
    ):
        with pytest.raises(Unsupported):
            refused_call()


# Repeated charges


def charge(provider: Robokassa, number: int, parent: str, **changes: Any) -> Any:
    wanted = order(number, method=parent, **changes)
    return provider.create(provider.request(wanted), wanted.key)


def test_a_card_is_charged_again_without_the_buyer(stand: Stand) -> None:
    provider = shop(stand.url)
    parent = buy(stand, provider, save=True)
    stand.notices.next()
    accepted = charge(provider, 8, parent, receipt=receipt())
    assert accepted == Snapshot("8", "awaiting_user", PRICE, str(KEY), "kiosk", test=False), "accepted is not paid"
    notice = provider.read_notification(RawNotice(stand.notices.next()[0]))
    told = provider.evidence("result", notice.body)
    assert told is not None
    assert (told.external_id, told.key, told.amount, told.method) == ("8", str(KEY), PRICE, None)
    assert stand.problems() == []


def test_a_charge_that_is_refused_is_declined(stand: Stand) -> None:
    provider = shop(stand.url)
    plain = buy(stand, provider)
    refused = charge(provider, 8, plain)
    assert isinstance(refused, Declined)
    assert refused.code.startswith("ERROR")


def test_the_bank_declines_a_charge_afterwards(stand: Stand) -> None:
    provider = shop(stand.url)
    parent = buy(stand, provider, save=True)
    stand.switch("/settings", repeat="decline")
    assert isinstance(charge(provider, 8, parent), Snapshot)
    seen = provider.fetch("8")
    assert isinstance(seen, Snapshot)
    assert seen.status == "canceled"


@pytest.mark.parametrize(
    ("mode", "charged"),
    [
        *(("500_after", True), ("dropped_after", True)),
        *((mode, False) for mode in ("500", "502", "dropped", "429", "202")),
    ],
)
def test_the_lost_answer_of_a_charge_is_looked_for(stand: Stand, mode: str, charged: bool) -> None:
    provider = shop(stand.url)
    parent = buy(stand, provider, save=True)
    stand.switch("/faults", mode=mode, path="/Merchant/Recurring")
    found = charge(provider, 8, parent)
    if charged:
        assert isinstance(found, Snapshot)
        assert (found.external_id, found.status, found.key) == ("8", "succeeded", str(KEY))
    else:
        assert isinstance(found, Unknown), "it may still be under way"
    assert stand.log().count(("POST", "/Merchant/Recurring")) == 1, "never sent twice"


@pytest.mark.parametrize("own", [{}, {"Shp_order": "1"}])
def test_a_number_that_another_site_has_used_is_not_this_attempts_payment(stand: Stand, own: dict[str, str]) -> None:
    provider = shop(stand.url)
    parent = buy(stand, provider, save=True)
    stand.open(stand.link(InvId="8", **own))
    stand.pay("8")
    stand.switch("/faults", mode="502", path="/Merchant/Recurring")
    assert isinstance(charge(provider, 8, parent), Unknown)


# Refunds


def back(minor: int, *, full: bool = False, **changes: Any) -> RefundOrder:
    return RefundOrder(uuid.uuid4(), "7", Money(minor, "RUB"), full, "x", "user:1", **changes)


def give_back(provider: Robokassa, wanted: RefundOrder) -> Any:
    stored = json.loads(json.dumps(provider.refund_request(wanted)))
    return provider.refund(stored, wanted.key)


@pytest.mark.parametrize("hash_name", ["MD5", "SHA384", "SHA512"])
def test_money_goes_back_in_parts(tmp_path: Path, hash_name: str) -> None:
    with standing(tmp_path, hash_name=hash_name) as stand:
        provider = shop(stand.url, hash_name=hash_name)
        buy(stand, provider, receipt=receipt())
        first = give_back(provider, back(9901, receipt=receipt(line(total=Money(9901, "RUB")))))
        assert isinstance(first, RefundSnapshot)
        assert (first.payment_external_id, first.status, first.amount) == ("7", "pending", Money(9901, "RUB"))
        ended = provider.fetch_refund(first.external_id)
        assert ended == RefundSnapshot(first.external_id, "", "succeeded", Money(9901, "RUB"))
        rest = give_back(provider, back(19999, full=True))
        assert isinstance(rest, RefundSnapshot), "what is left, not the whole payment again"
        assert give_back(provider, back(1)) == Declined("NotEnoughOperationFunds", retryable=False)


@pytest.mark.parametrize(("label", "status"), [("processing", "pending"), ("canceled", "canceled")])
def test_a_refund_may_wait_or_be_canceled(stand: Stand, label: str, status: str) -> None:
    provider = shop(stand.url)
    buy(stand, provider)
    stand.switch("/settings", refund=label)
    made = give_back(provider, back(29900, full=True))
    seen = provider.fetch_refund(made.external_id)
    assert isinstance(seen, RefundSnapshot)
    assert seen.status == status


def test_an_unpaid_payment_is_not_refunded(stand: Stand) -> None:
    provider = shop(stand.url)
    assert give_back(provider, back(100)) == Declined("not_paid", retryable=False)
    begin(stand, provider)
    assert give_back(provider, back(100)) == Declined("not_paid", retryable=False)
    assert ("POST", "/RefundService/Refund/Create") not in stand.log()


@pytest.mark.parametrize("mode", ["500", "502", "dropped", "dropped_after", "429"])
def test_a_failure_of_the_first_call_is_surely_no_refund(stand: Stand, mode: str) -> None:
    provider = shop(stand.url)
    buy(stand, provider)
    stand.switch("/faults", mode=mode, path=OPERATION)
    assert isinstance(give_back(provider, back(100)), NotSent)
    assert ("POST", "/RefundService/Refund/Create") not in stand.log()


@pytest.mark.parametrize("mode", ["500_after", "dropped_after", "502", "429", "202"])
def test_a_failure_of_the_second_call_is_unknown(stand: Stand, mode: str) -> None:
    provider = shop(stand.url)
    buy(stand, provider)
    stand.switch("/faults", mode=mode, path="/RefundService/Refund/Create")
    assert isinstance(give_back(provider, back(100)), Unknown)
    assert stand.log().count(("POST", "/RefundService/Refund/Create")) == 1, "never sent twice"


def test_a_wrong_password3_is_declined(stand: Stand) -> None:
    buy(stand, shop(stand.url))
    refused = give_back(shop(stand.url, password3="wrong"), back(100))
    assert isinstance(refused, Declined)


@pytest.mark.parametrize("mode", ["500", "502", "dropped", "429", "202"])
def test_a_refunds_state_that_tells_nothing_is_unknown(stand: Stand, mode: str) -> None:
    stand.switch("/faults", mode=mode)
    assert isinstance(shop(stand.url).fetch_refund(str(uuid.uuid4())), Unknown)


def test_there_is_no_such_refund(stand: Stand) -> None:
    assert shop(stand.url).fetch_refund(str(uuid.uuid4())) == Declined("not_found", retryable=False)


# Recordings


@pytest.fixture
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`wire(prepare)` is a context with the address of both hosts; `prepare(stand)` runs only where it is recorded."""
    file = CASSETTES / f"{request.node.name.removeprefix('test_')}.yaml"
    recorder = vcr.VCR(
        record_mode="once",
        match_on=["method", "path", "query", "body"],
        filter_headers=[("user-agent", None), ("host", None)],
        filter_post_data_parameters=[("Signature", "REDACTED"), ("SignatureValue", "REDACTED")],
        before_record_request=_without_token_signature,
    )
    if file.exists():
        with recorder.use_cassette(str(file)):
            yield lambda _: f"{NOBODY}/robokassa"
        return
    with standing(tmp_path, notify=False) as stand:

        def recorded(prepare: Callable[[Stand], None]) -> str:
            prepare(stand)
            recording.__enter__()
            return stand.url

        recording = recorder.use_cassette(str(file))
        yield recorded
        close_all()
        recording.__exit__(None, None, None)


def _without_token_signature(request: Any) -> Any:
    if request.path.endswith("/Refund/Create"):
        content = json.loads(request.body).rpartition(".")[0]
        request.body = json.dumps(f"{content}.REDACTED")
    return request


def test_who_am_i(wire: Callable[..., Any]) -> None:
    assert "kiosk" in shop(wire(lambda _: None)).check()


def test_a_paid_operation(wire: Callable[..., Any]) -> None:
    seen = shop(wire(lambda stand: buy(stand, shop(stand.url)))).fetch("7")
    assert isinstance(seen, Snapshot)
    assert (seen.status, seen.amount, seen.key) == ("succeeded", PRICE, str(KEY))


def test_a_repeated_charge(wire: Callable[..., Any]) -> None:
    provider = shop(wire(lambda stand: buy(stand, shop(stand.url), save=True)))
    assert isinstance(charge(provider, 8, "7"), Snapshot)
    seen = provider.fetch("8")
    assert isinstance(seen, Snapshot)
    assert seen.status == "succeeded"


def test_a_refund(wire: Callable[..., Any]) -> None:
    provider = shop(wire(lambda stand: buy(stand, shop(stand.url))))
    wanted = back(9900)
    made = give_back(provider, wanted)
    assert isinstance(made, RefundSnapshot)
    seen = provider.fetch_refund(made.external_id)
    assert isinstance(seen, RefundSnapshot)
    assert (seen.status, seen.amount) == ("succeeded", wanted.amount)


def test_no_secret_stands_in_a_cassette() -> None:
    files = list(CASSETTES.glob("*.yaml"))
    assert files
    signatures = [openssl("SHA256", f"kiosk:{number}:{PASSWORDS[1]}") for number in ("1", "7", "8")]
    for file, secret in itertools.product(files, (*PASSWORDS, *signatures, "@", "%40")):
        assert secret not in file.read_text().lower()
        assert set(re.findall(r"ignature(?:Value)?=(\w+)", file.read_text())) == {"REDACTED"}


# Bounds of an answer


def test_an_answer_without_end_is_unknown(tmp_path: Path) -> None:
    async def endless(request: Request) -> Response:
        return Response(b" " * 200_000)

    with running(Starlette(routes=[Route("/{path:path}", endless, methods=["GET", "POST"])])) as url:
        assert shop(url).fetch("7") == Unknown("the answer has no end")
        close_all()


def test_the_address_of_a_question_tells_nothing(stand: Stand) -> None:
    """Addresses end up in logs."""
    provider = shop(stand.url)
    provider.fetch("7")
    asked = stand.client.get("/log").json()["requests"][0]
    assert (asked["method"], asked["path"]) == ("POST", OPERATION)
    assert httpx.URL(provider.create(provider.request(order()), KEY).url).host == "127.0.0.1"
