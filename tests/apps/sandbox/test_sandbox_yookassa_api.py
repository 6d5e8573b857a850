"""The sandbox's YooKassa over HTTP: money, idempotence, lists, time, and the official SDK as its client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yookassa
from yookassa.domain.exceptions import BadRequestError, NotFoundError, UnauthorizedError

from tests.apps.sandbox.running_world import Till, payment_body, running_till

DAY = 24 * 3600


@pytest.fixture
def sdk(till: Till) -> Iterator[None]:
    yookassa.Configuration.configure("100500", "test_SANDBOX", api_url=f"{till.url}/v3")
    yield
    yookassa.Configuration.configure(None, None)


def receipt(value: str) -> dict[str, object]:
    item = {"description": "VPN", "quantity": 1, "amount": {"value": value, "currency": "RUB"}, "vat_code": 1}
    item |= {"payment_mode": "full_payment", "payment_subject": "service", "measure": "piece"}
    return {"customer": {"email": "anna@example.com"}, "items": [item], "tax_system_code": 1}


@pytest.mark.usefixtures("sdk")
def test_the_official_sdk_buys_and_refunds(till: Till) -> None:
    created = yookassa.Payment.create(payment_body() | {"receipt": receipt("299.00")}, "key-1")
    assert (created.status, created.paid, len(created.id)) == ("pending", False, 36)
    assert created.confirmation.confirmation_url == f"{till.url}/pay/{created.id}"
    assert created.metadata["cms_name"] == "yookassa_sdk_python"
    till.pay(created.id)
    paid = yookassa.Payment.find_one(created.id)
    assert (paid.status, paid.paid, paid.refundable, paid.test) == ("succeeded", True, True, True)
    assert (str(paid.income_amount.value), paid.recipient.account_id) == ("288.54", "100500")
    asked = {"payment_id": paid.id, "amount": {"value": "99.00", "currency": "RUB"}, "receipt": receipt("99.00")}
    refund = yookassa.Refund.create(asked, "key-2")
    assert yookassa.Refund.find_one(refund.id).status == "succeeded"
    assert str(yookassa.Payment.find_one(paid.id).refunded_amount.value) == "99.00"
    assert [one.id for one in yookassa.Payment.list({"limit": 5}).items] == [paid.id]
    assert till.client.get("/problems").json() == {"problems": []}


@pytest.mark.usefixtures("sdk")
def test_the_official_sdk_holds_and_takes_less(till: Till) -> None:
    held = yookassa.Payment.create(payment_body() | {"capture": False}, "key-1")
    till.pay(held.id)
    assert yookassa.Payment.find_one(held.id).status == "waiting_for_capture"
    less = {"amount": {"value": "100.00", "currency": "RUB"}}
    taken = yookassa.Payment.capture(held.id, less, "key-2")
    assert (taken.status, str(taken.amount.value)) == ("succeeded", "100.00")
    other = yookassa.Payment.create(payment_body() | {"capture": False}, "key-3")
    till.pay(other.id)
    canceled = yookassa.Payment.cancel(other.id, "key-4")
    assert (canceled.status, canceled.cancellation_details.reason) == ("canceled", "canceled_by_merchant")


@pytest.mark.usefixtures("sdk")
def test_the_official_sdk_understands_the_errors(till: Till) -> None:
    with pytest.raises(BadRequestError) as refused:
        yookassa.Payment.create({"amount": {"value": "1.00", "currency": "RUB"}}, "key-1")
    assert refused.value.content["parameter"] == "capture"
    with pytest.raises(NotFoundError):
        yookassa.Payment.find_one("0" * 36)
    assert yookassa.Settings.get_account_settings().test is True
    yookassa.Configuration.configure("100500", "wrong", api_url=f"{till.url}/v3")
    with pytest.raises(UnauthorizedError):
        yookassa.Payment.find_one("0" * 36)


def test_the_same_key_makes_one_payment_for_a_day(till: Till) -> None:
    first = till.create("key-1")
    assert till.create("key-1") == first
    other = payment_body() | {"amount": {"value": "300.00", "currency": "RUB"}}
    refused = till.ask("POST", "/payments", "key-1", other)
    assert (refused.status_code, refused.json()["parameter"]) == (400, "Idempotence-Key")
    till.offset.move(DAY - 60)
    assert till.create("key-1")["id"] == first["id"]
    till.offset.move(61)
    assert till.create("key-1")["id"] != first["id"]


def test_a_post_without_a_key_does_nothing(till: Till) -> None:
    refused = till.ask("POST", "/payments", None, payment_body())
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert till.ask("GET", "/payments").json()["items"] == []


def test_a_saved_card_pays_at_once_until_it_is_declined(till: Till) -> None:
    first = till.create("key-1", save_payment_method=True)
    method = till.pay(first["id"])["payment_method"]
    assert (method["saved"], method["card"]["last4"]) == (True, "4477")
    again = {"confirmation": None, "payment_method_id": method["id"]}
    assert till.create("key-2", **again)["status"] == "succeeded"
    till.switch("/settings", declines={"4477": "insufficient_funds"})
    declined = till.create("key-3", **again)
    assert declined["status"] == "canceled"
    assert declined["cancellation_details"] == {"party": "payment_network", "reason": "insufficient_funds"}
    unknown = payment_body() | {"payment_method_id": "somebody else's"}
    del unknown["confirmation"]
    assert till.ask("POST", "/payments", "key-4", unknown).json()["parameter"] == "payment_method_id"


def test_a_card_is_not_saved_unless_asked_and_paid(till: Till) -> None:
    assert till.pay(till.create("key-1")["id"])["payment_method"]["saved"] is False
    declined = till.pay(till.create("key-2", save_payment_method=True)["id"], card="5555555555554600")
    assert declined["cancellation_details"]["reason"] == "insufficient_funds"
    assert declined["payment_method"]["saved"] is False


def test_what_runs_out_is_canceled(till: Till) -> None:
    pending, held = till.create("key-1"), till.create("key-2", capture=False)
    till.pay(held["id"])
    till.offset.move(3590)
    assert till.payment(pending["id"])["status"] == "pending"
    till.offset.move(11)
    assert till.payment(pending["id"])["cancellation_details"]["reason"] == "expired_on_confirmation"
    till.offset.move(7 * DAY)
    assert till.payment(held["id"])["cancellation_details"]["reason"] == "expired_on_capture"
    late = till.client.post(f"/payments/{pending['id']}/pay", json={"outcome": "success"})
    assert late.status_code == 400


def test_refunds_never_exceed_the_payment(till: Till) -> None:
    paid = till.pay(till.create("key-1")["id"])

    def refund(key: str, value: str) -> tuple[int, str]:
        body = {"payment_id": paid["id"], "amount": {"value": value, "currency": "RUB"}}
        answer = till.ask("POST", "/refunds", key, body)
        return answer.status_code, answer.json().get("status", answer.json().get("parameter"))

    till.switch("/settings", refund="pending")
    assert refund("key-2", "200.00") == (200, "pending")
    assert refund("key-3", "99.01") == (400, "amount")
    waiting = till.ask("GET", "/refunds", params={"status": "pending"}).json()["items"][0]
    till.switch(f"/refunds/{waiting['id']}/finish", outcome="decline", reason="rejected_by_payee")
    till.switch("/settings", refund="succeeded")
    assert refund("key-4", "299.00") == (200, "succeeded")
    assert till.payment(paid["id"])["refundable"] is False
    canceled = till.ask("GET", f"/refunds/{waiting['id']}").json()
    assert canceled["cancellation_details"] == {"party": "refund_network", "reason": "rejected_by_payee"}


def test_lists_are_filtered_and_come_in_pages(till: Till) -> None:
    ids = []
    for number in range(5):
        ids.append(till.create(f"key-{number}")["id"])
        till.offset.move(60)
    since = till.payment(ids[1])["created_at"]
    till.pay(ids[3])

    def listed(**query: object) -> dict[str, object]:
        answer = till.ask("GET", "/payments", params={name.replace("__", "."): value for name, value in query.items()})
        page = answer.json()
        return {"ids": [one["id"] for one in page.get("items", [])], "next": page.get("next_cursor"), **page}

    assert listed(created_at__gte=since)["ids"] == ids[:0:-1]
    assert listed(created_at__gt=since)["ids"] == ids[:1:-1]
    assert listed(created_at__lt=since)["ids"] == ids[:1]
    assert listed(status="succeeded")["ids"] == [ids[3]]
    first = listed(limit=2)
    second = listed(limit=2, cursor=first["next"])
    last = listed(limit=2, cursor=second["next"])
    assert [*first["ids"], *second["ids"], *last["ids"]] == ids[::-1]
    assert last["next"] is None
    assert listed(limit=101)["parameter"] == "limit"
    assert listed(created_at__gte="2026-11-21T10:00:00")["parameter"] == "created_at.gte"
    assert listed(metadata="x")["parameter"] == "metadata"


def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    with running_till(tmp_path) as till:
        first = till.create("key-1", save_payment_method=True)
        till.pay(first["id"])
        till.switch("/settings", notify="twice")
    with running_till(tmp_path) as till:
        assert till.payment(first["id"])["status"] == "succeeded"
        assert till.create("key-1", save_payment_method=True)["id"] == first["id"]
        assert till.create("key-2", confirmation=None, payment_method_id=first["id"])["status"] == "succeeded"
        assert till.client.get("/settings").json()["notify"] == "twice"


def test_a_secret_is_never_in_the_log(till: Till) -> None:
    till.create("key-1")
    log = till.client.get("/log").text
    assert '"key":"key-1"' in log
    assert "authorization" not in log.lower()
    assert "test_SANDBOX" not in log
