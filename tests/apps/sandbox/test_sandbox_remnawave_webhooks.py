"""The stand-in panel's webhooks: what it tells, how it signs, how often it tries, and what a player may do to them."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.sandbox.remnawave import SQUADS, WEBHOOK_SECRET
from tests.apps.sandbox.running_remnawave import GIB, Stand, running_remnawave
from tests.world import wait_for


@pytest.fixture(params=["2", "3"])
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    with running_remnawave(tmp_path, request.param) as stand:
        stand.switch("/settings", webhook_urls=[stand.url.removesuffix("/panel") + "/shop"])
        yield stand


def told(stand: Stand) -> dict[str, Any]:
    return json.loads(stand.hooks.next()[1])


def events(stand: Stand, count: int) -> set[str]:
    """The names of the next ones, which may come in any order."""
    return {told(stand)["event"] for _ in range(count)}


def test_the_raw_body_is_signed_and_carries_its_time(stand: Stand) -> None:
    user = stand.create(description="Заказ №7")
    headers, raw = stand.hooks.next()
    assert headers["x-remnawave-signature"] == hmac.digest(WEBHOOK_SECRET.encode(), raw, hashlib.sha256).hex()
    body = json.loads(raw)
    assert headers["x-remnawave-timestamp"] == body["timestamp"]
    assert (headers["user-agent"], headers["content-type"]) == ("Remnawave", "application/json")
    assert (body["scope"], body["event"], body["data"]) == ("user", "user.created", user)
    assert "Заказ №7".encode() in raw


def test_everything_that_happens_to_a_user_is_told_also_what_the_shop_does_itself(stand: Stand) -> None:
    def after(event: str, work: Any) -> None:
        work()
        assert told(stand)["event"] == event

    user: dict[str, Any] = {}
    after("user.created", lambda: user.update(stand.create(trafficLimitBytes=GIB)))
    after("user.modified", lambda: stand.update(tag="A"))
    after("user.disabled", lambda: stand.act(user, "disable"))
    after("user.enabled", lambda: stand.act(user, "enable"))
    after("user.revoked", lambda: stand.act(user, "revoke"))
    after("user.first_connected", lambda: stand.use(GIB))
    stand.pass_time(seconds=45)
    after("user.limited", stand.status)
    stand.act(user, "reset-traffic")
    assert events(stand, 2) == {"user.enabled", "user.traffic_reset"}
    after("user_hwid_devices.added", lambda: stand.switch("/users/ada/devices", hwid="phone-0123456789"))
    stand.update(expireAt=stand.later(hours=1))
    assert told(stand)["event"] == "user.modified"
    stand.pass_time(hours=1, seconds=31)
    after("user.expired", stand.status)
    after("user.deleted", lambda: stand.ask("DELETE", f"/users/{user[stand.key]}"))
    assert stand.hooks.nothing_more()


def test_an_event_of_a_device_tells_of_both(stand: Stand) -> None:
    stand.switch("/settings", webhooks="drop")
    user = stand.create(hwidDeviceLimit=1)
    stand.switch("/settings", webhooks="send")
    stand.switch("/users/ada/devices", hwid="phone-0123456789")
    body = told(stand)
    assert (body["scope"], body["event"]) == ("user_hwid_devices", "user_hwid_devices.added")
    assert body["data"]["user"]["username"] == "ada"
    assert body["data"]["hwidUserDevice"]["hwid"] == "phone-0123456789"
    owner = {"userId": user["id"]} if stand.dialect == "3" else {"userUuid": user["uuid"]}
    stand.done("POST", "/hwid/devices/delete", {**owner, "hwid": "phone-0123456789"})
    assert told(stand)["event"] == "user_hwid_devices.deleted"


def test_what_is_not_taken_is_tried_three_more_times_and_then_lost(stand: Stand) -> None:
    for _ in range(4):
        stand.hooks.answers.put(500)
    stand.create()
    bodies = {stand.hooks.next()[1] for _ in range(4)}
    assert len(bodies) == 1
    wait_for(lambda: stand.client.get("/webhooks").json()["deliveries"][0]["state"] == "lost")
    assert stand.hooks.nothing_more()
    stand.hooks.answers.put(503)
    stand.update(tag="A")
    assert events(stand, 2) == {"user.modified"}
    wait_for(lambda: stand.client.get("/webhooks").json()["deliveries"][0]["state"] == "delivered")


def test_nobody_listening_changes_nothing_for_the_shop(stand: Stand) -> None:
    stand.switch("/settings", webhook_urls=["http://127.0.0.1:1/", "nonsense"])
    stand.create()
    wait_for(lambda: {one["state"] for one in stand.client.get("/webhooks").json()["deliveries"]} == {"lost"})
    attempts = stand.client.get("/webhooks").json()["deliveries"][0]["attempts"]
    assert len(attempts) == 4
    assert all(attempt["status"] is None for attempt in attempts)


def test_held_events_come_when_they_are_released_in_any_order(stand: Stand) -> None:
    stand.switch("/settings", webhooks="hold")
    stand.create()
    stand.update(tag="A")
    assert stand.hooks.nothing_more()
    stand.switch("/webhooks/release", reversed=True)
    assert [told(stand)["event"] for _ in range(2)] == ["user.modified", "user.created"]


def test_lost_events_never_come(stand: Stand) -> None:
    stand.switch("/settings", webhooks="drop")
    stand.create()
    stand.switch("/settings", webhooks="send")
    stand.client.post("/webhooks/release", json={})
    assert stand.hooks.nothing_more()


def test_a_late_event_tells_the_time_at_which_it_happened(stand: Stand) -> None:
    stand.switch("/settings", webhook_delay=0.2)
    stand.create()
    assert stand.hooks.nothing_more(0.05)
    assert told(stand)["data"]["username"] == "ada"


def test_an_event_is_replayed_byte_for_byte(stand: Stand) -> None:
    stand.create()
    first = stand.hooks.next()
    number = stand.client.get("/webhooks").json()["deliveries"][0]["id"]
    stand.switch("/webhooks/replay", id=number, times=3, parallel=True)
    for _ in range(3):
        headers, raw = stand.hooks.next()
        assert raw == first[1]
        assert headers["x-remnawave-signature"] == first[0]["x-remnawave-signature"]
    assert stand.client.post("/webhooks/replay", json={"id": "99"}).status_code == 404


def test_an_event_is_fired_though_nothing_happened(stand: Stand) -> None:
    user = stand.create(activeInternalSquads=list(SQUADS))
    assert len(told(stand)["data"]["activeInternalSquads"]) == 3
    stand.switch("/webhooks/fire", event="user.not_connected", username="ada", meta={"notConnectedAfterHours": 24})
    assert told(stand)["data"]["activeInternalSquads"] == []
    stand.switch("/webhooks/fire", event="user.deleted", username="ada", timestamp="2020-01-01T00:00:00.000Z")
    headers, raw = stand.hooks.next()
    body = json.loads(raw)
    assert (body["event"], body["data"]["id"], body["timestamp"]) == (
        "user.deleted",
        user["id"],
        "2020-01-01T00:00:00.000Z",
    )
    assert headers["x-remnawave-signature"] == hmac.digest(WEBHOOK_SECRET.encode(), raw, hashlib.sha256).hex()
    assert stand.status() == "ACTIVE"
    stand.switch("/webhooks/fire", event="user.expiration", username="ada", meta={"expiration": -24})
    assert told(stand)["meta"] == {"expiration": -24}
    stand.switch("/webhooks/fire", event="node.connection_lost", data={"name": "de1"}, times=2)
    assert [told(stand)["scope"] for _ in range(2)] == ["node", "node"]
    assert stand.client.post("/webhooks/fire", json={"event": "user.modified", "username": "eve"}).status_code == 404
    assert stand.client.post("/webhooks/fire", json={"event": "node.x", "data": {}, "times": 0}).status_code == 400


def test_a_forged_event_has_the_signature_it_was_given_or_none(stand: Stand) -> None:
    forged = b'{"event":"user.deleted", "data": {}}'
    stand.client.post("/webhooks/forge", content=forged, headers={"X-Remnawave-Signature": "f" * 64})
    headers, raw = stand.hooks.next()
    assert (raw, headers["x-remnawave-signature"]) == (forged, "f" * 64)
    stand.client.post("/webhooks/forge", content=b"not json")
    headers, raw = stand.hooks.next()
    assert raw == b"not json"
    assert not {"x-remnawave-signature", "x-remnawave-timestamp"} & set(headers)


def test_a_changed_secret_signs_from_then_on(stand: Stand) -> None:
    assert stand.client.post("/settings", json={"webhook_secret": "short"}).status_code == 400
    stand.switch("/settings", webhook_secret="B" * 32)
    stand.create()
    headers, raw = stand.hooks.next()
    assert headers["x-remnawave-signature"] == hmac.digest(b"B" * 32, raw, hashlib.sha256).hex()
