"""The sandbox's Robokassa over HTTP, asked by hand: links, notices, OpStateExt, repeats, refunds, faults."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.apps.sandbox.running_robokassa import PASSWORDS, Stand, running_robokassa

RECEIPT = {
    "sno": "osn",
    "items": [
        {
            "name": "VPN, месяц",
            "quantity": 1,
            "sum": 299.00,
            "tax": "vat22",
            "payment_method": "full_payment",
            "payment_object": "service",
        }
    ],
}


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with running_robokassa(tmp_path) as stand:
        yield stand


def ask(stand: Stand, number: str, **change: str) -> dict[str, str]:
    signature = hashlib.sha256(f"kiosk:{number}:{PASSWORDS[1]}".encode()).hexdigest()
    asked = {"MerchantLogin": "kiosk", "InvoiceID": number, "Signature": signature, **change}
    answer = stand.client.get("/Merchant/WebService/Service.asmx/OpStateExt", params=asked)
    root = ET.fromstring(answer.text)
    return {one.tag.rpartition("}")[2]: one.text or "" for part in root for one in part} | {
        f"{part.tag.rpartition('}')[2]}.{one.tag.rpartition('}')[2]}": one.text or "" for part in root for one in part
    }


def token(payload: dict[str, Any], password: str = PASSWORDS[2], **dumps: Any) -> str:
    options = {"separators": (",", ":"), **dumps}
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")), json.dumps(payload, **options)]
    content = ".".join(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    digest = hmac.new(password.encode(), content.encode(), "sha256").digest()
    return f"{content}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


def give_back(stand: Stand, **payload: Any) -> dict[str, Any]:
    return stand.client.post("/RefundService/Refund/Create", json=token(payload)).json()


def test_a_buyer_pays_on_the_page(stand: Stand) -> None:
    page = stand.open(stand.link(OutSum="12990.50", Description="VPN «быстрый»", Shp_b="2", Shp_a="1"))
    assert "12\u00a0990,50\u00a0₽" in page.text
    assert "VPN «быстрый»" in page.text
    assert page.url.path.endswith("/pay/7")
    done = stand.client.post("/pay/7", data={"action": "pay"}, follow_redirects=True)
    assert "Оплачено" in done.text
    told = stand.notices.form()
    assert (told["OutSum"], told["InvId"], told["Shp_a"], told["Shp_b"]) == ("12990.500000", "7", "1", "2")
    right = hashlib.sha256(f"12990.500000:7:{PASSWORDS[1]}:Shp_a=1:Shp_b=2".encode()).hexdigest().upper()
    assert told["SignatureValue"] == right
    assert stand.problems() == []


def test_a_declined_buyer_tries_again_and_nobody_is_told_of_the_first_time(stand: Stand) -> None:
    link = stand.link()
    stand.open(link)
    declined = stand.client.post("/pay/7", data={"action": "decline"}, follow_redirects=True)
    assert "Банк отклонил" in declined.text
    assert ask(stand, "7")["State.Code"] == "10"
    assert stand.notices.nothing_more()
    assert "Оплатить" in stand.open(link).text
    stand.client.post("/pay/7", data={"action": "pay"})
    assert stand.notices.form()["InvId"] == "7"
    assert ask(stand, "7")["State.Code"] == "100"


def test_a_buyer_closes_the_page(stand: Stand) -> None:
    stand.open(stand.link())
    closed = stand.client.post("/pay/7", data={"action": "close"}, follow_redirects=True)
    assert "Платёж не завершён" in closed.text
    assert stand.state("7") == 5


def test_a_number_is_paid_once(stand: Stand) -> None:
    link = stand.link()
    stand.open(link)
    assert stand.open(stand.link(OutSum="1.00")).status_code == 400, "another payment under the same number"
    stand.pay("7")
    assert stand.open(link).status_code == 400
    assert stand.client.post("/payments/7/pay", json={"outcome": "success"}).status_code == 400
    assert stand.problems() == ["InvId: Was used for another payment", "InvId: Is paid already"]


WRONG_LINKS: list[tuple[dict[str, str], str]] = [
    ({"MerchantLogin": "another"}, "MerchantLogin: There is no such shop"),
    ({"OutSum": "299"}, "OutSum: "),
    ({"OutSum": "0.00"}, "OutSum: "),
    ({"InvId": "0"}, "InvId: "),
    ({"InvId": "2147483648"}, "InvId: "),
    ({"SignatureValue": "0" * 64}, "SignatureValue: The signature is wrong"),
    ({"IsTest": "1"}, "IsTest: "),
    ({"IsTest": "0"}, "IsTest: "),
    ({"Description": "x" * 101}, "Description: "),
    ({"Description": "🎁"}, "Description: "),
    ({"Description": ""}, "Description: "),
    ({"Culture": "fr"}, "Culture: "),
    ({"Recurring": "True"}, "Recurring: "),
    ({"StepByStep": "true"}, "StepByStep: Is not a known field"),
    ({"Receipt": json.dumps(RECEIPT)}, "Receipt: Must be url-encoded"),
    ({"Receipt": quote(json.dumps(RECEIPT)), "OutSum": "300.00"}, "Receipt.items: The items make 299.00"),
    ({"Receipt": quote(json.dumps(RECEIPT).replace("vat22", "vat18"))}, "Receipt.items.tax: "),
    ({"Receipt": quote(json.dumps(RECEIPT).replace("299.0", '"299.00"')[:-1])}, "Receipt: Is not JSON"),
]


@pytest.mark.parametrize(("change", "problem"), WRONG_LINKS)
def test_a_wrong_link_is_refused_and_listed(stand: Stand, change: dict[str, str], problem: str) -> None:
    assert stand.open(stand.link(**change)).status_code == 400
    assert len(stand.problems()) == 1
    assert stand.problems()[0].startswith(problem)


def test_a_right_receipt_is_taken(stand: Stand) -> None:
    assert stand.open(stand.link(Receipt=quote(json.dumps(RECEIPT)))).status_code == 200
    assert stand.problems() == []


@pytest.mark.parametrize("tail", ["&InvId=8", "&Description=Ж", "&x", "&Shp_a=%FF"])
def test_a_link_that_is_badly_written_is_refused(stand: Stand, tail: str) -> None:
    assert stand.client.get(stand.link() + tail).status_code == 400


def test_test_passwords_are_for_test_payments_only(tmp_path: Path) -> None:
    with running_robokassa(tmp_path, is_test=True) as stand:
        assert stand.open(stand.link()).status_code == 400
        assert "тестовый платёж" in stand.open(stand.link(IsTest="1")).text
        stand.pay("7")
        assert stand.notices.form()["IsTest"] == "1"
        assert ask(stand, "7")["Result.Code"] == "1"
        op_key = stand.client.get("/payments/7").json()["op_key"]
        assert give_back(stand, OpKey=op_key) == {"success": False, "message": "OperationNotFound"}


def test_a_notice_is_repeated_until_the_shop_says_ok_and_the_number(stand: Stand) -> None:
    stand.open(stand.link())
    for answer in ("OK", "OK8"):
        stand.notices.answers.put(answer)
    stand.pay("7")
    first, second, third = (stand.notices.next() for _ in range(3))
    assert first == second == third
    stand.switch("/settings", method="GET")
    stand.switch("/notify", number="7", times=2)
    by_get = (b"", dict(httpx.QueryParams(first[0].decode())))
    assert [stand.notices.next(), stand.notices.next()] == [by_get, by_get]


@pytest.mark.parametrize(("plan", "copies"), [("once", 1), ("twice", 2), ("storm", 20), ("never", 0)])
def test_plans_of_notices(stand: Stand, plan: str, copies: int) -> None:
    stand.open(stand.link())
    stand.pay("7", notify=plan)
    for _ in range(copies):
        assert stand.notices.form()["InvId"] == "7"
    assert len(stand.client.get("/deliveries").json()["deliveries"]) == copies


def test_an_operation_tells_what_the_buyer_paid_and_what_the_shop_gets(stand: Stand) -> None:
    assert ask(stand, "7")["Result.Code"] == "3"
    stand.open(stand.link(Shp_attempt="x&<y>"))
    assert ask(stand, "7")["State.Code"] == "5"
    stand.pay("7")
    seen = ask(stand, "7")
    assert (seen["State.Code"], seen["IncSum"], seen["OutSum"]) == ("100", "299.000000", "288.530000")
    assert ask(stand, "7", Signature="0" * 64)["Result.Code"] == "1"
    assert ask(stand, "7", MerchantLogin="another")["Result.Code"] == "2"


def repeat(stand: Stand, number: str, parent: str, out_sum: str = "299.00") -> str:
    signature = hashlib.sha256(f"kiosk:{out_sum}:{number}:{PASSWORDS[0]}".encode()).hexdigest()
    form = {"MerchantLogin": "kiosk", "InvoiceID": number, "PreviousInvoiceID": parent, "OutSum": out_sum}
    form |= {"Description": "VPN", "SignatureValue": signature}
    return stand.client.post("/Merchant/Recurring", data=form).text


def test_a_payment_is_repeated_only_where_it_was_meant_to_be(stand: Stand) -> None:
    stand.open(stand.link(Recurring="true"))
    assert repeat(stand, "8", "7").startswith("ERROR")
    stand.pay("7")
    assert repeat(stand, "8", "7") == "OK8"
    assert {stand.notices.form()["InvId"] for _ in range(2)} == {"7", "8"}
    assert repeat(stand, "8", "7").startswith("ERROR")
    stand.switch("/settings", repeat="decline")
    assert repeat(stand, "9", "7") == "OK9"
    assert stand.state("9") == 10
    stand.switch("/settings", repeat="pending")
    assert repeat(stand, "10", "7") == "OK10"
    assert stand.state("10") == 5
    stand.open(stand.link(InvId="11"))
    stand.pay("11", notify="never")
    assert repeat(stand, "12", "11").startswith("ERROR")


def test_refunds_never_exceed_the_payment(stand: Stand) -> None:
    stand.open(stand.link())
    stand.pay("7")
    op_key = ask(stand, "7")["OpKey"]
    stand.switch("/settings", refund="processing")
    first = give_back(stand, OpKey=op_key, RefundSum=99.00)
    state = stand.client.get("/RefundService/Refund/GetState", params={"id": first["requestId"]}).json()
    assert state == {"requestId": first["requestId"], "amount": 99.0, "label": "processing"}
    assert give_back(stand, OpKey=op_key, RefundSum=200.01)["message"] == "NotEnoughOperationFunds"
    stand.switch(f"/refunds/{first['requestId']}/finish", label="canceled")
    assert give_back(stand, OpKey=op_key, RefundSum=299.00)["success"] is True
    assert give_back(stand, OpKey=op_key, RefundSum=0.01)["message"] == "NotEnoughOperationFunds"
    assert give_back(stand, OpKey="another")["message"] == "OperationNotFound"
    unknown = stand.client.get("/RefundService/Refund/GetState", params={"id": "x"}).json()
    assert unknown == {"message": "Refund request not found"}


WRONG_REFUNDS: list[dict[str, Any]] = [
    {"json": token({"OpKey": "x"}, "another password")},
    {"json": token({"OpKey": "x", "Unknown": 1})},
    {"json": token({"OpKey": "x", "RefundSum": "1.00"})[:-4]},
    {"json": token({"OpKey": "x", "RefundSum": 1.001})},
    {"json": token({"OpKey": "x, y: z"}, separators=(", ", ": "))},
    {"json": {"OpKey": "x"}},
    {"content": token({"OpKey": "x"}), "headers": {"Content-Type": "application/json"}},
    {"content": json.dumps(token({"OpKey": "x"}))},
]


@pytest.mark.parametrize("request_", WRONG_REFUNDS)
def test_a_wrong_refund_is_refused_and_listed(stand: Stand, request_: dict[str, Any]) -> None:
    answer = stand.client.post("/RefundService/Refund/Create", **request_).json()
    assert answer["success"] is False
    assert len(stand.problems()) == 1
    assert "OpKey: OperationNotFound" not in stand.problems()


def test_faults_come_before_or_after_the_work(stand: Stand) -> None:
    stand.open(stand.link(Recurring="true"))
    stand.pay("7")
    stand.switch("/faults", mode="500", path="/Merchant/Recurring")
    assert stand.client.get("/Merchant/WebService/Service.asmx/OpStateExt").status_code == 200
    repeat(stand, "8", "7")
    assert stand.client.get("/payments/8").status_code == 404
    stand.switch("/faults", mode="dropped_after", method="POST")
    with pytest.raises(httpx.TransportError):
        repeat(stand, "8", "7")
    assert stand.state("8") == 100
    refused = stand.client.post("/faults", json={"mode": "500", "path": "Merchant"})
    assert (refused.status_code, refused.json()["error"]) == (400, "path must begin with /, or be null")


def test_the_cabinet_shows_what_happened(stand: Stand) -> None:
    stand.open(stand.link(Description="<b>VPN</b>".replace("<", "(").replace(">", ")")))
    stand.pay("7")
    give_back(stand, OpKey=ask(stand, "7")["OpKey"])
    stand.open(stand.link(Culture="fr"))
    page = stand.client.get("/").text
    for expected in ("pay/7", "299,00", "succeeded", "(b)VPN", "of payment 7", "Culture: Must be ru or en"):
        assert expected in page


def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    with running_robokassa(tmp_path) as stand:
        stand.open(stand.link())
        stand.pay("7", notify="never")
        stand.switch("/settings", refund="canceled")
    with running_robokassa(tmp_path) as stand:
        assert stand.state("7") == 100
        assert stand.client.get("/settings").json()["refund"] == "canceled"


def test_no_signature_is_in_the_log(stand: Stand) -> None:
    stand.open(stand.link())
    ask(stand, "7")
    log = stand.client.get("/log").text
    assert '"OutSum":"299.00"' in log
    assert "Signature" not in log
    assert all(password not in log for password in PASSWORDS)


@pytest.mark.parametrize("hash_name", ["MD5", "SHA1", "RIPEMD160", "SHA256", "SHA384", "SHA512"])
def test_every_hash_is_known(tmp_path: Path, hash_name: str) -> None:
    with running_robokassa(tmp_path, hash_name=hash_name) as stand:
        digest = hashlib.new(hash_name.lower(), f"kiosk:299.00:7:{PASSWORDS[0]}".encode()).hexdigest()
        assert stand.open(stand.link(SignatureValue=digest)).status_code == 200
