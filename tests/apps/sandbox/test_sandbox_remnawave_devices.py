"""Devices and subscription pages of the stand-in panel, in both dialects: who gets servers, and on how many devices."""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.sandbox.remnawave import SQUADS
from tests.apps.sandbox.running_remnawave import GIB, Stand, running_remnawave

FIRST, SECOND, _ = SQUADS
PHONE, LAPTOP, TABLET = "phone-0123456789", "laptop-0123456789", "tablet-0123456789"


@pytest.fixture(params=["2", "3"])
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    with running_remnawave(tmp_path, request.param) as stand:
        yield stand


def fetch(user: dict[str, Any], hwid: str | None = None, **headers: str) -> httpx.Response:
    """As an app does; it opens the link it was given."""
    named = {"x-hwid": hwid} if hwid else {}
    return httpx.get(user["subscriptionUrl"], headers={**named, **headers}, trust_env=False)


def servers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return b64decode(answer.content).decode().splitlines()


def known(stand: Stand, user: dict[str, Any]) -> list[str]:
    return [device["hwid"] for device in stand.done("GET", f"/hwid/devices/{user[stand.key]}")["devices"]]


def owner(stand: Stand, user: dict[str, Any]) -> dict[str, Any]:
    return {"userId": user["id"]} if stand.dialect == "3" else {"userUuid": user["uuid"]}


def test_each_squad_is_a_server_and_without_squads_there_are_none(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=0, activeInternalSquads=[FIRST, SECOND])
    links = servers(fetch(user))
    assert len(links) == 2
    assert all(user["vlessUuid"] in link for link in links)
    stand.update(activeInternalSquads=[])
    assert servers(fetch(user)) == []


def test_who_may_not_connect_gets_the_reason_instead_of_servers(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=0, activeInternalSquads=[FIRST], trafficLimitBytes=GIB)
    stand.act(user, "disable")
    assert "disabled" in servers(fetch(user))[0]
    stand.act(user, "enable")
    stand.use(GIB)
    stand.pass_time(minutes=1)
    assert "limit" in servers(fetch(user))[0]
    stand.pass_time(days=31)
    assert "expired" in servers(fetch(user))[0]


def test_a_revoked_link_opens_no_more(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=0, activeInternalSquads=[FIRST])
    rotated = stand.act(user, "revoke")
    assert fetch(user).status_code == 404
    assert len(servers(fetch(rotated))) == 1
    assert httpx.get(f"{stand.url}/sub/{user['shortUuid']}/info", trust_env=False).json()["errorCode"] == "A063"


def test_a_fetch_makes_the_device_known(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=2, activeInternalSquads=[FIRST])
    about = {"x-device-os": "Android", "x-ver-os": "15", "x-device-model": "Pixel 9", "user-agent": "Happ/3"}
    assert len(servers(fetch(user, PHONE, **about))) == 1
    fetch(user, PHONE, **about)
    listed = stand.done("GET", f"/hwid/devices/{user[stand.key]}")
    assert listed["total"] == 1
    expected = {"platform": "Android", "osVersion": "15", "deviceModel": "Pixel 9", "userAgent": "Happ/3"}
    assert {**expected, "hwid": PHONE, **owner(stand, user)}.items() <= listed["devices"][0].items()


def test_a_device_above_the_limit_gets_nothing(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=1, activeInternalSquads=[FIRST])
    fetch(user, PHONE)
    refused = fetch(user, LAPTOP)
    assert (refused.status_code, refused.content) == (200, b"")
    assert refused.headers["x-hwid-max-devices-reached"] == "true"
    assert known(stand, user) == [PHONE]
    stand.update(hwidDeviceLimit=2)
    assert len(servers(fetch(user, LAPTOP))) == 1


@pytest.mark.parametrize("hwid", [None, "short", "x" * 65, "bad_letters_here"])
def test_with_a_limit_an_app_without_a_name_gets_nothing(stand: Stand, hwid: str | None) -> None:
    user = stand.create(hwidDeviceLimit=1, activeInternalSquads=[FIRST])
    refused = fetch(user, hwid)
    assert (refused.status_code, refused.content) == (200, b"")
    assert refused.headers["x-hwid-not-supported"] == "true"
    assert known(stand, user) == []


def test_zero_lifts_the_limit(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=0, activeInternalSquads=[FIRST])
    for number in range(5):
        assert len(servers(fetch(user, f"device-000000000{number}"))) == 1
    assert len(servers(fetch(user))) == 1


def test_null_is_the_panels_own_number(stand: Stand) -> None:
    stand.switch("/settings", fallback_device_limit=1)
    user = stand.create(activeInternalSquads=[FIRST])
    assert len(servers(fetch(user, PHONE))) == 1
    assert fetch(user, LAPTOP).headers["x-hwid-max-devices-reached"] == "true"
    stand.switch("/settings", hwid_enabled=False)
    assert len(servers(fetch(user, LAPTOP))) == 1
    assert len(servers(fetch(user))) == 1
    assert known(stand, user) == [PHONE, LAPTOP]


def test_a_lowered_limit_turns_nobody_away_who_is_there(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=2, activeInternalSquads=[FIRST])
    for hwid in (PHONE, LAPTOP):
        fetch(user, hwid)
    stand.update(hwidDeviceLimit=1)
    assert [len(servers(fetch(user, hwid))) for hwid in (PHONE, LAPTOP, TABLET)] == [1, 1, 0]
    assert known(stand, user) == [PHONE, LAPTOP]


def test_devices_are_deleted_one_or_all_by_the_dialects_own_key(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=3)
    other = stand.create("bob", hwidDeviceLimit=3)
    for hwid in (PHONE, LAPTOP, TABLET):
        fetch(user, hwid)
    fetch(other, PHONE)
    left = stand.done("POST", "/hwid/devices/delete", {**owner(stand, user), "hwid": PHONE})
    assert (left["total"], [device["hwid"] for device in left["devices"]]) == (2, [LAPTOP, TABLET])
    assert stand.refusal("POST", "/hwid/devices/delete", {**owner(stand, user), "hwid": PHONE}) == (404, "A204")
    assert stand.done("POST", "/hwid/devices/delete-all", owner(stand, user)) == {"total": 0, "devices": []}
    assert known(stand, other) == [PHONE]
    name = "userId" if stand.dialect == "3" else "userUuid"
    wrong = {"userUuid" if stand.dialect == "3" else "userId": 1, "hwid": PHONE}
    assert stand.issues("POST", "/hwid/devices/delete", wrong) == [name]
    assert stand.issues("POST", "/hwid/devices/delete-all", {}) == [name]


def test_a_device_is_added_once_and_within_the_limit(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=1)
    body = {**owner(stand, user), "hwid": PHONE, "platform": "iOS"}
    assert stand.done("POST", "/hwid/devices", body)["total"] == 1
    assert stand.refusal("POST", "/hwid/devices", body) == (400, "A098")
    assert stand.refusal("POST", "/hwid/devices", {**body, "hwid": LAPTOP}) == (400, "A099")
    stand.switch("/users/ada/devices", hwid=LAPTOP)  # by hand there is no limit
    assert known(stand, user) == [PHONE, LAPTOP]
    free = stand.create("bob", hwidDeviceLimit=0)  # lifts the limit for apps, but not here
    assert stand.refusal("POST", "/hwid/devices", {**owner(stand, free), "hwid": PHONE}) == (400, "A099")


def test_a_browser_gets_a_page_and_is_no_device(stand: Stand) -> None:
    user = stand.create(hwidDeviceLimit=1, activeInternalSquads=[FIRST])
    page = fetch(user, PHONE, accept="text/html,*/*")
    assert page.headers["content-type"].startswith("text/html")
    assert "ACTIVE" in page.text
    assert user["vlessUuid"] in page.text
    assert known(stand, user) == []


def test_the_page_for_people_writes_bytes_as_text(stand: Stand) -> None:
    user = stand.create(trafficLimitBytes=10 * GIB, activeInternalSquads=[FIRST])
    stand.use(GIB)
    shown = httpx.get(f"{user['subscriptionUrl']}/info", trust_env=False).json()["response"]
    expected = {
        "username": "ada",
        "daysLeft": 30,
        "trafficUsed": "1 GiB",
        "trafficUsedBytes": str(GIB),
        "trafficLimitBytes": str(10 * GIB),
        "expiresAt": user["expireAt"],
        "isActive": True,
        "userStatus": "ACTIVE",
    }
    assert expected.items() <= shown["user"].items()
    assert (shown["isFound"], len(shown["links"]), shown["subscriptionUrl"]) == (True, 1, user["subscriptionUrl"])
    assert known(stand, user) == []  # a look at the page is no device
    assert fetch({"subscriptionUrl": f"{stand.url}/sub/nobody"}).status_code == 404
    assert fetch({"subscriptionUrl": f"{stand.url}/api/sub/{user['shortUuid']}"}, PHONE).status_code == 200
