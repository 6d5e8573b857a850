"""A panel tells of changes over real HTTP: Kiosk looks, compares, repairs, and believes nothing by itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from apps.web.panel_webhooks import LARGEST
from tests.services.provisioning.remnawave.panel_tells import SECRET, Told, telling
from tests.world import Kiosk


@pytest.fixture
def told(kiosk: Kiosk) -> Iterator[Told]:
    with telling(kiosk) as told:
        yield told


def test_a_user_disabled_in_the_panel_is_on_again_at_once(told: Told) -> None:
    told.kiosk.post(f"/panel/users/{told.there['username']}/disable")
    told.settle()
    assert told.there["status"] == "ACTIVE"
    assert told.access().state == "ready"


def test_mistake_14_a_deleted_user_is_made_again_with_the_same_link(told: Told) -> None:
    link = told.there["subscriptionUrl"]
    told.kiosk.http.delete(f"/panel/users/{told.there['username']}")
    told.settle()
    assert told.there["subscriptionUrl"] == link == told.access().artifact("link").content


def test_mistake_14_a_deletion_that_never_was_changes_nothing(told: Told) -> None:
    user, writes = told.there, told.writes()
    assert told.tell("user.deleted").status_code == 200
    told.settle()
    assert (told.there, told.writes()) == (user, writes)
    assert told.access().state == "ready"


def test_a_link_replaced_in_the_panel_is_what_its_owner_sees(told: Told) -> None:
    key = told.kiosk.scalar("SELECT ref->>'key' FROM access_grants")
    token = {"Authorization": "Bearer sandbox-panel-token", "X-Forwarded-Proto": "https", "X-Forwarded-For": "::1"}
    answer = told.kiosk.http.post(f"/panel/api/users/{key}/actions/revoke", json={}, headers=token)
    assert answer.status_code == 200
    told.settle()
    assert told.access().artifact("link").content == answer.json()["response"]["subscriptionUrl"]


def test_our_own_changes_come_back_and_end_there(told: Told) -> None:
    writes = told.writes()
    told.kiosk.buy(told.anna, "panel-1m")
    told.settle()
    assert told.hints() >= 1
    assert told.writes() - writes <= 2, "the new end, and the traffic of the new period"
    assert told.kiosk.undone() == []


def test_used_up_traffic_is_noted_and_forgives_nothing(told: Told) -> None:
    told.kiosk.post(f"/panel/users/{told.there['username']}/traffic", bytes=100 * 10**9)
    told.kiosk.world.offset.move(60)
    told.settle()
    told.tell("user.limited")
    told.settle()
    assert told.there["status"] == "LIMITED"
    assert told.kiosk.scalar("SELECT used_bytes FROM access_grants") == 100 * 10**9
    assert told.kiosk.scalar("SELECT held FROM access_grants") == "limited"


@pytest.mark.parametrize("event", ["user.modified", "user.deleted", "user.disabled", "user.expired"])
def test_mistake_23_delivered_again_in_parallel_and_late_it_is_one_hint(told: Told, event: str) -> None:
    before, writes = told.hints(), told.writes()
    order = {"event": event, "username": told.there["username"], "times": 10, "parallel": True}
    (number, *_) = told.kiosk.post("/panel/webhooks/fire", **order)["deliveries"]
    told.settle()
    told.kiosk.post("/panel/webhooks/replay", id=number, times=5)
    told.settle()
    assert told.hints() - before <= 2, "looked at once, and perhaps once more"
    assert (told.there["status"], told.writes()) == ("ACTIVE", writes)
    told.kiosk.world.offset.move(301)
    told.kiosk.post("/panel/webhooks/replay", id=number)
    told.settle()
    last = told.kiosk.http.get("/panel/webhooks").json()["deliveries"][0]
    assert last["attempts"][0]["status"] == 403, "five minutes later it is a replay"


def test_mistake_23_a_forged_one_is_refused_and_changes_nothing(told: Told) -> None:
    before = told.hints()
    body = json.dumps({"event": "user.deleted", "timestamp": told.kiosk.now.isoformat(), "data": told.there}).encode()
    for signature in ("", "0" * 64, hmac.new(b"x" * 32, body, hashlib.sha256).hexdigest()):
        answer = told.send(body, signature)
        assert answer.status_code == 403
        assert answer.json()["code"] == "bad_webhook_signature"
    good = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert told.send(body + b" ", good).status_code == 403
    assert told.tell(at=told.kiosk.now - timedelta(minutes=6)).status_code == 403
    assert told.hints() == before


def test_mistake_23_unknown_events_and_other_peoples_users_are_accepted_and_ignored(told: Told) -> None:
    before = told.hints()
    for user in ({"username": "somebody"}, {"username": "k9999999"}, {"username": "k99999999999999999999"}, {}, None):
        assert told.tell(user=user or {"x": 1}).status_code == 200
    for event in ("node.connection_lost", "user.expires_in_24_hours", "user.expiration", "service.panel_started", "x"):
        assert told.tell(event).status_code == 200
    assert told.hints() == before


def test_only_what_a_panel_may_say_is_read(told: Told) -> None:
    assert told.send(b"{}", code="/nor").status_code == 404
    assert told.send(b"x" * (LARGEST + 1)).status_code == 413
    assert told.send(b"[]").status_code == 400
    assert told.web.get("/webhooks/remnawave/main").status_code == 405
    body = json.dumps({"event": "x", "timestamp": told.kiosk.now.isoformat(), "data": {}}).encode()
    assert told.send(body, code="").status_code == 200, "the first panel's address works without its code, too"


def test_mistake_18_a_slow_panel_does_not_hold_the_answer(told: Told) -> None:
    told.fault("down")
    assert told.tell("user.deleted").status_code == 200
    told.kiosk.world.offset.move(6)
    told.kiosk.hurry()
    assert [name for name, _ in told.kiosk.undone()] == ["provisioning.look"]
    assert told.access().state == "ready", "no answer is no news"
    told.heal()
    told.settle()


def test_mistake_25_a_hint_keeps_nothing_of_what_was_said(told: Told) -> None:
    told.kiosk.post(f"/panel/users/{told.there['username']}/disable")
    told.settle()
    rows = told.kiosk.scalar("SELECT json_agg(e)::text FROM outbox_events e")
    for name in ("shortUuid", "trojanPassword", "vlessUuid", "ssPassword"):
        assert told.there[name] not in rows
