"""The door for Portmone: only who knows the token tells anything, and nobody changes what has ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from apps.sandbox.portmone.callbacks import document
from apps.sandbox.stack import Stack
from apps.web.main import create
from apps.web.payout_webhooks import LARGEST
from services.platform.clock import wall_clock
from services.platform.db import Database
from services.receipts.payouts.providers.base import Unknown
from tests.factories import database_url, kit
from tests.services.receipts.payouts.till import PHONE, Told, accepted, pay, raises, row, wired

TOKEN = "a token of the tests"
SETTINGS = {
    "PORTMONE_LOGIN": "kiosk",
    "PORTMONE_PASSWORD": "secret",
    "PORTMONE_PAYEE_IDS": "*=101",
    "PORTMONE_WEBHOOK_TOKEN": TOKEN.replace(" ", "-"),
}
KNOWN = {"x-portmone-token": SETTINGS["PORTMONE_WEBHOOK_TOKEN"]}
AT = "/webhooks/portmone"


@contextmanager
def web(db: Database, stack: Stack, **settings: str) -> Iterator[TestClient]:
    with (
        kit(database_url(db), stack.redis_url, "web", **settings) as made,
        TestClient(create(made), raise_server_exceptions=False) as client,
    ):
        yield client


@pytest.fixture
def unknown(db: Database) -> int:
    """A payout of which nobody knows what became."""
    now = wall_clock()
    with db.begin() as tx:
        payout_id = accepted(tx, now)
    pay(db, payout_id, now, wired(Told(answer=raises(Unknown("ReadTimeout")))))
    return payout_id


def about(payout_id: int, status: str = "ok") -> bytes:
    bill = {"id": "700001", "phone": PHONE, "amount": "5.00", "currency": "UAH", "comment": f"Kiosk {payout_id}.1"}
    return document(bill, status).encode()


def state(db: Database, payout_id: int) -> str:
    with db.begin() as tx:
        return row(tx, payout_id).state


def test_a_callback_tells_what_became_of_it(db: Database, stack: Stack, unknown: int) -> None:
    with web(db, stack, **SETTINGS) as client:
        for body in (about(unknown), about(unknown), about(unknown, "fail")):
            assert client.post(AT, content=body, headers=KNOWN).status_code == 200
    assert state(db, unknown) == "succeeded"
    with db.begin() as tx:
        told = dict(tx.execute(text("SELECT name, count(*) FROM outbox_events GROUP BY name")).all())  # type: ignore[arg-type]  # pairs
    assert (told["receipts.payout_succeeded"], told["receipts.payout_contradicted"]) == (1, 1)


def test_a_forged_callback_changes_nothing(db: Database, stack: Stack, unknown: int) -> None:
    with web(db, stack, **SETTINGS) as client:
        for headers in (
            {},
            {"x-portmone-token": ""},
            {"x-portmone-token": "a-token-of-the-test"},
            {"x-portmone-token": "ї"},
        ):
            raw = {name: value.encode() for name, value in headers.items()}
            assert client.post(AT, content=about(unknown), headers=raw).status_code == 403
        assert client.get(AT, headers=KNOWN).status_code == 404
    assert state(db, unknown) == "unknown"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"billId=7&status=ok", 400),
        (b'<!DOCTYPE rsp [<!ENTITY a "b">]><rsp status="ok"><bill><billId>&a;</billId></bill></rsp>', 400),
        (b"<rsp" + b" " * LARGEST, 413),
        (about(10**12), 200),
        (b'<rsp status="ok"><bill><billId>31337</billId></bill></rsp>', 200),
    ],
)
def test_what_is_not_understood_or_not_ours_is_harmless(
    db: Database, stack: Stack, unknown: int, body: bytes, status: int
) -> None:
    with web(db, stack, **SETTINGS) as client:
        answer = client.post(AT, content=body, headers=KNOWN)
    assert answer.status_code == status
    assert "31337" not in answer.text
    assert state(db, unknown) == "unknown"


@pytest.mark.parametrize("missing", ["PORTMONE_WEBHOOK_TOKEN", "all"])
def test_without_a_token_there_is_no_door(db: Database, stack: Stack, unknown: int, missing: str) -> None:
    left = {name: value for name, value in SETTINGS.items() if missing not in (name, "all")}
    with web(db, stack, **left) as client:
        for headers in (KNOWN, {"x-portmone-token": ""}, {}):
            assert client.post(AT, content=about(unknown), headers=headers).status_code == 404
    assert state(db, unknown) == "unknown"
