"""Whether a licence key counts, asked by programs that have nothing but the key; and what is sold out in the API."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from httpx import Response

from services import provisioning, subscriptions
from services.provisioning.licences import Signer
from tests.apps.web.api_caller import Api, calling, checked, faults, problem
from tests.stock import SIGNING_KEY, accesses, arrive, key_of, owned, rotate, stocked
from tests.world import Kiosk, MakeKiosk

VERIFY, PUBLIC = "/api/v1/licences/verify", "/api/v1/licences/public-key"


@pytest.fixture
def kiosk(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(LICENCE_SIGNING_KEY=SIGNING_KEY) as signing:
        stocked(signing, "KEY-1", "KEY-2")
        yield signing


@pytest.fixture
def api(kiosk: Kiosk) -> Iterator[Api]:
    with calling(kiosk.kit) as caller:
        yield caller


@pytest.fixture
def app_key(kiosk: Kiosk) -> str:
    anna = kiosk.person()
    kiosk.buy(anna, "app")
    key = key_of(kiosk, anna, "app", "app")
    assert key is not None
    return key


def ask(api: Api, key: str) -> Response:
    """Without an API key, in both ways, which say the same."""
    by_header = checked(api.http.get(VERIFY, headers={"X-Licence-Key": key}))
    by_body = checked(api.http.post(VERIFY, json={"key": key}))
    assert (by_header.status_code, by_header.json()) == (by_body.status_code, by_body.json())
    return by_header


def state(api: Api, key: str) -> str:
    answer = ask(api, key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["valid"] == (found["state"] == "active")
    return str(found["state"])


def test_a_signed_key_says_what_and_until_when(api: Api, kiosk: Kiosk, app_key: str) -> None:
    answer = ask(api, f"  {app_key} ").json()
    ends_at = datetime.fromisoformat(answer.pop("ends_at"))
    assert answer == {"valid": True, "state": "active", "plan": "pro", "product": "app"}
    assert ends_at.tzinfo is not None
    assert ends_at == kiosk.scalar("SELECT ends_at FROM access_grants")


def test_a_key_of_a_pool_through_its_life(api: Api, kiosk: Kiosk) -> None:
    assert problem(ask(api, "KEY-1")) == (404, "licence_not_found"), "nobody has it yet"
    anna = kiosk.person()
    kiosk.buy(anna, "game")
    answer = ask(api, "KEY-1").json()
    assert (answer["state"], answer["plan"], answer["product"]) == ("active", "game-key", "game")
    subscription_id = owned(kiosk, anna).id
    with kiosk.kit.db.begin() as tx:
        subscriptions.pause(tx, anna.party, subscription_id, kiosk.now)
    kiosk.drain()
    assert state(api, "KEY-1") == "suspended"
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, anna.party, subscription_id, kiosk.now)
    kiosk.drain()
    kiosk.pass_time(timedelta(days=2), step=timedelta(days=1))
    rotate(kiosk, anna)
    assert (state(api, "KEY-1"), state(api, "KEY-2")) == ("rotated", "active")
    kiosk.refund(kiosk.scalar("SELECT max(id) FROM payments"))
    kiosk.drain()
    assert (state(api, "KEY-1"), state(api, "KEY-2")) == ("rotated", "refunded")


def test_an_end_is_an_end_at_the_second(api: Api, kiosk: Kiosk, app_key: str) -> None:
    """Also before the sweep has seen it."""
    left = kiosk.scalar("SELECT ends_at FROM access_grants") - kiosk.now
    kiosk.world.offset.move(int(left.total_seconds()) - 30)
    assert state(api, app_key) == "active"
    kiosk.world.offset.move(31)
    assert state(api, app_key) == "ended"


def test_unknown_forged_and_foreign_keys_are_told_apart_by_nobody(api: Api, app_key: str) -> None:
    ours = Signer.of([SIGNING_KEY])
    licence = ours.read(app_key)
    assert licence is not None
    keys = [
        "NO-SUCH-KEY",
        "KEY-1",
        Signer.of([provisioning.licences.make_signing_key()]).write(licence),
        ours.write(provisioning.licences.SignedLicence(10**12, "pro", licence.ends_at, 0)),
        ours.write(provisioning.licences.SignedLicence(2**64 - 1, "pro", licence.ends_at, 0)),
        app_key[:-9] + ("A" if app_key[-9] != "A" else "B") + app_key[-8:],
        app_key[:-1],
        app_key + "A",
        app_key.upper(),
    ]
    answers = [ask(api, key) for key in keys]
    assert {problem(answer) for answer in answers} == {(404, "licence_not_found")}
    assert len({answer.text for answer in answers}) == 1


def test_a_signed_key_of_something_else_is_no_licence(api: Api, kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna, "plain")
    grant_id = accesses(kiosk, anna, "bundle")["wireguard"].grant_id
    key = Signer.of([SIGNING_KEY]).write(provisioning.licences.SignedLicence(grant_id, "pro", kiosk.now, 0))
    assert problem(ask(api, key)) == (404, "licence_not_found")


def test_a_key_does_not_belong_into_an_address(api: Api, app_key: str) -> None:
    assert faults(checked(api.http.get(f"{VERIFY}?key={app_key}"))) == ["key"]
    assert faults(checked(api.http.get(VERIFY))) == ["key"]
    assert faults(checked(api.http.get(VERIFY, headers=[("X-Licence-Key", "A"), ("X-Licence-Key", "B")]))) == ["key"]
    assert faults(checked(api.http.get(VERIFY, headers={"X-Licence-Key": "A" * 601}))) == ["key"]
    assert faults(checked(api.http.post(VERIFY, json={"key": 7}))) == ["key"]
    assert faults(checked(api.http.post(VERIFY, json={"key": "", "more": 1}))) == ["key", "more"]
    assert checked(api.http.post(VERIFY, content=b"\xff{")).status_code in (400, 415)


def test_the_key_stands_in_no_log(api: Api, app_key: str, capsys: pytest.CaptureFixture[str]) -> None:
    for key in (app_key, app_key[:-1], "KEY-1"):
        ask(api, key)
        api.http.get(f"{VERIFY}?key={key}")
    logged = capsys.readouterr()
    assert "KEY-1" not in logged.out + logged.err
    assert app_key[:40] not in logged.out + logged.err


def test_whoever_has_the_public_key_needs_not_ask(api: Api, app_key: str) -> None:
    answer = checked(api.http.get(PUBLIC)).json()
    assert (answer["algorithm"], answer["earlier"]) == ("Ed25519", [])
    written = app_key.removeprefix("lic_")
    whole = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    Ed25519PublicKey.from_public_bytes(base64.b64decode(answer["public_key"])).verify(whole[-64:], whole[:-64])


def test_without_signing_there_is_no_public_key(make_kiosk: MakeKiosk) -> None:
    with make_kiosk() as unsigned, calling(unsigned.kit) as caller:
        assert problem(checked(caller.http.get(PUBLIC))) == (404, "licence_not_found")


def test_earlier_public_keys_are_shown_after_the_one_in_use(make_kiosk: MakeKiosk) -> None:
    new = provisioning.licences.make_signing_key()
    settings = {"LICENCE_SIGNING_KEY": new, "LICENCE_SIGNING_KEY_EARLIER": SIGNING_KEY}
    with make_kiosk(**settings) as turned, calling(turned.kit) as caller:
        answer = checked(caller.http.get(PUBLIC)).json()
    keys = [base64.b64encode(key).decode() for key in Signer.of([new, SIGNING_KEY]).public_keys()]
    assert [answer["public_key"], *answer["earlier"]] == keys


# --- sold out ---------------------------------------------------------------------------------------------------------


def test_what_is_gone_cannot_be_bought_and_can_when_more_comes(api: Api, kiosk: Kiosk) -> None:
    first, second, late = (kiosk.person(name) for name in ("A", "B", "C"))
    kiosk.buy(first, "game")
    wanted = {"user_id": late.party.id, "tariff": "game"}
    opened = api.post("/api/v1/payments/create", wanted)
    assert opened.status_code == 201
    kiosk.buy(second, "game")
    assert problem(api.post("/api/v1/payments/create", wanted, once="1")) == (409, "sold_out")
    retried = api.post(f"/api/v1/payments/{opened.json()['payment_id']}/retry", {})
    assert problem(retried) == (409, "sold_out")
    renewal = api.post("/api/v1/payments/create", {"user_id": first.party.id, "tariff": "game"})
    assert renewal.status_code == 201, "who has it goes on"
    arrive(kiosk, "KEY-3")
    assert api.post("/api/v1/payments/create", wanted, once="1").status_code == 201
