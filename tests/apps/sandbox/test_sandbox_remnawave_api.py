"""The stand-in panel's door and its users, in both dialects: what passes, and what is refused and how."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from apps.sandbox.remnawave import SQUADS, TOKEN
from tests.apps.sandbox.running_remnawave import GIB, PROXIED, Stand, running_remnawave

FIRST, SECOND, _ = SQUADS
STALE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(params=["2", "3"])
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    with running_remnawave(tmp_path, request.param) as stand:
        yield stand


def test_a_request_that_came_through_no_proxy_is_cut_off(stand: Stand) -> None:
    for missing in ("x-forwarded-proto", "x-forwarded-for"):
        with pytest.raises(httpx.TransportError):
            stand.ask("GET", "/internal-squads", headers={missing: ""})
    with pytest.raises(httpx.TransportError):
        stand.ask("GET", "/internal-squads", headers={"x-forwarded-proto": "http"})
    assert stand.ask("GET", "/internal-squads").status_code == 200
    stand.switch("/settings", behind_proxy=False)
    assert stand.ask("GET", "/internal-squads", headers=dict.fromkeys(PROXIED, "")).status_code == 200


def test_only_a_bearer_token_that_is_known_opens(stand: Stand) -> None:
    for wrong in ("", "Bearer other", TOKEN, f"Basic {TOKEN}", "Bearer"):
        answer = stand.ask("GET", "/users/by-username/ada", headers={"Authorization": wrong})
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "A003")
        assert set(answer.json()) == {"timestamp", "path", "message", "errorCode"}
        assert answer.json()["path"] == "/api/users/by-username/ada"
    assert stand.refusal("GET", "/users/by-username/ada") == (404, "A063")


def test_a_token_expires_by_the_clock_of_the_world(stand: Stand) -> None:
    stand.switch("/tokens", token="short", expires_at=stand.later(days=1))
    short = {"Authorization": "Bearer short"}
    assert stand.ask("GET", "/internal-squads", headers=short).status_code == 200
    stand.pass_time(days=1)
    assert stand.refusal("GET", "/internal-squads", headers=short) == (401, "A003")
    assert stand.ask("GET", "/internal-squads").status_code == 200
    stand.switch("/tokens", token=TOKEN, revoked=True)
    assert stand.refusal("GET", "/internal-squads") == (401, "A003")


def test_a_token_of_3_may_do_what_its_scopes_name(stand: Stand) -> None:
    stand.switch("/tokens", token="reader", scopes=["users:get"])
    reader = {"Authorization": "Bearer reader"}
    assert stand.refusal("GET", "/users/by-username/ada", headers=reader) == (404, "A063")
    body = {"username": "ada", "expireAt": stand.later(days=1)}
    answer = stand.ask("POST", "/users", body, headers=reader)
    assert answer.status_code == (403 if stand.dialect == "3" else 201)


def test_a_key_of_the_reverse_proxy_is_asked_for_when_it_is_set(stand: Stand) -> None:
    stand.switch("/settings", api_key="caddy")
    assert stand.refusal("GET", "/internal-squads") == (401, "A003")
    assert stand.ask("GET", "/internal-squads", headers={"X-Api-Key": "caddy"}).status_code == 200


def test_a_new_user_has_what_was_asked_for_and_the_defaults(stand: Stand) -> None:
    expire_at = stand.later(days=30)
    answer = stand.ask("POST", "/users", {"username": "ada", "expireAt": expire_at})
    assert answer.status_code == 201
    user = answer.json()["response"]
    assert ("uuid" in user) == (stand.dialect == "2")
    assert isinstance(user["id"], int)
    expected: dict[str, Any] = {
        "username": "ada",
        "status": "ACTIVE",
        "trafficLimitBytes": 0,
        "trafficLimitStrategy": "NO_RESET",
        "expireAt": expire_at,
        "telegramId": None,
        "email": None,
        "description": None,
        "tag": None,
        "hwidDeviceLimit": None,
        "externalSquadUuid": None,
        "activeInternalSquads": [],
        "subRevokedAt": None,
        "subscriptionUrl": f"{stand.url}/sub/{user['shortUuid']}",
    }
    assert {name: user[name] for name in expected} == expected
    assert user["userTraffic"] == {
        "usedTrafficBytes": 0,
        "lifetimeUsedTrafficBytes": 0,
        "onlineAt": None,
        "firstConnectedAt": None,
        "lastConnectedNodeUuid": None,
    }
    full = stand.create(
        "bob",
        trafficLimitBytes=100.0,
        trafficLimitStrategy="MONTH_ROLLING",
        telegramId=7,
        email="a@example.com",
        description="Заказ",
        tag="VIP_1",
        hwidDeviceLimit=3,
        activeInternalSquads=[FIRST, SECOND, FIRST],
        shortUuid="sixteen-letters-",
        unknown="dropped",
    )
    assert full["activeInternalSquads"] == [{"uuid": one, "name": SQUADS[one]} for one in (FIRST, SECOND)]
    assert (full["trafficLimitBytes"], full["hwidDeviceLimit"], full["shortUuid"]) == (100, 3, "sixteen-letters-")
    assert "unknown" not in full
    assert stand.get("bob") == full


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("username", ["ab", "a" * 37, "имя", "a b", "a@b", 5, None]),
        ("expireAt", ["tomorrow", "2030-01-01", "2030-13-01T00:00:00Z", 1893456000, None]),
        ("status", ["active", "OFF", None]),
        ("trafficLimitBytes", [-1, "100", 1.5, None, True]),
        ("trafficLimitStrategy", ["month", "YEAR", None]),
        ("telegramId", ["7", 1.5]),
        ("tag", ["vip", "A B", "A" * 17]),
        ("email", ["nobody"]),
        ("description", [7, None]),
        ("hwidDeviceLimit", [-1, 1.5, "3", None]),
        ("activeInternalSquads", ["all", None, ["de1"]]),
        ("externalSquadUuid", ["x"]),
        ("vlessUuid", ["x"]),
        ("trojanPassword", ["short", "x" * 33]),
        ("shortUuid", ["ab", "x" * 65, "Кириллица-16-зна"]),
    ],
)
def test_a_value_that_the_schema_does_not_take_makes_nobody(stand: Stand, field: str, wrong: list[Any]) -> None:
    body = {"username": "ada", "expireAt": stand.later(days=30)}
    for value in wrong:
        assert stand.issues("POST", "/users", {**body, field: value}) == [field], value
    assert stand.state()["users"] == []


def test_validation_tells_of_everything_at_once(stand: Stand) -> None:
    assert stand.issues("POST", "/users", {"tag": "x"}) == ["expireAt", "tag", "username"]
    assert stand.issues("POST", "/users", [1]) == [""]
    answer = stand.ask("POST", "/users", content=b"{broken", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    undeclared = stand.ask("POST", "/users", content=b'{"username": "ada", "expireAt": "2099-01-01T00:00:00Z"}')
    assert undeclared.status_code == 400


def test_the_length_of_a_short_uuid_depends_on_the_dialect(stand: Stand) -> None:
    lengths = {"2": (6, 48), "3": (16, 64)}[stand.dialect]
    user = stand.create(shortUuid="a" * lengths[0])
    for length in (lengths[0] - 1, lengths[1] + 1):
        path = f"/users/{user[stand.key]}/actions/revoke"
        assert stand.issues("POST", path, {"shortUuid": "b" * length}) == ["shortUuid"]
    assert stand.act(user, "revoke", {"shortUuid": "b" * lengths[1]})["shortUuid"] == "b" * lengths[1]


def test_names_are_unique(stand: Stand) -> None:
    stand.create("ada", shortUuid="0123456789abcdef")
    body = {"username": "ada", "expireAt": stand.later(days=9)}
    assert stand.refusal("POST", "/users", body) == (400, "A019")
    body = {"username": "bob", "expireAt": stand.later(days=9), "shortUuid": "0123456789abcdef"}
    assert stand.refusal("POST", "/users", body) == (400, "A020")
    other = stand.create("bob")
    path = f"/users/{other[stand.key]}/actions/revoke"
    assert stand.refusal("POST", path, {"shortUuid": "0123456789abcdef"}) == (400, "A020")
    stand.create("ADA")  # letters of another case are another name
    assert [user["username"] for user in stand.state()["users"]] == ["ada", "bob", "ADA"]


def test_of_many_who_make_the_same_user_at_once_one_does(stand: Stand) -> None:
    body = {"username": "ada", "expireAt": stand.later(days=9)}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: stand.ask("POST", "/users", body), range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 19
    assert {answer.json()["errorCode"] for answer in answers if answer.status_code == 400} == {"A019"}


def test_dates_are_cut_to_milliseconds_and_read_with_their_offset(stand: Stand) -> None:
    assert stand.create("ada", expireAt="2099-01-01T03:00:00.123999+03:00")["expireAt"] == "2099-01-01T00:00:00.123Z"
    assert stand.create("bob", expireAt="2099-01-01T00:00:00Z")["expireAt"] == "2099-01-01T00:00:00.000Z"


def test_a_date_without_a_zone_is_meant_where_the_panel_runs(stand: Stand) -> None:
    stand.switch("/settings", zone="America/New_York")
    assert stand.create("ada", expireAt="2099-01-01T00:00:00")["expireAt"] == "2099-01-01T05:00:00.000Z"
    assert datetime(2099, 1, 1, tzinfo=ZoneInfo("America/New_York")).utcoffset() == timedelta(hours=-5)


def test_one_is_found_by_each_name(stand: Stand) -> None:
    user = stand.create("ada", telegramId=7)
    stand.create("bob", telegramId=7)
    assert stand.done("GET", f"/users/{user[stand.key]}") == user
    assert stand.done("GET", "/users/by-username/ada") == user
    assert stand.done("GET", f"/users/by-short-uuid/{user['shortUuid']}") == user
    for path in ("by-username/nobody", "by-short-uuid/nobody"):
        assert stand.refusal("GET", f"/users/{path}") == (404, "A063")
    nobody = "999" if stand.dialect == "3" else STALE
    assert stand.refusal("GET", f"/users/{nobody}") == (404, "A063")


def test_the_other_dialects_key_is_not_taken(stand: Stand) -> None:
    user = stand.create()
    if stand.dialect == "3":
        uuid = stand.state()["users"][0]["uuid"]
        assert stand.issues("GET", f"/users/{uuid}", None) == ["k"]
        assert stand.issues("PATCH", "/users", {"uuid": uuid, "tag": "A"}) == [""]
    else:
        assert stand.issues("GET", f"/users/{user['id']}", None) == ["k"]
        assert stand.issues("PATCH", "/users", {"id": user["id"], "tag": "A"}) == [""]


def test_a_telegram_id_finds_all_who_have_it(stand: Stand) -> None:
    users = [stand.create(f"k-{number}", telegramId=7) for number in (1, 2)]
    stand.create("eve", telegramId=8)
    if stand.dialect == "2":
        assert stand.done("GET", "/users/by-telegram-id/7") == users
        assert stand.done("GET", "/users/by-telegram-id/9") == []
        assert stand.issues("GET", "/users/stream?telegramId=7", None) == ["k"]
    else:
        found = stand.done("GET", "/users/stream?telegramId=7")
        assert found == {"users": users, "nextCursor": None, "hasMore": False}
        assert stand.done("GET", "/users/stream?telegramId=9")["users"] == []
        assert stand.refusal("GET", "/users/by-telegram-id/7") == (404, None)


def test_a_change_of_telegram_id_is_found_and_the_old_one_is_not(stand: Stand) -> None:
    stand.create("ada", telegramId=7)
    stand.update(telegramId=8)
    finding = "/users/by-telegram-id/{}" if stand.dialect == "2" else "/users/stream?telegramId={}"
    found = [stand.done("GET", finding.format(number)) for number in (7, 8)]
    numbers = [len(one if stand.dialect == "2" else one["users"]) for one in found]
    assert numbers == [0, 1]


def test_pages_come_newest_first_with_the_total(stand: Stand) -> None:
    for number in range(5):
        stand.create(f"k-{number}")
    first = stand.done("GET", "/users?start=0&size=2")
    assert ([user["username"] for user in first["users"]], first["total"]) == (["k-4", "k-3"], 5)
    last = stand.done("GET", "/users?start=4&size=2")
    assert [user["username"] for user in last["users"]] == ["k-0"]
    assert stand.done("GET", "/users?start=5&size=2")["users"] == []
    assert len(stand.done("GET", "/users")["users"]) == 5
    for wrong in ("size=0", "size=501", "size=x", "start=-1"):
        assert stand.issues("GET", f"/users?{wrong}", None) == [wrong.split("=")[0]]


def test_resolve_takes_exactly_one_name(stand: Stand) -> None:
    user = stand.create()
    for name in ("id", "shortUuid", "username"):
        found = stand.done("POST", "/users/resolve", {name: user[name]})
        assert {key: found[key] for key in ("id", "username", "shortUuid")} == {
            key: user[key] for key in ("id", "username", "shortUuid")
        }
        assert ("uuid" in found) == (stand.dialect == "2")
    both = {"id": user["id"], "username": "ada"}
    assert stand.issues("POST", "/users/resolve", both) == [""]
    assert stand.issues("POST", "/users/resolve", {}) == [""]
    assert stand.refusal("POST", "/users/resolve", {"username": "nobody"}) == (404, "A063")


def test_an_update_by_any_key_changes_only_what_it_names(stand: Stand) -> None:
    user = stand.create(tag="A", telegramId=7, description="x", hwidDeviceLimit=3, activeInternalSquads=[FIRST])
    by_key = stand.done("PATCH", "/users", {stand.key: user[stand.key], "tag": "B"})
    assert {**user, "tag": "B", "updatedAt": by_key["updatedAt"]} == by_key
    nothing = dict.fromkeys(("tag", "telegramId", "description", "email", "hwidDeviceLimit", "externalSquadUuid"))
    emptied = stand.update(**nothing, trafficLimitBytes=GIB)
    assert {name: emptied[name] for name in nothing} == nothing
    assert (emptied["trafficLimitBytes"], emptied["activeInternalSquads"]) == (GIB, user["activeInternalSquads"])
    assert stand.refusal("PATCH", "/users", {"username": "nobody", "tag": "A"}) == (404, "A025")
    assert stand.issues("PATCH", "/users", {"tag": "A"}) == [""]


def test_squads_are_replaced_and_an_empty_list_removes_all(stand: Stand) -> None:
    stand.create(activeInternalSquads=[FIRST])
    assert [one["uuid"] for one in stand.update(activeInternalSquads=[SECOND])["activeInternalSquads"]] == [SECOND]
    assert stand.update(tag="A")["activeInternalSquads"] != []
    assert stand.update(activeInternalSquads=[])["activeInternalSquads"] == []


def test_an_update_refuses_what_the_schema_does_not_take(stand: Stand) -> None:
    before = stand.create()
    wrong: dict[str, Any] = {
        "expireAt": stand.later(seconds=-1),
        "status": "EXPIRED",
        "trafficLimitBytes": -1,
        "hwidDeviceLimit": -1,
        "activeInternalSquads": None,
        "tag": "x",
    }
    for name, value in wrong.items():
        assert stand.issues("PATCH", "/users", {"username": "ada", name: value}) == [name]
    assert stand.get() == before


def test_a_past_date_is_taken_when_a_user_is_made(stand: Stand) -> None:
    assert stand.create(expireAt=stand.later(days=-1))["status"] == "ACTIVE"


@pytest.mark.parametrize("field", ["activeInternalSquads", "externalSquadUuid"])
def test_a_squad_that_is_gone_fails_and_changes_nothing(stand: Stand, field: str) -> None:
    value = [FIRST, STALE] if field == "activeInternalSquads" else STALE
    body = {"username": "ada", "expireAt": stand.later(days=1), field: value}
    assert stand.refusal("POST", "/users", body) == (500, "A018")
    assert stand.state()["users"] == []
    before = stand.create()
    assert stand.refusal("PATCH", "/users", {"username": "ada", "tag": "A", field: value}) == (500, "A039")
    assert stand.get() == before


def test_a_squad_that_is_removed_leaves_its_members(stand: Stand) -> None:
    stand.create(activeInternalSquads=[FIRST, SECOND])
    squads = stand.done("GET", "/internal-squads")
    assert squads["total"] == 3
    assert [(one["uuid"], one["info"]["membersCount"]) for one in squads["internalSquads"]][:2] == [
        (FIRST, 1),
        (SECOND, 1),
    ]
    stand.switch(f"/squads/{FIRST}", "DELETE")
    assert [one["uuid"] for one in stand.get()["activeInternalSquads"]] == [SECOND]
    assert stand.done("GET", "/internal-squads")["total"] == 2
    assert stand.refusal("PATCH", "/users", {"username": "ada", "activeInternalSquads": [FIRST]}) == (500, "A039")
    stand.switch("/squads", name="Again", uuid=FIRST)
    assert stand.update(activeInternalSquads=[FIRST])["activeInternalSquads"] == [{"uuid": FIRST, "name": "Again"}]


def test_a_user_is_deleted_once(stand: Stand) -> None:
    user = stand.create()
    answer = stand.ask("DELETE", f"/users/{user[stand.key]}")
    if stand.dialect == "3":
        assert (answer.status_code, answer.content) == (204, b"")
    else:
        assert (answer.status_code, answer.json()) == (200, {"response": {"isDeleted": True}})
    assert stand.refusal("DELETE", f"/users/{user[stand.key]}") == (404, "A025")
    assert stand.refusal("GET", "/users/by-username/ada") == (404, "A063")
    assert stand.create()["id"] > user["id"]  # an id is never given again


def test_credentials_change_and_with_them_the_link_but_devices_stay(stand: Stand) -> None:
    user = stand.create()
    stand.switch("/users/ada/devices", hwid="phone-0123456789")
    secrets = ("vlessUuid", "trojanPassword", "ssPassword")
    kept = stand.act(user, "revoke", {"revokeOnlyPasswords": True})
    assert kept["subscriptionUrl"] == user["subscriptionUrl"]
    assert all(kept[name] != user[name] for name in secrets)
    assert kept["subRevokedAt"] is not None
    rotated = stand.act(user, "revoke")
    assert rotated["subscriptionUrl"] not in (user["subscriptionUrl"], "")
    assert all(rotated[name] != kept[name] for name in secrets)
    assert stand.refusal("GET", f"/users/by-short-uuid/{user['shortUuid']}") == (404, "A063")
    assert len(stand.state()["users"][0]["devices"]) == 1
    assert stand.issues("POST", f"/users/{user[stand.key]}/actions/revoke", {"revokeOnlyPasswords": "yes"}) == [
        "revokeOnlyPasswords"
    ]


def test_what_the_dialect_does_not_know_is_not_there(stand: Stand) -> None:
    user = stand.create()
    extend = stand.ask("POST", f"/users/{user[stand.key]}/actions/extend", {"days": 1})
    metadata = stand.ask("GET", "/system/metadata")
    if stand.dialect == "3":
        assert extend.status_code == 200
        assert metadata.json()["response"]["version"] == "3.3.2"
    else:
        assert (extend.status_code, metadata.status_code) == (404, 404)
        assert extend.json()["message"].startswith("Cannot POST /api/users/")
    assert stand.ask("PUT", "/users", {}).status_code == 404
    assert stand.refusal("GET", "/nothing") == (404, None)


def test_an_upgrade_takes_the_uuids_away_and_keeps_the_users(tmp_path: Path) -> None:
    with running_remnawave(tmp_path, "2") as stand:
        old = stand.create(telegramId=7, activeInternalSquads=[FIRST])
        stand.switch("/upgrade", dialect="3")
        assert stand.issues("GET", f"/users/{old['uuid']}", None) == ["k"]
        new = stand.done("GET", f"/users/{old['id']}")
        assert new == {name: value for name, value in old.items() if name != "uuid"}
        assert stand.done("POST", "/users/resolve", {"username": "ada"})["id"] == old["id"]
        assert stand.ask("DELETE", f"/users/{new['id']}").status_code == 204


def test_all_survives_a_restart(tmp_path: Path) -> None:
    with running_remnawave(tmp_path, "3", public_url="https://panel.example.com") as stand:
        stand.create("ada", telegramId=7, activeInternalSquads=[FIRST])
        gone = stand.create("bob")
        stand.ask("DELETE", f"/users/{gone['id']}")
        stand.switch(f"/squads/{SECOND}", "DELETE")
        stand.switch("/settings", fallback_device_limit=9)
        stand.use(5)
        before, user = stand.state(), stand.get()
    journal = tmp_path / "panel" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["user", "9", {"id"')  # the machine died in the middle of a line
    with running_remnawave(tmp_path, "3", public_url="https://panel.example.com") as stand:
        assert {**stand.state(), "now": before["now"]} == before
        assert stand.done("GET", "/users/stream?telegramId=7")["users"] == [user]
        assert stand.client.get("/settings").json()["fallback_device_limit"] == 9
        assert stand.create("bob")["id"] > gone["id"]
