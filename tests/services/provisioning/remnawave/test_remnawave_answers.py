"""What the client makes of answers, also of those that no healthy panel gives."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr

from services.platform.config_panels import RemnawavePanel
from services.platform.errors import KioskError, Misconfigured, Rejected, TryLater
from services.provisioning.provisioners.remnawave import RemnawavePanels
from services.provisioning.remnawave.answers import read_user, write_moment
from services.provisioning.remnawave.client import Panel
from services.provisioning.remnawave.http import Refused, UserAbsent
from services.provisioning.remnawave.token import expiry
from tests.services.provisioning.remnawave.panels import CIPHER, grant
from tests.services.provisioning.remnawave.scripted_panel import Scripted, scripted_panel

END = datetime(2026, 12, 21, 12, 0, tzinfo=UTC)
UUID = "0f6ab6a4-0000-4000-8000-000000000001"
LINK = "https://sub.example.net/secret-short-uuid"
USER = {
    "id": 7,
    "shortUuid": "secret-short-uuid",
    "username": "k12",
    "status": "ACTIVE",
    "trafficLimitBytes": 1e11,
    "trafficLimitStrategy": "MONTH",
    "expireAt": "2026-12-21T12:00:00.000Z",
    "subscriptionUrl": LINK,
    "trojanPassword": "secret-trojan",
    "activeInternalSquads": [{"uuid": UUID.upper(), "name": "Default"}],
    "userTraffic": {"usedTrafficBytes": 5},
    "hwidDeviceLimit": None,
    "tag": "KIOSK",
    "telegramId": 42,
    "somethingNew": {"deep": [1]},
}


@pytest.fixture
def script() -> Iterator[Scripted]:
    with scripted_panel() as script:
        yield script


@pytest.fixture
def panel(script: Scripted) -> Iterator[Panel]:
    panel = Panel(script.url, "the-token", "the-key")
    yield panel
    panel.close()


def refused(error: type[KioskError], call: Callable[[], object]) -> Any:
    with pytest.raises(error) as caught:
        call()
    assert "secret" not in f"{caught.value!r}"
    assert "secret" not in f"{caught.value.__context__!r}"
    return caught.value


def test_both_versions_are_told_apart_by_the_uuid() -> None:
    three, two = read_user(USER), read_user({**USER, "uuid": UUID})
    assert (three.dialect, three.key, two.dialect, two.key) == (3, "7", 2, UUID)
    assert (three.traffic_bytes, three.used_bytes, three.expire_at) == (100_000_000_000, 5, END)
    assert three.squads == {UUID}


def test_mistake_25_a_user_shows_no_secret() -> None:
    assert "secret" not in repr(read_user(USER))


@pytest.mark.parametrize("missing", ["id", "shortUuid", "username", "status", "expireAt", "subscriptionUrl"])
def test_a_user_without_what_matters_is_not_believed(missing: str) -> None:
    refused(TryLater, lambda: read_user({name: value for name, value in USER.items() if name != missing}))


@pytest.mark.parametrize("missing", ["telegramId", "tag", "userTraffic", "activeInternalSquads", "hwidDeviceLimit"])
def test_a_user_without_the_rest_is_read(missing: str) -> None:
    assert read_user({name: value for name, value in USER.items() if name != missing}).username == "k12"


@pytest.mark.parametrize("moment", ["2026-12-21T12:00:00", "soon", None, 5])
def test_mistake_9_a_moment_without_zone_is_not_guessed(moment: object) -> None:
    refused(TryLater, lambda: read_user({**USER, "expireAt": moment}))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Moscow", "America/New_York"])
def test_mistake_9_moments_leave_in_utc_wherever_kiosk_runs(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        moscow = END.astimezone(timezone(timedelta(hours=3)))
        assert {write_moment(END), write_moment(moscow)} == {"2026-12-21T12:00:00Z"}
        assert write_moment(END + timedelta(microseconds=999_999)) == "2026-12-21T12:00:00Z"
        assert read_user(USER).expire_at == END
        with pytest.raises(ValueError, match="zone"):
            write_moment(END.replace(tzinfo=None))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_who_asks_and_through_what(script: Scripted, panel: Panel) -> None:
    script.will(200, {"response": USER})
    assert panel.find("k12")
    method, path, headers, _ = script.asked[0]
    assert (method, path) == ("GET", "/api/users/by-username/k12")
    assert headers["authorization"] == "Bearer the-token"
    assert headers["x-api-key"] == "the-key"
    # Without these the panel drops what comes by plain http.
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-for"]


@pytest.mark.parametrize("code", ["A025", "A063"])
def test_mistake_14_both_codes_mean_that_there_is_no_user(script: Scripted, panel: Panel, code: str) -> None:
    script.will(404, {"errorCode": code, "message": "User not found"})
    assert panel.find("k12") is None
    refused(UserAbsent, lambda: panel.update("k12", {}))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"message": "Cannot GET"}, Misconfigured),
        (404, b"<html>secret not found", TryLater),
        (401, {"errorCode": "A003"}, Misconfigured),
        (403, b"<html>secret", Misconfigured),
        (302, b"", Misconfigured),
        (200, b"<html>secret", TryLater),
        (200, b"[]", TryLater),
        (200, {"users": []}, TryLater),
        (200, {"response": {**USER, "username": "k13"}}, TryLater),
        (500, {"errorCode": "A001", "message": "secret"}, TryLater),
        (503, b"secret", TryLater),
        (502, b"", TryLater),
        (400, {"errorCode": "A089", "message": "secret"}, Rejected),
        (418, {}, Rejected),
        (0, b"", TryLater),
    ],
)
def test_what_each_answer_means(
    script: Scripted, panel: Panel, status: int, body: object, error: type[KioskError]
) -> None:
    """An answer that says nothing is never read as "there is no such user"."""
    script.will(status, body, location="/secret")
    refused(error, lambda: panel.find("k12"))
    refused(error, lambda: panel.get_or_create("k12", END, {}))


def test_a_failed_validation_names_the_fields_only(script: Scripted, panel: Panel) -> None:
    script.will(400, {"message": "Validation failed", "errors": [{"path": ["expireAt"], "message": "secret"}]})
    assert "expireAt" in str(refused(Refused, lambda: panel.update("k12", {})))


@pytest.mark.parametrize(("header", "after"), [("17", 17), ("99999", 3600), ("Sat, 28 Nov 2026 00:00:00 GMT", None)])
def test_slow_down(script: Scripted, panel: Panel, header: str, after: float | None) -> None:
    script.will(429, {"message": "secret"}, retry_after=header)
    assert refused(TryLater, lambda: panel.find("k12")).after == after


def test_mistake_1_nobody_listens() -> None:
    panel = Panel("http://127.0.0.1:9", "token")
    refused(TryLater, lambda: panel.find("k12"))
    panel.close()


def test_an_empty_success_is_looked_up(script: Scripted, panel: Panel) -> None:
    script.will(204)
    script.will(200, {"response": USER})
    assert panel.update("k12", {"tag": "KIOSK"}, END).username == "k12"
    assert [asked[0] for asked in script.asked] == ["PATCH", "GET"]
    assert script.asked[0][3] == {"username": "k12", "tag": "KIOSK", "expireAt": "2026-12-21T12:00:00Z"}


def test_deleted_is_deleted_whatever_the_version_says(script: Scripted, panel: Panel) -> None:
    for status, body in ((204, b""), (200, {"response": {"isDeleted": True}}), (404, {"errorCode": "A063"})):
        script.answers = []
        script.will(status, body)
        panel.delete(read_user(USER))


def test_bodies_name_the_owner_as_each_version_wants(script: Scripted, panel: Panel) -> None:
    script.will(200, {"response": {"total": 0, "devices": []}})
    panel.forget_device(read_user(USER), "abc")
    panel.forget_devices(read_user({**USER, "uuid": UUID}))
    assert [asked[3] for asked in script.asked] == [{"userId": 7, "hwid": "abc"}, {"userUuid": UUID}]


def test_a_list_that_breaks_off_is_no_list(script: Scripted, panel: Panel) -> None:
    page = {"users": [USER], "hasMore": True, "nextCursor": "a"}
    for broken in ({**page, "nextCursor": None}, page, {"users": [USER]}, {"users": [{}], "hasMore": False}):
        script.answers = []
        script.will(200, {"response": page})
        script.will(200, {"response": broken})
        refused(TryLater, lambda: panel.users(["k12"]))
    script.answers = []
    script.will(200, {"response": page})
    script.will(500, {"errorCode": "A001"})
    refused(TryLater, lambda: panel.users(["k12"]))


def test_other_peoples_users_need_not_be_readable(script: Scripted, panel: Panel) -> None:
    script.will(200, {"response": {"users": [USER, {"username": "x", "expireAt": None}], "hasMore": False}})
    assert set(panel.users(["k12", "k13"])) == {"k12"}
    refused(TryLater, lambda: panel.users(["x"]))


def test_pages_that_do_not_add_up_are_no_list(script: Scripted, panel: Panel) -> None:
    for users, total in (([USER], 2), ([USER, USER], 2), ([], 1), ([USER], None)):
        script.answers = []
        script.will(400, {"message": "Validation failed", "errors": []})
        script.will(200, {"response": {"users": users, "total": total}})
        script.will(200, {"response": {"users": [], "total": total}})
        refused(TryLater, lambda: panel.users(["k12"]))


def test_a_list_that_became_shorter_while_it_was_read_is_no_list(script: Scripted, panel: Panel) -> None:
    """Somebody of the first page was deleted: the second begins one later, and one in between is never told of."""
    script.will(400, {"message": "Validation failed", "errors": []})
    script.will(200, {"response": {"users": [USER], "total": 3}})
    script.will(200, {"response": {"users": [{"username": "x"}], "total": 2}})
    refused(TryLater, lambda: panel.users(["k12", "k13"]))


def test_mistake_3_a_name_that_was_taken_meanwhile_is_looked_up(script: Scripted, panel: Panel) -> None:
    script.will(400, {"errorCode": "A019", "message": "User username already exists"})
    script.will(200, {"response": USER})
    user, is_new = panel.get_or_create("k12", END, {})
    assert (user.key, is_new) == ("7", False)
    script.answers = []
    script.will(400, {"errorCode": "A019"})
    script.will(404, {"errorCode": "A063"})
    refused(UserAbsent, lambda: panel.get_or_create("k12", END, {}))
    script.answers = []
    script.will(400, {"errorCode": "A020"})
    refused(Refused, lambda: panel.get_or_create("k12", END, {}))


def jwt(**claims: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", json.dumps(claims).encode(), b"s")
    )


def test_a_token_tells_its_own_end() -> None:
    assert expiry(jwt(exp=int(END.timestamp()), uuid="x")) == END
    for silent in (jwt(uuid="x"), jwt(exp="soon"), jwt(exp=1e300), "a.b.c", "opaque", "a.é.c"):
        assert expiry(silent) is None


def test_a_device_that_the_panel_no_longer_knows_is_forgotten(script: Scripted) -> None:
    """Whatever a version says of that."""
    config = RemnawavePanel(code="main", url=script.url, token=SecretStr("the-token"), squads=("Default",))
    provisioner = RemnawavePanels([config], CIPHER)
    ours = {**USER, "tag": provisioner._where.marks.tag}
    for there in ([], [{"hwid": "device-0001"}]):
        script.answers = []
        script.will(200, {"response": ours})
        script.will(404, {"errorCode": "A101", "message": "Device not found"})
        script.will(200, {"response": {"total": len(there), "devices": there}})
        if there:
            refused(Misconfigured, lambda: provisioner.forget_device(grant(), {}, "device-0001"))
        else:
            provisioner.forget_device(grant(), {}, "device-0001")
    provisioner.close()
