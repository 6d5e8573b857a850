"""Opening, repeating and looking at payments through the API, in the sandbox world."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from services import billing, catalog, ledger
from services.platform.money import Money
from tests.apps.web.api_caller import Api, faults, problem
from tests.world import TOML, Kiosk, Person

CREATE = "/api/v1/payments/create"
SHOP = ("100500", "test_SANDBOX")


def bought_by(person: Person, **more: Any) -> dict[str, Any]:
    return {"user_id": person.party.id, "tariff": "vpn-1m", **more}


def opened(api: Api, person: Person, **more: Any) -> dict[str, Any]:
    answer = api.post(CREATE, bought_by(person, **more))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def pay(kiosk: Kiosk, payment_id: int, **order: Any) -> None:
    external_id = kiosk.external_id(payment_id)
    kiosk.post(f"/yookassa/payments/{external_id}/pay", **({"outcome": "success", "notify": "never"} | order))


def test_a_payment_from_opening_to_paid(api: Api, kiosk: Kiosk) -> None:
    anna = kiosk.person()
    before = kiosk.now
    made = opened(api, anna, return_url="https://shop.example.net/thanks?order=7")
    assert set(made) == {"payment_id", "confirmation_url", "payment_status", "created_at", "expires_at"}
    assert made["payment_status"] == "pending"
    assert urlsplit(made["confirmation_url"]).netloc == urlsplit(kiosk.world.url).netloc
    created, expires = (datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at"))
    assert before <= created <= kiosk.now
    assert expires - created == timedelta(hours=24)
    there = kiosk.http.get(f"/yookassa/v3/payments/{kiosk.external_id(made['payment_id'])}", auth=SHOP).json()
    assert there["amount"] == {"value": "299.00", "currency": "RUB"}
    assert there["description"] == "VPN на месяц", "in the buyer's language"

    shown = api.get(f"/api/v1/payments/{made['payment_id']}").json()
    assert shown["amount"] == {"value": "299.00", "currency": "RUB"}
    assert (shown["user_id"], shown["tariff"], shown["provider"]) == (anna.party.id, "vpn-1m", "yookassa")
    assert (shown["confirmation_url"], shown["received"]) == (made["confirmation_url"], None)

    pay(kiosk, made["payment_id"])
    kiosk.pass_time(timedelta(minutes=2), step=timedelta(minutes=1))
    shown = api.get(f"/api/v1/payments/{made['payment_id']}").json()
    assert (shown["payment_status"], shown["confirmation_url"]) == ("succeeded", None)
    assert shown["received"] == {"value": "299.00", "currency": "RUB"}
    assert kiosk.count("subscriptions") == 1


def test_asking_again_without_a_key_gives_the_open_payment(api: Api, kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first, second = opened(api, anna), opened(api, anna)
    assert (first["payment_id"], first["confirmation_url"]) == (second["payment_id"], second["confirmation_url"])
    assert opened(api, kiosk.person("Борис"))["payment_id"] != first["payment_id"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"tariff": "no-such"}, "tariff_not_found"),
        ({"tariff": "vpn'; DROP TABLE payments; --"}, "tariff_not_found"),
        ({"user_id": 999_999}, "user_not_found"),
        ({"user_id": 2**63 - 1}, "user_not_found"),
        ({"provider": "paypal"}, "provider_off"),
    ],
)
def test_well_formed_but_impossible(api: Api, kiosk: Kiosk, more: dict[str, Any], code: str) -> None:
    answer = api.post(CREATE, bought_by(kiosk.person(), **more))
    assert problem(answer) == (422, code)
    assert kiosk.count("payments") == kiosk.count("invoices") == 0


def test_a_withdrawn_tariff_is_not_for_sale(api: Api, kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML.replace("devices = 3", "devices = 3\nactive = false"), kiosk.now)
    assert problem(api.post(CREATE, bought_by(kiosk.person()))) == (422, "not_for_sale")


def test_a_provider_that_is_switched_off(api: Api, kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        billing.switch(tx, "yookassa", on=False, actor="operator:1", reason="they are down", now=kiosk.now)
    assert problem(api.post(CREATE, bought_by(kiosk.person()))) == (422, "provider_off")


def test_a_provider_that_does_not_answer(api: Api, kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.post("/yookassa/faults", mode="502", method="POST", times=2)
    answer = api.post(CREATE, bought_by(anna))
    assert problem(answer) == (503, "checkout_failed")
    assert int(answer.headers["Retry-After"]) > 0
    assert opened(api, anna)["payment_status"] == "pending"
    assert kiosk.count("payments") == 1, "the attempt goes on where it was"


@pytest.mark.parametrize(
    ("provider", "amount"),
    [
        ("robokassa", {"value": "299.00", "currency": "RUB"}),
        ("cryptopay", {"value": "299.00", "currency": "RUB"}),
        ("stars", {"value": "150", "currency": "XTR"}),
    ],
)
def test_by_a_provider_of_the_callers_choice(api: Api, kiosk: Kiosk, provider: str, amount: dict[str, str]) -> None:
    made = opened(api, kiosk.person(), provider=provider)
    assert urlsplit(made["confirmation_url"]).scheme in ("http", "https")
    shown = api.get(f"/api/v1/payments/{made['payment_id']}").json()
    assert (shown["provider"], shown["amount"], shown["payment_status"]) == (provider, amount, "pending")


def test_from_the_balance_there_is_no_page(api: Api, kiosk: Kiosk) -> None:
    anna = kiosk.person()
    for _ in range(2):
        answer = api.post(CREATE, bought_by(anna, provider="balance"), once="too-early")
        assert problem(answer) == (422, "payment_declined"), "there is nothing on it"
    with kiosk.kit.db.begin() as tx:
        price = Money(29900, "RUB")
        gift = [ledger.Entry("gifts", price), ledger.Entry(f"wallet:{anna.party}", -price)]
        ledger.post(tx, kind="gift", reference="1", entries=gift, now=kiosk.now)
    made = opened(api, anna, provider="balance")
    assert (made["payment_status"], made["confirmation_url"]) == ("succeeded", None)


BAD = {
    "user_id": [0, -1, 2**63, 10**40, "1", 1.0, True, None, [1], {"id": 1}, "одна"],
    "tariff": ["", "x" * 65, 5, None, ["vpn-1m"], {}],
    "provider": ["", "x" * 33, 5, ["yookassa"]],
    "return_url": [
        "",
        "shop",
        "ftp://x/",
        "javascript:alert(1)",
        "https://u:p@x/",
        "https://x/ y",
        "https://" + "x" * 2048,
        7,
    ],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in BAD.items() for value in values])
def test_malformed_fields_are_named_and_not_echoed(api: Api, kiosk: Kiosk, field: str, value: Any) -> None:
    answer = api.post(CREATE, {"user_id": 1, "tariff": "vpn-1m", field: value})
    assert faults(answer) == [field]
    told = {name: text for name, text in answer.json()["errors"][0].items() if name != "field"}
    if isinstance(value, str) and len(value) > 1:
        assert value not in str(told)
    assert kiosk.count("payments") == kiosk.count("invoices") == 0


def test_all_faults_at_once_and_unknown_names_too(api: Api) -> None:
    assert faults(api.post(CREATE, {})) == ["user_id", "tariff"]
    assert faults(api.post(CREATE, {"user_id": "1", "tarif": "vpn"})) == ["user_id", "tariff", "tarif"]
    assert faults(api.post(CREATE, {"user_id": 1, "tariff": "x", "4111111111111111": 1, "a b": 2})) == ["?", "?"]


@pytest.mark.parametrize(
    ("sent", "kind", "expected"),
    [
        (b"", "application/json", (400, "bad_document")),
        (b"{", "application/json", (400, "bad_document")),
        (b"[]", "application/json", (400, "bad_document")),
        (b"\xff", "application/json", (400, "bad_document")),
        (b'{"user_id": 1, "tariff": "a\\u0000"}', "application/json", (400, "bad_document")),
        (b'{"user_id": 1, "tariff": "\\ud800"}', "application/json", (400, "bad_document")),
        (b'{"user_id": NaN, "tariff": "a"}', "application/json", (400, "bad_document")),
        (b'{"user_id": 1' + b"0" * 5000 + b"}", "application/json", (400, "bad_document")),
        (b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", "application/json", (400, "bad_document")),
        (b'{"pad": "' + b"x" * 65_536 + b'"}', "application/json", (413, "too_large")),
        (b'{"user_id": 1, "tariff": "vpn-1m"}', "text/plain", (415, "unsupported_media_type")),
        (b"user_id=1&tariff=vpn-1m", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'{"user_id": 1, "tariff": "vpn-1m"}', "", (415, "unsupported_media_type")),
        (b'{"user_id": 999999, "tariff": "vpn-1m"}', "Application/JSON; charset=utf-8", (422, "user_not_found")),
    ],
)
def test_bodies_of_all_kinds(api: Api, kiosk: Kiosk, sent: bytes, kind: str, expected: tuple[int, str]) -> None:
    assert problem(api.call("POST", CREATE, content=sent, headers={"Content-Type": kind})) == expected
    assert kiosk.count("payments") == kiosk.count("invoices") == 0


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["0", "-1", "1.0", "01", "+1", "abc", "create", "9" * 19, "9" * 5000, "1%00", "%D9%A1"]
)
def test_what_is_no_id_is_nobodys_payment(api: Api, written: str) -> None:
    assert problem(api.get(f"/api/v1/payments/{written}"))[0] == 404
    assert problem(api.post(f"/api/v1/payments/{written}/retry"))[0] == 404


def test_unknown_ids_are_not_found(api: Api) -> None:
    for payment_id in (1, 999_999, 2**63 - 1):
        assert problem(api.get(f"/api/v1/payments/{payment_id}")) == (404, "payment_not_found")
        assert problem(api.post(f"/api/v1/payments/{payment_id}/retry")) == (404, "payment_not_found")


def test_a_payment_seen_for_one_buyer(api: Api, kiosk: Kiosk) -> None:
    anna, boris = kiosk.person(), kiosk.person("Борис")
    path = f"/api/v1/payments/{opened(api, anna)['payment_id']}"
    assert api.get(path).status_code == 200, "the operator's program sees everybody's"
    assert api.get(path, params={"user_id": anna.party.id}).status_code == 200
    assert problem(api.get(path, params={"user_id": boris.party.id})) == (404, "payment_not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("user_id=0", "user_id"),
        ("user_id=x", "user_id"),
        ("user_id=", "user_id"),
        ("user_id=1.0", "user_id"),
        ("user_id=9223372036854775808", "user_id"),
        ("user_id=1&user_id=2", "user_id"),
        ("usr_id=1", "usr_id"),
        ("payment_id=1", "payment_id"),
        ("%00=1", "?"),
    ],
)
def test_a_query_that_might_not_mean_what_it_says(api: Api, kiosk: Kiosk, query: str, field: str) -> None:
    payment_id = opened(api, kiosk.person())["payment_id"]
    assert faults(api.get(f"/api/v1/payments/{payment_id}?{query}")) == [field]


# --- trying again -----------------------------------------------------------------------------------------------------


def test_a_declined_payment_is_tried_again_at_the_frozen_price(api: Api, kiosk: Kiosk) -> None:
    anna = kiosk.person()
    first = opened(api, anna)
    pay(kiosk, first["payment_id"], outcome="decline", reason="insufficient_funds")
    kiosk.pass_time(timedelta(minutes=2), step=timedelta(minutes=1))
    shown = api.get(f"/api/v1/payments/{first['payment_id']}").json()
    assert (shown["payment_status"], shown["reason"]) == ("canceled", "insufficient_funds")
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML.replace("299.00", "499.00"), kiosk.now)

    answer = api.post(f"/api/v1/payments/{first['payment_id']}/retry", {"return_url": "https://shop.example.net/"})
    assert answer.status_code == 201
    second = answer.json()
    assert second["payment_id"] != first["payment_id"]
    shown = api.get(f"/api/v1/payments/{second['payment_id']}").json()
    assert shown["amount"] == {"value": "299.00", "currency": "RUB"}
    pay(kiosk, second["payment_id"])
    kiosk.pass_time(timedelta(minutes=2), step=timedelta(minutes=1))
    assert api.get(f"/api/v1/payments/{second['payment_id']}").json()["payment_status"] == "succeeded"
    assert problem(api.post(f"/api/v1/payments/{second['payment_id']}/retry", {})) == (409, "invoice_closed")


def test_an_expired_offer_is_not_tried_again(api: Api, kiosk: Kiosk) -> None:
    first = opened(api, kiosk.person())
    kiosk.pass_time(timedelta(hours=25), step=timedelta(hours=5))
    assert problem(api.post(f"/api/v1/payments/{first['payment_id']}/retry")) == (409, "invoice_closed")


def test_trying_again_by_another_provider(api: Api, kiosk: Kiosk) -> None:
    first = opened(api, kiosk.person())
    path = f"/api/v1/payments/{first['payment_id']}/retry"
    second = api.post(path, {"provider": "robokassa"})
    assert second.status_code == 201
    shown = [api.get(f"/api/v1/payments/{one['payment_id']}").json() for one in (first, second.json())]
    assert [one["provider"] for one in shown] == ["yookassa", "robokassa"]
    assert len({one["invoice_id"] for one in shown}) == 1
    assert problem(api.post(path, {"provider": "stars"})) == (422, "not_for_sale"), "its price is in another currency"


def test_trying_again_with_nonsense(api: Api, kiosk: Kiosk) -> None:
    path = f"/api/v1/payments/{opened(api, kiosk.person())['payment_id']}/retry"
    assert problem(api.post(path, {"provider": "paypal"})) == (422, "provider_off")
    assert faults(api.post(path, {"provider": 7, "tariff": "other"})) == ["provider", "tariff"]
    assert problem(api.call("POST", path, content=b"{}", headers={"Content-Type": "text/html"}))[0] == 415
    assert kiosk.count("payments") == 1
