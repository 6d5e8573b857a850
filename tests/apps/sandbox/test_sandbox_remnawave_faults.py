"""Faults on order, the switches, the page for people and the size that the stand-in panel carries."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.sandbox.remnawave import SQUADS
from apps.sandbox.remnawave.journal import SLACK, Journal
from tests.apps.sandbox.running_remnawave import GIB, Stand, running_remnawave

FIRST = next(iter(SQUADS))


@pytest.fixture(params=["2", "3"])
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    with running_remnawave(tmp_path, request.param) as stand:
        yield stand


def made(stand: Stand) -> list[str]:
    return [user["username"] for user in stand.state()["users"]]


def body(stand: Stand) -> dict[str, Any]:
    return {"username": "ada", "expireAt": stand.later(days=30)}


@pytest.mark.parametrize(
    ("mode", "status", "done"),
    [
        ("500", 500, False),
        ("500_after", 500, True),
        ("502", 502, False),
        ("html", 200, False),
        ("html_after", 200, True),
        ("garbage", 200, False),
        ("garbage_after", 200, True),
        ("401", 401, False),
        ("403", 403, False),
        ("429", 429, False),
        ("down", None, False),
        ("dropped_after", None, True),
        ("hang", None, False),
    ],
)
def test_a_fault_is_met_as_often_as_it_was_ordered(stand: Stand, mode: str, status: int | None, done: bool) -> None:
    stand.switch("/faults", mode=mode, times=1, delay=0.05)
    if status is None:
        with pytest.raises(httpx.TransportError):
            stand.ask("POST", "/users", body(stand))
    else:
        answer = stand.ask("POST", "/users", body(stand))
        assert answer.status_code == status
        if mode.startswith(("html", "garbage")):
            with pytest.raises(json.JSONDecodeError):
                answer.json()
    assert made(stand) == (["ada"] if done else [])
    if done:
        assert stand.refusal("POST", "/users", body(stand)) == (400, "A019")
    else:
        assert stand.create()["username"] == "ada"


def test_a_slow_answer_was_done_at_once(stand: Stand) -> None:
    stand.switch("/faults", mode="slow", times=1, delay=30)
    with pytest.raises(httpx.ReadTimeout):
        stand.ask("POST", "/users", body(stand), timeout=0.2)
    assert made(stand) == ["ada"]


def test_a_fault_without_an_end_lasts_until_it_is_called_off(stand: Stand) -> None:
    stand.switch("/faults", mode="down")
    for _ in range(3):
        with pytest.raises(httpx.TransportError):
            stand.ask("GET", "/internal-squads")
    assert stand.client.get("/faults").json()["mode"] == "down"
    stand.switch("/faults", "DELETE")
    assert stand.ask("GET", "/internal-squads").status_code == 200
    assert stand.client.get("/faults").json() == {"mode": None}


def test_a_fault_may_wait_for_one_method_and_path(stand: Stand) -> None:
    stand.switch("/faults", mode="500", times=1, method="PATCH", path="/users")
    user = stand.create()
    assert stand.refusal("PATCH", "/users", {"username": "ada", "tag": "A"}) == (500, "A001")
    assert stand.update(tag="A")["id"] == user["id"]
    for order in (
        {"mode": "nonsense"},
        {"mode": "500", "times": 0},
        {"mode": "500", "delay": -1},
        {"mode": "500", "method": "PUT"},
        {"mode": "500", "path": "users"},
        {"mode": "500", "other": 1},
        ["500"],
    ):
        assert stand.client.post("/faults", json=order).status_code == 400


def test_the_switches_need_no_token_and_explain_a_wrong_order(stand: Stand) -> None:
    stand.switch("/users", username="stranger", expireAt=stand.later(days=1), telegramId=7)
    assert stand.get("stranger")["telegramId"] == 7
    assert stand.switch("/users/stranger/disable")["status"] == "DISABLED"
    assert stand.switch("/users/stranger/enable")["status"] == "ACTIVE"
    assert stand.switch("/users/stranger", "DELETE") == {"deleted": "stranger"}
    for method, path, order, status in (
        ("DELETE", "/users/nobody", None, 404),
        ("POST", "/users/nobody/traffic", {"bytes": 1}, 404),
        ("DELETE", "/squads/nothing", None, 404),
        ("POST", "/users", {"username": "x"}, 400),
        ("POST", "/fill", {"count": 0}, 400),
        ("POST", "/upgrade", {"dialect": "4"}, 400),
        ("POST", "/settings", {"zone": "Nowhere/Else"}, 400),
        ("POST", "/settings", {"version": "4.0.0"}, 400),
        ("POST", "/settings", {"nonsense": 1}, 400),
        ("POST", "/tokens", {"token": "x", "expires_at": "soon"}, 400),
        ("POST", "/tokens", {}, 400),
    ):
        answer = stand.client.request(method, path, json=order)
        assert (answer.status_code, list(answer.json())) == (status, ["error"]), (path, answer.text)


def test_the_state_tells_everything_whatever_the_dialect(stand: Stand) -> None:
    stand.create(activeInternalSquads=[FIRST])
    stand.switch("/users/ada/devices", hwid="phone-0123456789")
    state = stand.state()
    assert (state["dialect"], len(state["squads"])) == (stand.dialect, 3)
    (user,) = state["users"]
    assert {"id", "uuid", "username", "status", "devices", "userTraffic"} <= set(user)
    assert user["devices"][0]["hwid"] == "phone-0123456789"


def test_requests_and_problems_are_remembered(stand: Stand) -> None:
    stand.ask("POST", "/users", {"username": "x"})
    stand.ask("GET", "/users/by-username/nobody")
    with pytest.raises(httpx.TransportError):
        stand.ask("GET", "/internal-squads", headers={"x-forwarded-for": ""})
    log = stand.client.get("/log").json()["requests"]
    assert [(one["method"], one["path"], one["status"]) for one in log] == [
        ("POST", "/users", 400),
        ("GET", "/users/by-username/nobody", 404),
        ("GET", "/internal-squads", None),
    ]
    problems = stand.client.get("/problems").json()["problems"]
    assert [one["path"] for one in problems] == ["/users", "/internal-squads"]


def test_the_page_shows_users_squads_and_faults(stand: Stand) -> None:
    stand.create(trafficLimitBytes=10 * GIB, hwidDeviceLimit=3, activeInternalSquads=[FIRST])
    stand.use(GIB)
    stand.switch("/users/ada/devices", hwid="phone-0123456789")
    stand.ask("POST", "/users", {"username": "<b>"})
    stand.switch("/faults", mode="500_after", times=2)
    page = stand.client.get("/").text
    for expected in ("ada", "ACTIVE", "1 GiB of 10 GiB", "1 of 3 devices", "Default-Squad", "members: 1", "until "):
        assert expected in page
    assert "but it was done. For 2 more requests" in page
    assert "<b>ada" not in page
    assert 'name="viewport"' in page


def test_a_reset_leaves_nothing_but_the_count_of_ids(tmp_path: Path) -> None:
    with running_remnawave(tmp_path, "2", fallback_device_limit=7) as stand:
        user = stand.create(activeInternalSquads=[FIRST])
        first = stand.client.get("/settings").json()
        stand.switch(f"/squads/{FIRST}", "DELETE")
        stand.switch("/squads", name="More")
        stand.switch("/settings", webhooks="hold", fallback_device_limit=1)
        stand.switch("/tokens", token="other")
        stand.switch("/upgrade", dialect="3")
        stand.switch("/faults", mode="500")
        stand.switch("/reset")
        assert stand.client.get("/settings").json() == first
        state = stand.state()
        assert (state["users"], [squad["uuid"] for squad in state["squads"]]) == ([], list(SQUADS))
        assert stand.create()["id"] > user["id"]
    with running_remnawave(tmp_path, "2", fallback_device_limit=8) as stand:
        assert stand.client.get("/settings").json()["fallback_device_limit"] == 8


# --- many users -------------------------------------------------------------------------------------------------------


def test_ten_thousand_users_are_streamed_or_paged_whole(stand: Stand) -> None:
    assert stand.switch("/fill", count=10_000, expireAt=stand.later(days=30), telegramId=7) == {"users": 10_000}
    names: list[str] = []
    if stand.dialect == "3":
        cursor: str | None = ""
        while cursor is not None:
            after = f"&cursor={cursor}" if cursor else ""
            some = stand.done("GET", f"/users/stream?size=1000{after}")
            names += [user["username"] for user in some["users"]]
            assert some["hasMore"] == (some["nextCursor"] is not None)
            cursor = some["nextCursor"]
        assert len(stand.done("GET", "/users/stream?telegramId=7&size=1000")["users"]) == 1000
        assert stand.issues("GET", "/users/stream?size=1001", None) == ["size"]
    else:
        while len(names) < 10_000:
            names += [user["username"] for user in stand.done("GET", f"/users?start={len(names)}&size=500")["users"]]
    assert sorted(names) == sorted(f"fill-{number}" for number in range(10_000))


def test_a_change_of_one_among_many_writes_only_that_one(stand: Stand, tmp_path: Path) -> None:
    stand.switch("/fill", count=2000, expireAt=stand.later(days=30), prefix="many-")
    journal = tmp_path / "panel" / "journal.jsonl"
    before = journal.stat().st_size
    stand.update("many-7", tag="A")
    assert 0 < journal.stat().st_size - before < 2000


def test_the_journal_does_not_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal, lines = Journal(path), []
    for number in range(3 * SLACK):
        journal.put("user", "1", {"number": number})
        if number % 50 == 0:
            lines.append(len(path.read_bytes().splitlines()))
    assert max(lines) <= SLACK + 2
    assert Journal(path).of("user") == {"1": {"number": 3 * SLACK - 1}}
