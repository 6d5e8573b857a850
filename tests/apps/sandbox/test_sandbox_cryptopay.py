"""The sandbox's Crypto Pay over HTTP: invoices, time, rules, faults, signed updates and pages."""

import json
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.sandbox.cryptopay import assets
from apps.sandbox.cryptopay.rules import Invalid, check_invoice, check_list
from tests.apps.sandbox.running_cryptopay import TOKEN, CoinTill, invoice_body, running_coin_till
from tests.world import wait_for


@pytest.fixture
def coins(tmp_path: Path) -> Iterator[CoinTill]:
    with running_coin_till(tmp_path) as till:
        yield till


def test_an_invoice_is_made_paid_and_told(coins: CoinTill) -> None:
    made = coins.create(paid_btn_name="callback", paid_btn_url="https://t.me/kiosk_bot")
    assert (made["status"], made["amount"], made["fiat"]) == ("active", "299", "RUB")
    assert made["bot_invoice_url"] == f"{coins.url}/pay/{made['hash']}"
    assert "paid_at" not in made
    paid = coins.pay(made["invoice_id"], asset="TON")
    assert (paid["status"], paid["paid_asset"], paid["fee_asset"]) == ("paid", "TON", "TON")
    assert paid["paid_amount"] == assets.written(assets.coins("299", "RUB", "TON"))
    assert coins.invoices(invoice_ids=made["invoice_id"]) == [paid]
    body, signature = coins.updates.next()
    update = json.loads(body)
    assert (update["update_type"], update["payload"]) == ("invoice_paid", paid)
    assert signature == openssl(body)
    assert coins.look("/problems") == []
    again = coins.client.post(f"/payments/{made['invoice_id']}/pay", json={"outcome": "success"})
    assert (again.status_code, again.json()) == (400, {"error": "status: the invoice is already paid"})


def openssl(body: bytes) -> str:
    """The signature by another program."""
    key = f"hexkey:{sha256(TOKEN.encode()).hexdigest()}"
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", key]
    said = subprocess.run(command, input=body, capture_output=True, check=True).stdout.decode()
    return said.strip().rsplit(" ", 1)[-1]


@pytest.mark.parametrize(
    ("amount", "written"), [("299.00", "299"), ("100", "100"), ("0.01", "0.01"), ("299.50", "299.5")]
)
def test_amounts_lose_their_zeros_and_nothing_else(coins: CoinTill, amount: str, written: str) -> None:
    assert coins.create(amount=amount)["amount"] == written


def test_an_invoice_runs_out_by_the_sandboxs_clock(coins: CoinTill) -> None:
    short, long, paid = coins.create(expires_in=600), coins.create(expires_in=3600), coins.create(expires_in=600)
    coins.pay(paid["invoice_id"], notify="never")
    coins.offset.move(590)
    assert [one["status"] for one in coins.invoices()] == ["paid", "active", "active"]
    coins.offset.move(11)
    assert coins.invoices(invoice_ids=short["invoice_id"])[0]["status"] == "expired"
    assert coins.invoices(status="active") == [long]
    assert coins.invoices()[0]["status"] == "paid"
    late = coins.client.post(f"/payments/{short['invoice_id']}/pay", json={"outcome": "success"})
    assert late.status_code == 400
    assert coins.updates.nothing_more()


def test_lists_come_newest_first_and_in_pages(coins: CoinTill) -> None:
    ids = [coins.create()["invoice_id"] for _ in range(5)][::-1]
    coins.pay(ids[1], notify="never")
    assert [one["invoice_id"] for one in coins.invoices()] == ids
    assert [one["invoice_id"] for one in coins.invoices(offset=1, count=2)] == ids[1:3]
    assert [one["invoice_id"] for one in coins.invoices(status="paid")] == [ids[1]]
    assert [one["invoice_id"] for one in coins.invoices(invoice_ids=f"{ids[4]},{ids[0]},7")] == [ids[0], ids[4]]
    assert coins.invoices(offset=5) == []
    assert coins.tell("getInvoices", {"count": 1}).json()["result"]["items"][0]["invoice_id"] == ids[0]


def test_a_deleted_invoice_is_gone_and_its_number_with_it(coins: CoinTill) -> None:
    first, second = coins.create(), coins.create()
    assert coins.result(coins.tell("deleteInvoice", {"invoice_id": second["invoice_id"]})) is True
    assert coins.invoices() == [first]
    assert coins.create()["invoice_id"] > second["invoice_id"]
    coins.pay(first["invoice_id"], notify="never")
    refused = coins.tell("deleteInvoice", {"invoice_id": first["invoice_id"]}).json()
    assert refused == {"ok": False, "error": {"code": 400, "name": "INVOICE_NOT_FOUND"}}


def test_the_app_knows_itself_its_balance_and_the_rates(coins: CoinTill) -> None:
    app = coins.result(coins.ask("getMe"))
    assert (app["app_id"], app["payment_processing_bot_username"]) == (42, "CryptoTestnetBot")
    coins.pay(coins.create(amount="80.05")["invoice_id"], notify="never")
    balance = {one["currency_code"]: one["available"] for one in coins.result(coins.ask("getBalance"))}
    assert (balance["USDT"], balance["TON"]) == ("0.97", "0")
    rates = {(one["source"], one["target"]): one["rate"] for one in coins.result(coins.ask("getExchangeRates"))}
    assert rates["USDT", "RUB"] == "80.05"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"currency_type": "crypto"}, "CURRENCY_TYPE_INVALID"),
        ({"currency_type": ...}, "CURRENCY_TYPE_INVALID"),
        ({"fiat": "XXX"}, "FIAT_INVALID"),
        ({"fiat": ["RUB"]}, "FIAT_INVALID"),
        ({"amount": 299.0}, "AMOUNT_INVALID"),
        ({"amount": "299.001"}, "AMOUNT_INVALID"),
        ({"amount": "-1"}, "AMOUNT_INVALID"),
        ({"amount": "0.00"}, "AMOUNT_INVALID"),
        ({"amount": "٣"}, "AMOUNT_INVALID"),
        ({"amount": ...}, "AMOUNT_INVALID"),
        ({"payload": ...}, "PAYLOAD_INVALID"),
        ({"payload": "я" * 2049}, "PAYLOAD_INVALID"),
        ({"payload": 7}, "PAYLOAD_INVALID"),
        ({"description": "x" * 1025}, "DESCRIPTION_INVALID"),
        ({"hidden_message": "x" * 2049}, "HIDDEN_MESSAGE_INVALID"),
        ({"expires_in": ...}, "EXPIRES_IN_INVALID"),
        ({"expires_in": 0}, "EXPIRES_IN_INVALID"),
        ({"expires_in": 2678401}, "EXPIRES_IN_INVALID"),
        ({"expires_in": "3600"}, "EXPIRES_IN_INVALID"),
        ({"allow_comments": "false"}, "ALLOW_COMMENTS_INVALID"),
        ({"accepted_assets": "DOGE"}, "UNSUPPORTED_ASSET"),
        ({"paid_btn_name": "callback"}, "PAID_BTN_URL_REQUIRED"),
        ({"paid_btn_url": "https://t.me/x"}, "PAID_BTN_NAME_INVALID"),
        ({"paid_btn_name": "callback", "paid_btn_url": "tg://x"}, "PAID_BTN_URL_INVALID"),
        ({"asset": "USDT"}, "ASSET_INVALID"),
    ],
)
def test_one_wrong_parameter_is_named(change: dict[str, Any], name: str) -> None:
    given = {key: value for key, value in {**invoice_body(), **change}.items() if value is not ...}
    with pytest.raises(Invalid) as refused:
        check_invoice(given)
    assert refused.value.name == name


def test_a_full_invoice_and_a_full_list_pass() -> None:
    check_invoice(
        invoice_body()
        | {"description": "я" * 1024, "payload": "x" * 4096, "accepted_assets": "USDT,TON", "hidden_message": "Спасибо"}
        | {"paid_btn_name": "openBot", "paid_btn_url": "http://127.0.0.1/bot", "allow_comments": False}
    )
    check_list({"fiat": "RUB", "invoice_ids": "1,2", "status": "paid", "offset": "0", "count": "1000"})
    for wrong in ({"count": "1001"}, {"count": "0"}, {"offset": "-1"}, {"status": "gone"}, {"invoice_ids": "a"}):
        with pytest.raises(Invalid):
            check_list(wrong)


def test_refused_requests_are_answered_in_crypto_pays_form_and_kept(coins: CoinTill) -> None:
    answers = [
        coins.tell("createInvoice", invoice_body() | {"amount": 299.0}),
        coins.ask("getMe", token="42:wrong"),
        coins.client.get("/api/getMe"),
        coins.ask("getInvoice"),
        coins.ask("createInvoice", **invoice_body()),
        coins.client.post("/api/getMe", data={"a": "b"}, headers={"Crypto-Pay-API-Token": TOKEN}),
    ]
    assert [(one.status_code, one.json()) for one in answers] == [
        (status, {"ok": False, "error": {"code": status, "name": name}})
        for status, name in (
            (400, "AMOUNT_INVALID"),
            (401, "UNAUTHORIZED"),
            (401, "UNAUTHORIZED"),
            (405, "METHOD_NOT_FOUND"),
            (405, "METHOD_NOT_ALLOWED"),
            (400, "CONTENT_TYPE_INVALID"),
        )
    ]
    problems = coins.look("/problems")
    assert len(problems) == 6
    assert problems[0]["body"]["amount"] == 299.0
    assert TOKEN not in coins.client.get("/log").text + coins.client.get("/problems").text


@pytest.mark.parametrize(
    ("mode", "status", "done"),
    [("202", 202, 0), ("429", 429, 0), ("500", 500, 0), ("500_after", 500, 1), ("502", 502, 0)],
)
def test_a_fault_answers_wrongly_and_goes(coins: CoinTill, mode: str, status: int, done: int) -> None:
    coins.switch("/faults", mode=mode, method="POST", path="/api/createInvoice")
    answer = coins.tell("createInvoice", invoice_body())
    assert answer.status_code == status
    if status in (429, 500):
        assert answer.json()["error"]["code"] == status
    assert len(coins.invoices()) == done
    coins.create()
    assert [one["fault"] for one in coins.look("/log")] == [mode, None, None]


@pytest.mark.parametrize(("mode", "done"), [("dropped", 0), ("dropped_after", 1), ("hang", 0)])
def test_a_fault_cuts_the_connection(coins: CoinTill, mode: str, done: int) -> None:
    coins.switch("/faults", mode=mode, delay=0.05)
    with pytest.raises(httpx.TransportError):
        coins.tell("createInvoice", invoice_body())
    assert len(coins.invoices()) == done
    assert coins.client.delete("/faults").json() == {"faults": []}


def test_an_update_is_repeated_until_the_shop_says_200(coins: CoinTill) -> None:
    for status in (500, 404):
        coins.updates.answers.put(status)
    coins.pay(coins.create()["invoice_id"])
    assert len({coins.updates.next() for _ in range(3)}) == 1, "the same bytes under the same signature"
    wait_for(lambda: coins.look("/deliveries")[0]["state"] == "delivered")
    assert [attempt["status"] for attempt in coins.look("/deliveries")[0]["attempts"]] == [500, 404, 200]


def test_a_waiting_update_is_sent_after_a_restart_and_settings_stay(tmp_path: Path) -> None:
    with running_coin_till(tmp_path) as coins:
        coins.switch("/settings", notification_url="http://127.0.0.1:1/nobody", notify="twice")
        paid = coins.pay(coins.create()["invoice_id"], notify="once")
        wait_for(lambda: bool(coins.look("/deliveries")[0]["attempts"]))
    with running_coin_till(tmp_path) as coins:
        (delivery,) = coins.look("/deliveries")
        assert delivery["state"] == "waiting"
        wait_for(lambda: len(coins.look("/deliveries")[0]["attempts"]) > len(delivery["attempts"]))
        assert coins.invoices() == [paid]
        assert coins.client.get("/settings").json()["notify"] == "twice"
        assert coins.create()["invoice_id"] == paid["invoice_id"] + 1


@pytest.mark.parametrize(("plan", "copies", "ids"), [("once", 1, 1), ("twice", 2, 2), ("storm", 20, 7)])
def test_updates_come_as_chosen_and_their_numbers_mean_nothing(
    coins: CoinTill, plan: str, copies: int, ids: int
) -> None:
    paid = coins.pay(coins.create()["invoice_id"], notify=plan)
    updates = [json.loads(coins.updates.next()[0]) for _ in range(copies)]
    assert {one["payload"]["invoice_id"] for one in updates} == {paid["invoice_id"]}
    assert len({one["update_id"] for one in updates}) == ids
    wait_for(lambda: {one["state"] for one in coins.look("/deliveries")} == {"delivered"})
    assert coins.updates.nothing_more()


def test_a_silent_shop_hears_by_hand_only(coins: CoinTill) -> None:
    coins.switch("/settings", notify="never")
    unpaid, paid = coins.create(), coins.pay(coins.create()["invoice_id"])
    assert coins.look("/deliveries") == []
    coins.switch("/notify", invoice_id=paid["invoice_id"], times=2, parallel=True)
    bodies = [json.loads(coins.updates.next()[0]) for _ in range(2)]
    assert {one["payload"]["status"] for one in bodies} == {"paid"}
    refused = coins.client.post("/notify", json={"invoice_id": unpaid["invoice_id"]})
    assert (refused.status_code, "not paid" in refused.json()["error"]) == (400, True)
    assert coins.client.post("/notify", json={"invoice_id": 7}).status_code == 404


def test_a_forged_update_arrives_as_it_was_written(coins: CoinTill) -> None:
    coins.client.post("/forge", content=b'{ "update_type" : 1}', headers={"crypto-pay-api-signature": "00"})
    assert coins.updates.next() == (b'{ "update_type" : 1}', "00")
    coins.client.post("/forge", content=b"{}")
    assert coins.updates.next() == (b"{}", None)


@pytest.mark.parametrize(
    ("switch", "order"),
    [
        ("/payments/800001/pay", {"outcome": "decline"}),
        ("/payments/800001/pay", {"outcome": "success", "asset": "DOGE"}),
        ("/payments/800001/pay", {"outcome": "success", "notify": "often"}),
        ("/payments/800001/pay", {"outcome": "success", "card": "4444"}),
        ("/settings", {"notify": "often"}),
        ("/settings", {"refund": "pending"}),
        ("/faults", {"mode": "404"}),
    ],
)
def test_a_senseless_order_is_explained(coins: CoinTill, switch: str, order: dict[str, Any]) -> None:
    assert coins.create()["invoice_id"] == 800001
    answer = coins.client.post(switch, json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert coins.invoices()[0]["status"] == "active"


def test_a_buyer_pays_on_the_page(coins: CoinTill) -> None:
    invoice = coins.create(
        description="<b>VPN</b>",
        amount="12990.50",
        hidden_message="Спасибо & до встречи",
        paid_btn_name="callback",
        paid_btn_url="https://t.me/kiosk_bot?a=1&b=2",
    )
    page = coins.client.get(f"/pay/{invoice['hash']}").text
    assert "12\u00a0990,50\u00a0₽" in page
    assert "&lt;b&gt;VPN" in page
    assert 'value="TON"' in page
    answer = coins.client.post(f"/pay/{invoice['hash']}", data={"action": "pay", "asset": "TON"})
    assert answer.status_code == 303
    done = coins.client.get(f"/pay/{answer.headers['location']}").text
    assert "Оплачено" in done
    assert "Спасибо &amp; до встречи" in done
    assert 'href="https://t.me/kiosk_bot?a=1&amp;b=2"' in done
    assert coins.invoices()[0]["paid_asset"] == "TON"
    again = coins.client.post(f"/pay/{invoice['hash']}", data={"action": "pay", "asset": "USDT"})
    assert again.status_code == 303
    assert coins.invoices()[0]["paid_asset"] == "TON"
    assert len(coins.look("/deliveries")) == 1


def test_a_buyer_closes_the_page_or_comes_too_late(coins: CoinTill) -> None:
    invoice = coins.create(accepted_assets="USDT", paid_btn_name="openBot", paid_btn_url="https://t.me/kiosk_bot")
    assert 'value="TON"' not in coins.client.get(f"/pay/{invoice['hash']}").text
    answer = coins.client.post(f"/pay/{invoice['hash']}", data={"action": "close"})
    assert answer.headers["location"] == "https://t.me/kiosk_bot"
    assert coins.invoices()[0]["status"] == "active"
    coins.offset.move(3601)
    assert "Время на оплату вышло" in coins.client.get(f"/pay/{invoice['hash']}").text
    coins.client.post(f"/pay/{invoice['hash']}", data={"action": "pay", "asset": "USDT"})
    assert coins.invoices()[0]["status"] == "expired"
    assert coins.client.get("/pay/IVnothing").status_code == 404
    assert coins.client.post("/pay/IVnothing", data={"action": "pay"}).status_code == 404


def test_the_apps_page_shows_what_happened(coins: CoinTill) -> None:
    assert "No invoice yet." in coins.client.get("/").text
    invoice = coins.create()
    coins.pay(invoice["invoice_id"])
    coins.tell("createInvoice", {})
    wait_for(lambda: coins.look("/deliveries")[0]["state"] == "delivered")
    page = coins.client.get("/").text
    for expected in (f"pay/{invoice['hash']}", "299,00", "paid", "USDT", "invoice_paid", "CURRENCY_TYPE_INVALID"):
        assert expected in page
