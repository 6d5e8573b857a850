"""Promo codes through the API."""

from __future__ import annotations

import pytest

from services import promotions
from tests.apps.web.api_caller import Api, faults, problem
from tests.world import Kiosk

CREATE = "/api/v1/payments/create"


def make(kiosk: Kiosk, **given: str) -> None:
    fields = {"code": "SUMMER", "kind": "percent", "value": "20"} | given
    with kiosk.kit.db.begin() as tx:
        promotions.create(tx, fields, actor="console:test", now=kiosk.now)


def test_a_payment_with_a_code(api: Api, kiosk: Kiosk) -> None:
    make(kiosk, total="1")
    anna = kiosk.person()
    asked = {"user_id": anna.party.id, "tariff": "vpn-1m", "promo_code": "summer"}
    made = api.post(CREATE, asked, once="1")
    assert made.status_code == 201
    again = api.post(CREATE, asked, once="1")
    assert again.json() == made.json()
    shown = api.get(f"/api/v1/payments/{made.json()['payment_id']}").json()
    assert (shown["amount"], shown["promo_code"]) == ({"value": "239.20", "currency": "RUB"}, "SUMMER")
    other = api.post(CREATE, asked | {"user_id": kiosk.person("Борис").party.id})
    assert problem(other) == (422, "promo_used_up")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"code": "OTHER"}, "promo_unknown"),
        ({"valid_until": "2020-01-01"}, "promo_over"),
        ({"valid_from": "2090-01-01"}, "promo_not_yet"),
        ({"audience": "existing"}, "promo_not_for_you"),
        ({"minimum": "500.00 RUB"}, "promo_below_minimum"),
        ({"kind": "fixed", "value": "5.00 UAH"}, "promo_not_for_payment"),
        ({"kind": "free_days", "value": "5"}, "promo_without_purchase"),
    ],
)
def test_the_reason_is_its_code(api: Api, kiosk: Kiosk, given: dict[str, str], code: str) -> None:
    make(kiosk, **given)
    asked = {"user_id": kiosk.person().party.id, "tariff": "vpn-1m", "promo_code": "SUMMER"}
    assert problem(api.post(CREATE, asked)) == (422, code)
    assert kiosk.count("invoices") == 0


def test_what_cannot_be_a_code(api: Api, kiosk: Kiosk) -> None:
    asked = {"user_id": kiosk.person().party.id, "tariff": "vpn-1m"}
    assert faults(api.post(CREATE, asked | {"promo_code": ""})) == ["promo_code"]
    assert faults(api.post(CREATE, asked | {"promo_code": "x" * 101})) == ["promo_code"]
    assert problem(api.post(CREATE, asked | {"promo_code": "☺"})) == (422, "promo_unknown")
