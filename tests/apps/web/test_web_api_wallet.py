"""Tokens over the API: read, spent once for each key, never more than there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text

from services import identity, ledger, wallet
from services.identity import Party
from tests.apps.web.api_caller import Api, calling, faults, new_key, problem
from tests.factories import at_once
from tests.services.wallet.token_shop import give, put_on_sale
from tests.world import Kiosk


@pytest.fixture
def anna(kiosk: Kiosk) -> Party:
    """Has 100 tokens and 20 bonus ones."""
    party = kiosk.person().party
    with kiosk.kit.db.begin() as tx:
        put_on_sale(tx, kiosk.now)
        give(tx, party, kiosk.now, tokens=100, bonus=20)
    return party


def address(party: Party, what: str) -> str:
    return f"/api/v1/users/{party.id}/{what}"


def asked(amount: int = 30, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "description": "a letter", **more}


def test_spending_takes_bonus_first_and_shows_in_balance_and_history(api: Api, anna: Party) -> None:
    answer = api.post(address(anna, "spend"), asked(metadata={"run": "7"}), once="1")
    assert answer.status_code == 201
    assert answer.json() == {
        "user_id": anna.id,
        "spent": 30,
        "from_bonus": 20,
        "from_tokens": 10,
        "tokens": 90,
        "bonus": 0,
        "total": 90,
    }
    shown = api.get(address(anna, "balance")).json()
    assert shown == {"user_id": anna.id, "tokens": 90, "bonus": 0, "total": 90, "floor": 0}
    lines = api.get(address(anna, "transactions")).json()
    assert [(one["type"], one["tokens"], one["bonus"]) for one in lines["transactions"]] == [
        ("spend", -10, -20),
        ("other", 0, 20),
        ("other", 100, 0),
    ]
    assert (lines["transactions"][0]["description"], lines["transactions"][0]["metadata"]) == ("a letter", {"run": "7"})
    assert lines["next"] is None


def test_a_key_spends_once(api: Api, anna: Party) -> None:
    first = api.post(address(anna, "spend"), asked(), once="1")
    again = api.post(address(anna, "spend"), asked(), once="1")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert problem(api.post(address(anna, "spend"), asked(31), once="1")) == (422, "idempotency_key_reused")
    assert api.post(address(anna, "spend"), asked(), once="2").json()["total"] == 60
    for _ in range(2):
        api.post(address(anna, "spend"), asked(1))
    assert api.get(address(anna, "balance")).json()["total"] == 58, "without a key each call counts"


def test_a_forgotten_key_still_spends_once(api: Api, anna: Party, kiosk: Kiosk) -> None:
    api.post(address(anna, "spend"), asked(), once="1")
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("DELETE FROM api_idempotency"))
    assert api.post(address(anna, "spend"), asked(), once="1").json()["total"] == 90


def test_usage_is_rounded_up_once(api: Api, anna: Party) -> None:
    body = {"usage": {"units": "3", "price": "0.7", "multiplier": "3.14"}, "description": "run"}
    assert api.post(address(anna, "spend"), body, once="1").json()["spent"] == 7
    body["usage"] = {"units": "999999999999", "price": "999999999999"}
    assert problem(api.post(address(anna, "spend"), body)) == (400, "bad_usage")


def test_what_cannot_be_spent_is_not(api: Api, anna: Party, kiosk: Kiosk) -> None:
    assert problem(api.post(address(anna, "spend"), asked(121))) == (409, "insufficient_balance")
    assert problem(api.post(address(anna, "spend"), asked(product="ai"))) == (403, "subscription_expired")
    assert problem(api.post("/api/v1/users/9999/spend", asked())) == (404, "user_not_found")
    assert problem(api.post("/api/v1/users/0/spend", asked())) == (404, "not_found")
    for what in ("balance", "transactions"):
        assert problem(api.get(f"/api/v1/users/9999/{what}")) == (404, "user_not_found")
    with kiosk.kit.db.begin() as tx:
        identity.block(tx, anna.id, reason="fraud", actor="operator:1", now=kiosk.now)
    assert problem(api.post(address(anna, "spend"), asked())) == (403, "user_blocked")
    assert api.get(address(anna, "balance")).json()["total"] == 120


@pytest.mark.parametrize(
    "change",
    [
        {"amount": None},
        {"amount": 0},
        {"amount": -5},
        {"amount": 1.5},
        {"amount": "30"},
        {"amount": True},
        {"amount": 10**13},
        {"usage": {"units": "1", "price": "1"}},
        {"description": " "},
        {"description": ""},
        {"metadata": {"n": 5}},
        {"metadata": {"": "x"}},
        {"metadata": {f"k{number}": "x" for number in range(21)}},
        {"product": "Not a slug"},
        {"tokens": 5},
    ],
)
def test_malformed_spendings_take_nothing(api: Api, anna: Party, change: dict[str, Any]) -> None:
    assert faults(api.post(address(anna, "spend"), asked() | change))
    assert api.get(address(anna, "balance")).json()["total"] == 120


@pytest.mark.parametrize("units", ["-1", "1e5", "1,5", "", "NaN"])
def test_malformed_usage_takes_nothing(api: Api, anna: Party, units: str) -> None:
    body = {"usage": {"units": units, "price": "1"}, "description": "x"}
    assert faults(api.post(address(anna, "spend"), body)) == ["usage.units"]


def test_history_comes_in_pages_of_its_own_person(api: Api, anna: Party, kiosk: Kiosk) -> None:
    other = kiosk.person().party
    for number in range(3):
        api.post(address(anna, "spend"), asked(number + 1))
    first = api.get(f"{address(anna, 'transactions')}?limit=3").json()
    second = api.get(f"{address(anna, 'transactions')}?limit=3&before={first['next']}").json()
    assert [len(page["transactions"]) for page in (first, second)] == [3, 2]
    assert second["next"] is None
    assert api.get(address(other, "transactions")).json() == {"transactions": [], "next": None}
    for bad in ("limit=0", "limit=101", "limit=x", "before=0", "page=2"):
        assert faults(api.get(f"{address(anna, 'transactions')}?{bad}"))


def test_why_an_operator_adjusted_is_not_shown(api: Api, anna: Party, kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        wallet.adjust(tx, anna, 5, reason="secret", actor="console:op", reference="1", now=kiosk.now)
    assert "secret" not in api.get(address(anna, "transactions")).text


def test_scopes_open_no_more_than_they_say(kiosk: Kiosk, anna: Party) -> None:
    with calling(kiosk.kit, "tokens") as api:
        assert api.get(address(anna, "balance")).status_code == 200
        assert problem(api.post(address(anna, "spend"), asked())) == (403, "insufficient_scope")
        api.key = new_key(kiosk.kit, "tokens:spend")
        assert api.post(address(anna, "spend"), asked()).status_code == 201
        for what in ("balance", "transactions"):
            assert problem(api.get(address(anna, what))) == (403, "insufficient_scope")
        api.key = new_key(kiosk.kit, "payments")
        assert problem(api.get(address(anna, "balance"))) == (403, "insufficient_scope")


def test_twenty_callers_at_once_never_overdraw(api: Api, anna: Party, kiosk: Kiosk) -> None:
    answers = at_once(20, lambda number: api.post(address(anna, "spend"), asked(10), once=f"run-{number}"))
    assert Counter(answer.status_code for answer in answers) == {201: 12, 409: 8}
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {(409, "insufficient_balance")}
    assert api.get(address(anna, "balance")).json()["total"] == 0
    with kiosk.kit.db.begin() as tx:
        assert ledger.prove(tx) == []


def test_twenty_callers_with_one_key_spend_once(api: Api, anna: Party) -> None:
    answers = at_once(20, lambda _: api.post(address(anna, "spend"), asked(10), once="run"))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert api.post(address(anna, "spend"), asked(10), once="run").status_code == 201
    assert api.get(address(anna, "balance")).json()["total"] == 110
