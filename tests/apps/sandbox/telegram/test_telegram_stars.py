"""Payments in Stars: invoices of messages and links, refunds, subscriptions, and what the libraries make of it all."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiogram.types
import httpx
import pytest
import telegram as ptb
from starlette.testclient import TestClient
from telegram.request import HTTPXRequest

from apps.sandbox.telegram import create_app
from apps.sandbox.telegram.checkouts import Checkout, Checkouts
from services.platform.tls import trusted
from tests.apps.sandbox.telegram.running_telegram import Clock, Telegram, served

MONTH = 30 * 24 * 3600
ASKED = {
    "title": "VPN",
    "description": "VPN for a month",
    "payload": "5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b",
    "provider_token": "",
    "currency": "XTR",
    "prices": [{"label": "VPN", "amount": 150}],
}
RENEWS = {**ASKED, "subscription_period": MONTH}


@pytest.fixture
def hasty(tmp_path: Path, clock: Clock) -> Iterator[Telegram]:
    """A Telegram that waits for a bot only very shortly."""
    with TestClient(create_app(tmp_path, clock, patience=0.01)) as client:
        yield Telegram(client)


def new_updates(telegram: Telegram) -> list[dict[str, Any]]:
    updates: list[dict[str, Any]] = telegram.call("getUpdates")
    if updates:
        telegram.call("getUpdates", offset=updates[-1]["update_id"] + 1)
    return updates


def settled(telegram: Telegram, person: int, ok: bool = True, **what: Any) -> dict[str, Any]:
    """The person pays, the bot answers; how it ended."""
    checkout = telegram.act(person, "pay_invoice", **what)
    assert checkout["status"] == "waiting"
    [update] = new_updates(telegram)
    query = update["pre_checkout_query"]
    assert (query["id"], query["from"]["id"]) == (checkout["id"], person)
    refusal = {} if ok else {"error_message": "Sold out"}
    telegram.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=ok, **refusal)
    return telegram.client.get(f"/chat/api/users/{person}/checkouts/{checkout['id']}").json()


def paid(telegram: Telegram, person: int, **what: Any) -> dict[str, Any]:
    """The successful_payment of a payment."""
    checkout = settled(telegram, person, **what)
    assert checkout["status"] == "paid"
    [update] = new_updates(telegram)
    payment = update["message"]["successful_payment"]
    assert payment["telegram_payment_charge_id"] == checkout["charge_id"]
    return payment


def cannot(telegram: Telegram, person: int, what: str, **body: Any) -> str:
    answer = telegram.client.post(f"/chat/api/users/{person}/{what}", json=body)
    assert answer.status_code in (400, 404)
    return answer.json()["error"]


def stars(telegram: Telegram, person: int) -> dict[str, Any]:
    return telegram.client.get(f"/chat/api/users/{person}/stars").json()


def test_an_invoice_message_is_paid_once(telegram: Telegram, anna: int) -> None:
    message = telegram.call("sendInvoice", chat_id=anna, start_parameter="buy", **ASKED)
    about = {"title": "VPN", "description": "VPN for a month", "currency": "XTR", "total_amount": 150}
    assert message["invoice"] == {**about, "start_parameter": "buy"}
    assert telegram.chat(anna)["messages"][-1]["paid"] is False
    had = stars(telegram, anna)["balance"]

    seen = telegram.chat(anna)["version"]
    payment = paid(telegram, anna, message_id=message["message_id"])
    assert (payment["currency"], payment["total_amount"], payment["invoice_payload"]) == ("XTR", 150, ASKED["payload"])
    assert "is_recurring" not in payment
    assert len(payment["telegram_payment_charge_id"]) > 128
    changed = telegram.chat(anna, after=seen)["messages"]
    assert [("paid" in one, one.get("paid")) for one in changed] == [(True, True), (False, None)]
    assert stars(telegram, anna)["balance"] == had - 150
    assert telegram.call("getMyStarBalance") == {"amount": 150}
    assert cannot(telegram, anna, "pay_invoice", message_id=message["message_id"]) == "this invoice is paid"


def test_a_link_is_paid_by_anybody_as_often_as_they_like(telegram: Telegram, anna: int) -> None:
    link = telegram.call("createInvoiceLink", **ASKED)
    boris = telegram.person(started=False, first_name="Boris")
    charges = {paid(telegram, who, link=link)["telegram_payment_charge_id"] for who in (anna, anna, boris)}
    assert len(charges) == 3
    telegram.call("sendMessage", chat_id=boris, text="who has paid may be written to")
    assert cannot(telegram, anna, "pay_invoice", link=link + "x") == "there is no such invoice"


def test_the_bot_may_refuse(telegram: Telegram, anna: int) -> None:
    message = telegram.call("sendInvoice", chat_id=anna, **ASKED)
    had = stars(telegram, anna)
    assert settled(telegram, anna, ok=False, message_id=message["message_id"])["error"] == "Sold out"
    assert new_updates(telegram) == []
    assert stars(telegram, anna) == had
    paid(telegram, anna, message_id=message["message_id"])


def test_a_silent_bot_sells_nothing(hasty: Telegram) -> None:
    anna = hasty.person()
    link = hasty.call("createInvoiceLink", **ASKED)
    checkout = hasty.act(anna, "pay_invoice", link=link, wait=5)
    assert (checkout["status"], checkout["error"]) == ("failed", "The bot did not answer in time")
    [update] = new_updates(hasty)
    query = update["pre_checkout_query"]["id"]
    code, words = hasty.refusal("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    assert (code, words.startswith("Bad Request: query is too old")) == (400, True)
    assert hasty.call("getStarTransactions") == {"transactions": []}
    assert hasty.problems() == [], "a late answer happens to correct bots"


def test_what_has_ended_is_never_late() -> None:
    async def pay() -> Checkout:
        checkouts = Checkouts(patience=0)
        checkout = Checkout("1", 7, ASKED, None)
        checkouts.begin(checkout, lambda: checkout.end("failed"))
        checkout.end("paid", charge_id="stx1")
        for _ in range(3):
            await asyncio.sleep(0)
        return checkout

    assert asyncio.run(pay()).shown() == {"id": "1", "status": "paid", "error": "", "charge_id": "stx1"}


def test_updates_that_are_not_asked_for_do_not_come(telegram: Telegram, anna: int) -> None:
    link = telegram.call("createInvoiceLink", **ASKED)
    telegram.call("getUpdates", allowed_updates=["message"])
    checkout = telegram.act(anna, "pay_invoice", link=link)
    assert checkout["status"] == "failed"
    assert "allowed_updates lack pre_checkout_query" in checkout["error"]
    assert new_updates(telegram) == []


def test_what_a_person_cannot_pay(telegram: Telegram, anna: int) -> None:
    message = telegram.call("sendInvoice", chat_id=anna, **ASKED)
    here = {"message_id": message["message_id"]}
    other = telegram.call("sendMessage", chat_id=anna, text="x")
    assert cannot(telegram, anna, "pay_invoice") == "missing: message_id or link"
    assert cannot(telegram, anna, "pay_invoice", message_id=other["message_id"]) == "there is no such invoice"
    telegram.act(anna, "stars", balance=149)
    assert cannot(telegram, anna, "pay_invoice", **here) == "not enough Stars"
    telegram.act(anna, "stars", balance=150)
    telegram.act(anna, "block")
    assert cannot(telegram, anna, "pay_invoice", **here) == "the bot is blocked"
    telegram.act(anna, "unblock")
    telegram.call("deleteMessage", chat_id=anna, **here)
    assert cannot(telegram, anna, "pay_invoice", **here) == "there is no such invoice"


def test_two_windows_pay_one_message_once(telegram: Telegram, anna: int) -> None:
    message = telegram.call("sendInvoice", chat_id=anna, **ASKED)
    two = [telegram.act(anna, "pay_invoice", message_id=message["message_id"])["id"] for _ in range(2)]
    for query in two:
        telegram.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    ends = [telegram.client.get(f"/chat/api/users/{anna}/checkouts/{query}").json()["status"] for query in two]
    assert ends == ["paid", "failed"]
    assert len(telegram.call("getStarTransactions")["transactions"]) == 1


def test_a_forwarded_invoice_is_paid_by_others_unless_it_has_a_start_parameter(telegram: Telegram, anna: int) -> None:
    boris = telegram.person(first_name="Boris")
    open_one = telegram.call("sendInvoice", chat_id=anna, **ASKED)["message_id"]
    paid(telegram, boris, message_id=open_one, forwarded_from=anna)
    paid(telegram, anna, message_id=open_one)
    paid(telegram, boris, message_id=open_one, forwarded_from=anna)
    safe = telegram.call("sendInvoice", chat_id=anna, start_parameter="x", **ASKED)["message_id"]
    assert "leads to the bot" in cannot(telegram, boris, "pay_invoice", message_id=safe, forwarded_from=anna)


def test_refunds(telegram: Telegram, anna: int, clock: Clock) -> None:
    boris = telegram.person(first_name="Boris")
    had = stars(telegram, anna)["balance"]
    charge = paid(telegram, anna, link=telegram.call("createInvoiceLink", **ASKED))["telegram_payment_charge_id"]
    clock.advance(days=1)
    wrong = {"telegram_payment_charge_id": charge}
    assert telegram.refusal("refundStarPayment", user_id=boris, **wrong) == (400, "Bad Request: CHARGE_NOT_FOUND")
    assert telegram.refusal("refundStarPayment", user_id=anna, telegram_payment_charge_id="x")[1].endswith("NOT_FOUND")
    assert telegram.call("refundStarPayment", user_id=anna, **wrong) is True
    again = telegram.refusal("refundStarPayment", user_id=anna, **wrong)
    assert again == (400, "Bad Request: CHARGE_ALREADY_REFUNDED")
    assert telegram.problems() == []

    [update] = new_updates(telegram)
    refunded = update["message"]["refunded_payment"]
    assert (refunded["telegram_payment_charge_id"], refunded["total_amount"]) == (charge, 150)
    assert stars(telegram, anna)["balance"] == had
    assert telegram.call("getMyStarBalance") == {"amount": 0}
    came, went = telegram.call("getStarTransactions")["transactions"]
    assert came["id"] == went["id"] == charge
    assert came["source"]["transaction_type"] == went["receiver"]["transaction_type"] == "invoice_payment"
    assert went["date"] - came["date"] == 86400
    assert telegram.call("getStarTransactions", offset=1, limit=1) == {"transactions": [went]}
    assert telegram.call("getStarTransactions", offset=2) == {"transactions": []}


def test_a_subscription_renews_by_the_clock(telegram: Telegram, anna: int, clock: Clock) -> None:
    started = int(clock().timestamp())
    first = paid(telegram, anna, link=telegram.call("createInvoiceLink", **RENEWS))
    assert (first["is_recurring"], first["is_first_recurring"]) == (True, True)
    assert first["subscription_expiration_date"] == started + MONTH
    clock.advance(days=29, hours=23)
    assert new_updates(telegram) == []
    clock.advance(days=31)  # the second and the third period
    renewals = [update["message"] for update in new_updates(telegram)]
    assert [one["date"] for one in renewals] == [started + MONTH, started + 2 * MONTH]
    payments = [one["successful_payment"] for one in renewals]
    assert {one["invoice_payload"] for one in (first, *payments)} == {ASKED["payload"]}
    assert len({one["telegram_payment_charge_id"] for one in (first, *payments)}) == 3
    assert [(one["is_recurring"], one.get("is_first_recurring")) for one in payments] == [(True, None)] * 2
    assert payments[-1]["subscription_expiration_date"] == started + 3 * MONTH
    listed = telegram.call("getStarTransactions")["transactions"]
    assert [one["source"]["subscription_period"] for one in listed] == [MONTH] * 3
    assert [one["date"] for one in listed] == [started + n * MONTH for n in range(3)]


def test_a_renewal_can_be_had_without_waiting(telegram: Telegram, anna: int, clock: Clock) -> None:
    first = paid(telegram, anna, link=telegram.call("createInvoiceLink", **RENEWS))
    charge = first["telegram_payment_charge_id"]
    of = telegram.act(anna, f"subscriptions/{charge}/renew")
    assert of["until"] == first["subscription_expiration_date"] + MONTH
    [update] = new_updates(telegram)
    second = update["message"]["successful_payment"]
    assert second["subscription_expiration_date"] == of["until"]
    telegram.act(anna, f"subscriptions/{second['telegram_payment_charge_id']}/renew", fails=True)
    [update] = new_updates(telegram)
    assert update["subscription"]["state"] == "failed"
    clock.advance(days=100)
    assert new_updates(telegram) == []


def test_without_stars_a_renewal_fails(telegram: Telegram, anna: int, clock: Clock) -> None:
    paid(telegram, anna, link=telegram.call("createInvoiceLink", **RENEWS))
    telegram.act(anna, "stars", balance=149)
    clock.advance(days=30)
    [update] = new_updates(telegram)
    changed = update["subscription"]
    assert (changed["user"]["id"], changed["invoice_payload"], changed["state"]) == (anna, ASKED["payload"], "failed")
    [of] = stars(telegram, anna)["subscriptions"]
    assert of["ended"]
    assert cannot(telegram, anna, f"subscriptions/{of['id']}/resume") == "the subscription is over"


def test_the_person_cancels_and_thinks_again(telegram: Telegram, anna: int, clock: Clock) -> None:
    charge = paid(telegram, anna, link=telegram.call("createInvoiceLink", **RENEWS))["telegram_payment_charge_id"]
    for what, state in (("cancel", "canceled"), ("resume", "active"), ("cancel", "canceled")):
        telegram.act(anna, f"subscriptions/{charge}/{what}")
        [update] = new_updates(telegram)
        assert update["subscription"]["state"] == state
    assert cannot(telegram, anna, f"subscriptions/{charge}/cancel") == "the subscription is canceled"
    clock.advance(days=30)
    assert new_updates(telegram) == []
    assert cannot(telegram, anna, f"subscriptions/{charge}/resume") == "the subscription is over"


def test_the_bot_stops_a_subscription_silently(telegram: Telegram, anna: int, clock: Clock) -> None:
    first = paid(telegram, anna, link=telegram.call("createInvoiceLink", **RENEWS))
    args = {"user_id": anna, "telegram_payment_charge_id": first["telegram_payment_charge_id"]}
    for _ in range(2):
        assert telegram.call("editUserStarSubscription", **args, is_canceled=True) is True
    assert new_updates(telegram) == []
    telegram.act(anna, f"subscriptions/{first['telegram_payment_charge_id']}/cancel")
    words = cannot(telegram, anna, f"subscriptions/{first['telegram_payment_charge_id']}/resume")
    assert words == "the bot has stopped this subscription"
    new_updates(telegram)
    second = paid(telegram, anna, link=telegram.call("createInvoiceLink", **RENEWS))["telegram_payment_charge_id"]
    args["telegram_payment_charge_id"] = second
    telegram.call("editUserStarSubscription", **args, is_canceled=True)
    clock.advance(days=31)
    assert new_updates(telegram) == []
    assert [of["ended"] for of in stars(telegram, anna)["subscriptions"]] == [True, True]
    one_off = paid(telegram, anna, link=telegram.call("createInvoiceLink", **ASKED))["telegram_payment_charge_id"]
    args = {"user_id": anna, "telegram_payment_charge_id": one_off, "is_canceled": True}
    assert telegram.refusal("editUserStarSubscription", **args)[1] == "Bad Request: CHARGE_NOT_FOUND"


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("createInvoiceLink", {**ASKED, "prices": []}, "exactly one is allowed"),
    ("createInvoiceLink", {**ASKED, "prices": ASKED["prices"] * 2}, "exactly one is allowed"),
    ("createInvoiceLink", {**ASKED, "prices": [{"label": "x", "amount": 1.5}]}, "Stars are whole"),
    ("createInvoiceLink", {**ASKED, "prices": [{"label": "x", "amount": 0}]}, "Stars are whole"),
    ("createInvoiceLink", {**ASKED, "payload": "ї" * 65}, "130 bytes, 1 to 128"),
    ("createInvoiceLink", {**ASKED, "title": "x" * 33}, "33 characters, 1 to 32"),
    ("createInvoiceLink", {**ASKED, "description": ""}, "0 characters, 1 to 255"),
    ("createInvoiceLink", {**ASKED, "provider_token": "1:TEST"}, "provider_token must be empty"),
    ("createInvoiceLink", {**ASKED, "max_tip_amount": 5}, "tips are not supported"),
    ("createInvoiceLink", {**ASKED, "currency": "RUB"}, "payments other than in Telegram Stars"),
    ("createInvoiceLink", {**RENEWS, "subscription_period": 86400}, "it must be 2592000"),
    ("createInvoiceLink", {**RENEWS, "prices": [{"label": "x", "amount": 10001}]}, "10000 Stars at most"),
    ("sendInvoice", RENEWS, "'subscription_period' was unexpected"),
    ("sendInvoice", {**ASKED, "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "1"}]]}},
     "the first button of an invoice must be a Pay button"),
    ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "Pay", "pay": True}]]}},
     "BUTTON_TYPE_INVALID"),
    ("answerPreCheckoutQuery", {"pre_checkout_query_id": "1", "ok": False}, "error_message: it is required"),
    ("getStarTransactions", {"limit": 101}, "1 to 100 are allowed"),
    ("getStarTransactions", {"offset": -1}, "must not be negative"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "args", "reason"), BAD)
def test_what_telegram_refuses_is_a_problem(
    telegram: Telegram, anna: int, method: str, args: dict[str, Any], reason: str
) -> None:
    code, words = telegram.refusal(method, **args, **({"chat_id": anna} if method.startswith("send") else {}))
    assert (code, reason in words) == (400, True), words
    [problem] = telegram.problems()
    assert any(reason in error for error in problem["errors"])


def test_an_invoice_may_have_more_buttons(telegram: Telegram, anna: int) -> None:
    rows = [[{"text": "Pay XTR 150", "pay": True}], [{"text": "Back", "callback_data": "back"}]]
    message = telegram.call("sendInvoice", chat_id=anna, **ASKED, reply_markup={"inline_keyboard": rows})
    assert message["reply_markup"] == {"inline_keyboard": rows}
    telegram.act(anna, "tap", message_id=message["message_id"], data="back")
    [update] = new_updates(telegram)
    assert aiogram.types.Update.model_validate(update).callback_query
    assert "paid" not in update["callback_query"]["message"]


def test_a_restart_forgets_no_star(tmp_path: Path, clock: Clock) -> None:
    with TestClient(create_app(tmp_path, clock)) as client:
        telegram = Telegram(client)
        anna = telegram.person()
        link = telegram.call("createInvoiceLink", **RENEWS)
        message = telegram.call("sendInvoice", chat_id=anna, **ASKED)
        paid(telegram, anna, message_id=message["message_id"])
        charge = paid(telegram, anna, link=link)["telegram_payment_charge_id"]
        before = stars(telegram, anna), telegram.call("getStarTransactions")
    with TestClient(create_app(tmp_path, clock)) as client:
        telegram = Telegram(client)
        assert (stars(telegram, anna), telegram.call("getStarTransactions")) == before
        assert cannot(telegram, anna, "pay_invoice", message_id=message["message_id"]) == "this invoice is paid"
        telegram.call("refundStarPayment", user_id=anna, telegram_payment_charge_id=charge)
        clock.advance(days=30)
        kinds = [next(k for k in ("refunded_payment", "successful_payment") if k in update["message"])
                 for update in new_updates(telegram)]  # fmt: skip
        assert kinds == ["refunded_payment", "successful_payment"]
        paid(telegram, anna, link=link)


def everything_paid(telegram: Telegram) -> list[dict[str, Any]]:
    """A payment, a subscription with a renewal and every state, a refund; gives the updates."""
    person = telegram.person(last_name="Koval", username="anna_k")
    charges = []
    for args in (ASKED, RENEWS):
        checkout = telegram.act(person, "pay_invoice", link=telegram.call("createInvoiceLink", **args))
        telegram.call("answerPreCheckoutQuery", pre_checkout_query_id=checkout["id"], ok=True)
        charges.append(telegram.client.get(f"/chat/api/users/{person}/checkouts/{checkout['id']}").json()["charge_id"])
    of = f"subscriptions/{charges[1]}"
    for what in ("renew", "cancel", "resume"):
        telegram.act(person, f"{of}/{what}")
    telegram.act(person, f"{of}/renew", fails=True)
    telegram.call("refundStarPayment", user_id=person, telegram_payment_charge_id=charges[0])
    return telegram.call("getUpdates")


def test_updates_are_what_both_libraries_expect(telegram: Telegram) -> None:
    updates = everything_paid(telegram)
    kinds = [next(kind for kind in update if kind != "update_id") for update in updates]
    paying = ["pre_checkout_query", "message"]
    assert kinds == [*paying, *paying, "message", "subscription", "subscription", "subscription", "message"]
    for update in updates:
        strict = aiogram.types.Update.model_validate(update)
        assert strict.model_dump(exclude_unset=True, mode="json", by_alias=True).keys() == update.keys()
        assert not strict.event.model_extra
        other = ptb.Update.de_json(update, None)
        if "subscription" in update:  # of Bot API 10.2, which python-telegram-bot 22.8 does not know
            assert strict.subscription
            assert strict.subscription.user.username == "anna_k"
            assert other.api_kwargs.keys() == {"subscription"}
            continue
        assert not other.api_kwargs
        assert other.effective_user.username == strict.event.from_user.username == "anna_k"
    renewal = ptb.Update.de_json(updates[4], None).message.successful_payment
    assert (renewal.is_recurring, renewal.is_first_recurring, renewal.api_kwargs) == (True, None, {})
    assert ptb.Update.de_json(updates[-1], None).message.refunded_payment.total_amount == 150


def test_answers_are_what_aiogram_expects(telegram: Telegram, anna: int) -> None:
    everything_paid(telegram)
    listed = aiogram.types.StarTransactions.model_validate(telegram.call("getStarTransactions"))
    assert [type(one.source or one.receiver) for one in listed.transactions] == (
        [aiogram.types.TransactionPartnerUser] * 4
    )
    assert aiogram.types.StarAmount.model_validate(telegram.call("getMyStarBalance")).amount == 300
    message = aiogram.types.Message.model_validate(telegram.call("sendInvoice", chat_id=anna, **ASKED))
    assert message.invoice
    assert message.content_type == aiogram.enums.ContentType.INVOICE


def test_a_bot_of_python_telegram_bot_sells(tmp_path: Path, clock: Clock) -> None:
    with (
        served(create_app(tmp_path, clock)) as url,
        httpx.Client(base_url=f"{url}/chat/api", verify=trusted(), trust_env=False) as people,
    ):
        person = people.post("/users", json={"first_name": "Anna"}).json()["id"]
        people.post(f"/users/{person}/text", json={"text": "/start"})

        async def sell() -> tuple[ptb.Message | None, ptb.StarTransactions]:
            bot = ptb.Bot("42:SANDBOX", base_url=f"{url}/bot", request=HTTPXRequest(httpx_kwargs={"trust_env": False}))
            async with bot:
                price = [ptb.LabeledPrice("VPN", 150)]
                message = await bot.send_invoice(person, "VPN", "VPN for a month", "payload", "XTR", price)
                link = await bot.create_invoice_link("VPN", "VPN for a month", "payload", "XTR", price)
                assert link.startswith(f"{url}/$")
                people.post(f"/users/{person}/pay_invoice", json={"message_id": message.message_id})
                *_, update = await bot.get_updates(timeout=5)
                assert update.pre_checkout_query
                await update.pre_checkout_query.answer(ok=True)
                *_, update = await bot.get_updates(offset=update.update_id + 1, timeout=5)
                assert update.message
                assert update.message.successful_payment
                charge = update.message.successful_payment.telegram_payment_charge_id
                await bot.refund_star_payment(person, charge)
                return update.message, await bot.get_star_transactions()

        message, listed = asyncio.run(sell())
        assert message
        assert [type(one.source or one.receiver) for one in listed.transactions] == [ptb.TransactionPartnerUser] * 2
        assert people.get(f"{url}/problems").json() == []


def test_the_page_of_a_link(telegram: Telegram, anna: int) -> None:
    link = telegram.call("createInvoiceLink", **{**ASKED, "title": "<b>VPN"}).removeprefix("http://testserver")
    assert link.startswith("/$")
    page = telegram.client.get(link)
    assert page.status_code == 200
    assert "&lt;b&gt;VPN" in page.text
    assert "<b>VPN" not in page.text
    answer = telegram.client.post(link, data={"person": str(anna)}, follow_redirects=False)
    assert answer.status_code == 303
    [update] = new_updates(telegram)
    query = update["pre_checkout_query"]["id"]
    telegram.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=False, error_message="Sold <out>")
    assert "Sold &lt;out&gt;" in telegram.client.get(f"{link}{answer.headers['location']}").text
    assert telegram.client.get(link + "x").status_code == 404
    assert telegram.client.post(link, data={"person": "1"}).status_code == 404
    telegram.act(anna, "stars", balance=1)
    assert "not enough Stars" in telegram.client.post(link, data={"person": str(anna)}).text
