"""How the state of the stand-in panel's users changes: by requests, by the clock, by traffic, in both dialects."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.sandbox.remnawave.jobs import latest
from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.settings import Settings
from tests.apps.sandbox.running_remnawave import GIB, Stand, running_remnawave

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(params=["2", "3"])
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    with running_remnawave(tmp_path, request.param) as stand:
        yield stand


def expired(stand: Stand, **fields: Any) -> dict[str, Any]:
    user = stand.create(expireAt=stand.later(hours=1), **fields)
    stand.pass_time(hours=2)
    assert stand.status() == "EXPIRED"
    return user


def limited(stand: Stand) -> dict[str, Any]:
    user = stand.create(trafficLimitBytes=GIB)
    stand.use(GIB)
    stand.pass_time(seconds=45)
    assert stand.status() == "LIMITED"
    return user


def test_enable_and_disable_are_refused_the_second_time(stand: Stand) -> None:
    user = stand.create()
    path = f"/users/{user[stand.key]}/actions"
    assert stand.refusal("POST", f"{path}/enable", {}) == (400, "A030")
    assert stand.act(user, "disable")["status"] == "DISABLED"
    assert stand.refusal("POST", f"{path}/disable", {}) == (400, "A029")
    assert stand.act(user, "enable")["status"] == "ACTIVE"
    nobody = "9" if stand.dialect == "3" else "00000000-0000-4000-8000-000000000000"
    for action in ("enable", "disable", "reset-traffic", "revoke"):
        assert stand.refusal("POST", f"/users/{nobody}/actions/{action}", {}) == (404, "A025")


def test_a_user_expires_at_the_next_run_of_the_job(stand: Stand) -> None:
    stand.create(expireAt=stand.later(hours=1))
    stand.pass_time(minutes=59)
    assert stand.status() == "ACTIVE"
    stand.pass_time(minutes=1, seconds=31)
    assert stand.status() == "EXPIRED"


def test_also_a_limited_user_expires_but_a_disabled_one_does_not(stand: Stand) -> None:
    limited(stand)
    disabled = stand.create("bob", expireAt=stand.later(hours=1))
    stand.act(disabled, "disable")
    stand.pass_time(days=31)
    assert (stand.status(), stand.status("bob")) == ("EXPIRED", "DISABLED")


def test_what_was_disabled_while_it_expired_expires_when_it_is_enabled(stand: Stand) -> None:
    user = stand.create(expireAt=stand.later(hours=1))
    stand.act(user, "disable")
    stand.pass_time(hours=2)
    assert stand.act(user, "enable")["status"] == "ACTIVE"
    stand.pass_time(seconds=31)
    assert stand.status() == "EXPIRED"


def test_to_enable_an_expired_user_without_a_new_date_lasts_for_one_run(stand: Stand) -> None:
    user = expired(stand)
    enabled = stand.act(user, "enable")
    assert (enabled["status"], enabled["expireAt"]) == ("ACTIVE", user["expireAt"])
    stand.pass_time(seconds=31)
    assert stand.status() == "EXPIRED"
    assert stand.update(status="ACTIVE")["status"] == "ACTIVE"
    stand.pass_time(seconds=31)
    assert stand.status() == "EXPIRED"


def test_a_new_date_revives_an_expired_user(stand: Stand) -> None:
    expired(stand)
    assert stand.update(tag="A")["status"] == "EXPIRED"
    assert stand.update(expireAt=stand.later(days=1))["status"] == "ACTIVE"
    stand.pass_time(minutes=5)
    assert stand.status() == "ACTIVE"


def test_a_new_date_does_not_revive_a_disabled_or_limited_user(stand: Stand) -> None:
    limited(stand)
    assert stand.update(expireAt=stand.later(days=60))["status"] == "LIMITED"
    user = stand.create("bob")
    stand.act(user, "disable")
    assert stand.update("bob", expireAt=stand.later(days=60))["status"] == "DISABLED"


def test_disabled_is_taken_only_from_an_active_user(stand: Stand) -> None:
    expired(stand)
    assert stand.update(status="DISABLED")["status"] == "EXPIRED"
    assert stand.update(status="DISABLED", expireAt=stand.later(days=1))["status"] == "EXPIRED"
    assert stand.update(status="ACTIVE", expireAt=stand.later(days=1))["status"] == "ACTIVE"
    assert stand.update(status="DISABLED")["status"] == "DISABLED"
    assert stand.update(status="ACTIVE")["status"] == "ACTIVE"


def test_traffic_over_the_limit_limits_at_the_next_run_of_the_job(stand: Stand) -> None:
    stand.create(trafficLimitBytes=GIB)
    stand.use(GIB - 1)
    stand.pass_time(minutes=2)
    assert stand.status() == "ACTIVE"
    used = stand.use(1)["userTraffic"]
    assert (used["usedTrafficBytes"], used["lifetimeUsedTrafficBytes"]) == (GIB, GIB)
    assert used["firstConnectedAt"] is not None
    stand.pass_time(seconds=45)
    assert stand.status() == "LIMITED"


def test_no_limit_is_never_exceeded(stand: Stand) -> None:
    stand.create(trafficLimitBytes=0)
    stand.use(10 * GIB)
    stand.pass_time(minutes=2)
    assert stand.status() == "ACTIVE"


@pytest.mark.parametrize(("limit", "status"), [(2 * GIB, "ACTIVE"), (0, "ACTIVE"), (GIB // 2, "LIMITED")])
def test_a_larger_limit_revives_a_limited_user(stand: Stand, limit: int, status: str) -> None:
    limited(stand)
    assert stand.update(trafficLimitBytes=limit)["status"] == status
    stand.pass_time(minutes=2)
    assert stand.status() == status


def test_a_limit_that_is_lowered_below_the_use_limits(stand: Stand) -> None:
    stand.create(trafficLimitBytes=2 * GIB)
    stand.use(GIB)
    stand.update(trafficLimitBytes=GIB // 2)
    stand.pass_time(seconds=45)
    assert stand.status() == "LIMITED"


def test_to_activate_a_limited_user_without_a_reset_lasts_for_one_run(stand: Stand) -> None:
    user = limited(stand)
    assert stand.act(user, "enable")["status"] == "ACTIVE"
    stand.pass_time(seconds=45)
    assert stand.status() == "LIMITED"


def test_a_reset_revives_a_limited_user_and_keeps_the_lifetime_count(stand: Stand) -> None:
    user = limited(stand)
    reset = stand.act(user, "reset-traffic")
    assert reset["status"] == "ACTIVE"
    assert reset["userTraffic"]["usedTrafficBytes"] == 0
    assert reset["userTraffic"]["lifetimeUsedTrafficBytes"] == GIB
    assert reset["lastTrafficResetAt"] is not None
    stand.pass_time(minutes=2)
    assert stand.status() == "ACTIVE"


def test_extension_counts_from_the_later_of_now_and_the_date(tmp_path: Path) -> None:
    with running_remnawave(tmp_path, "3") as stand:
        user = stand.create(expireAt="2099-01-01T00:00:00Z")
        assert stand.act(user, "extend", {"days": 2})["expireAt"] == "2099-01-03T00:00:00.000Z"
        gone = stand.create("bob", expireAt=stand.later(hours=1))
        stand.pass_time(hours=5)
        extended = stand.act(gone, "extend", {"days": 1})
        assert extended["status"] == "ACTIVE"
        left = datetime.fromisoformat(extended["expireAt"]) - stand.now
        assert timedelta(hours=23, minutes=59) < left <= timedelta(days=1)
        stand.act(gone, "disable")
        assert stand.act(gone, "extend", {"days": 1})["status"] == "DISABLED"
        for wrong in (0, -1, "1", None):
            assert stand.issues("POST", f"/users/{gone['id']}/actions/extend", {"days": wrong}) == ["days"]


def test_a_bulk_is_answered_early_and_done_later(stand: Stand) -> None:
    users = [stand.create(f"k-{number}") for number in (1, 2)]
    whom = {("userIds" if stand.dialect == "3" else "uuids"): [user[stand.key] for user in users]}
    stand.done("POST", "/users/bulk/update", {**whom, "fields": {"tag": "A", "expireAt": "2099-01-01T00:00:00Z"}})
    stand.pass_time(seconds=2)
    assert [stand.get(f"k-{number}")["tag"] for number in (1, 2)] == ["A", "A"]
    stand.done("POST", "/users/bulk/extend-expiration-date", {**whom, "extendDays": 1})
    assert stand.get("k-1")["expireAt"] == "2099-01-01T00:00:00.000Z"
    stand.pass_time(seconds=2)
    assert stand.get("k-1")["expireAt"] == "2099-01-02T00:00:00.000Z"
    stand.done("POST", "/users/bulk/delete", whom)
    stand.pass_time(seconds=2)
    assert stand.state()["users"] == []


def test_a_bulk_is_checked_before_it_is_taken(stand: Stand) -> None:
    user = stand.create()
    name = "userIds" if stand.dialect == "3" else "uuids"
    whom = {name: [user[stand.key]]}
    for status in ("LIMITED", "EXPIRED"):
        body = {**whom, "fields": {"status": status}}
        assert stand.refusal("POST", "/users/bulk/update", body) == (400, "A089")
    path = "/users/bulk/extend-expiration-date"
    assert stand.issues("POST", path, {**whom, "extendDays": 10_000}) == ["extendDays"]
    assert stand.issues("POST", path, {name: whom[name] * 501, "extendDays": 1}) == [name]
    assert stand.issues("POST", path, {name: [], "extendDays": 1}) == [name]
    past = {**whom, "fields": {"expireAt": stand.later(days=-1)}}
    assert stand.issues("POST", "/users/bulk/update", past) == ["fields.expireAt"]


# --- the calendar: the panel on a clock that is set by hand -----------------------------------------------------------


class Desk:
    """A panel without a server, whose clock stands where it is put."""

    def __init__(self, directory: Path, now: datetime, **settings: Any) -> None:
        self.time = now
        self.told: list[str] = []
        self._directory, self._settings = directory, Settings(**settings)
        self.open()

    def open(self) -> None:
        """The panel is started, or started again."""
        journal = Journal(self._directory / "journal.jsonl")
        self.panel = Panel(journal, lambda: self.time, self._settings, self._tell)

    def _tell(self, event: str, user: dict[str, Any], **meta: Any) -> None:
        self.told.append(f"{event} {meta['expiration']}" if meta else event)

    def at(self, now: datetime) -> None:
        self.time = now
        self.panel.catch_up()

    def used(self, username: str = "ada") -> int:
        user = self.panel.users.find("username", username)
        assert user
        return int(user["traffic"]["usedTrafficBytes"])

    def add(self, strategy: str, username: str = "ada", **fields: Any) -> dict[str, Any]:
        given = {"username": username, "expireAt": "2099-01-01T00:00:00.000Z", "trafficLimitStrategy": strategy}
        return self.panel.create(given | fields)


def moscow(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=MOSCOW)  # type: ignore[arg-type,misc]  # year, month, day, hour, minute


@pytest.mark.parametrize(
    ("strategy", "before", "after"),
    [
        ("DAY", moscow(2026, 11, 5, 0, 4), moscow(2026, 11, 5, 0, 5)),
        ("WEEK", moscow(2026, 11, 9, 0, 14), moscow(2026, 11, 9, 0, 15)),  # a Monday
        ("MONTH", moscow(2026, 12, 1, 0, 19), moscow(2026, 12, 1, 0, 20)),
        ("MONTH_ROLLING", moscow(2026, 12, 4, 0, 9), moscow(2026, 12, 4, 0, 10)),  # the day on which it was made
    ],
)
def test_traffic_is_reset_by_the_calendar_of_the_panels_zone(
    tmp_path: Path, strategy: str, before: datetime, after: datetime
) -> None:
    desk = Desk(tmp_path, moscow(2026, 11, 4, 12, 0))
    user = desk.add(strategy)
    desk.at(before - timedelta(minutes=3))
    desk.panel.use(user, GIB)
    desk.at(before)
    assert desk.used() == GIB
    desk.at(after)
    assert desk.used() == 0
    assert user["lastTrafficResetAt"] == after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")
    assert desk.told == ["user.created", "user.first_connected"]  # nobody is told of it


def test_no_reset_never_comes_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 11, 4, 12, 0))
    desk.panel.use(desk.add("NO_RESET"), GIB)
    desk.at(moscow(2028, 1, 1, 12, 0))
    assert desk.used() == GIB


def test_a_reset_revives_whom_the_traffic_had_limited(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 11, 4, 12, 0))
    user = desk.add("DAY", trafficLimitBytes=GIB)
    desk.panel.use(user, GIB)
    desk.at(moscow(2026, 11, 4, 12, 1))
    assert user["status"] == "LIMITED"
    desk.at(moscow(2026, 11, 5, 0, 6))
    assert user["status"] == "ACTIVE"
    assert desk.told[-3:] == ["user.limited", "user.enabled", "user.traffic_reset"]


def test_the_31st_comes_on_the_last_day_of_a_shorter_month(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 1, 31, 12, 0))
    user = desk.add("MONTH_ROLLING")
    for day in (moscow(2026, 2, 28, 0, 10), moscow(2026, 3, 31, 0, 10), moscow(2026, 4, 30, 0, 10)):
        desk.at(day - timedelta(minutes=5))
        desk.panel.use(user, GIB)
        desk.at(day - timedelta(minutes=1))
        assert desk.used() == GIB
        desk.at(day)
        assert desk.used() == 0


def test_a_jump_over_many_resets_ends_as_if_they_had_all_been_seen(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 11, 4, 12, 0))
    users = [desk.add(name, f"u-{name}", expireAt="2027-01-01T00:00:00.000Z") for name in ("DAY", "MONTH_ROLLING")]
    for user in users:
        desk.panel.use(user, GIB)
    desk.at(moscow(2026, 12, 20, 12, 0))
    assert [desk.used(user["username"]) for user in users] == [0, 0]
    assert [user["lastTrafficResetAt"] for user in users] == ["2026-12-19T21:05:00.000Z", "2026-12-03T21:10:00.000Z"]
    desk.at(moscow(2027, 6, 1, 12, 0))
    assert [user["status"] for user in users] == ["EXPIRED", "EXPIRED"]


def test_a_reset_does_not_come_again_after_a_restart(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 11, 4, 12, 0))
    user = desk.add("DAY")
    desk.at(moscow(2026, 11, 5, 0, 6))
    desk.panel.use(user, GIB)
    desk.at(moscow(2026, 11, 5, 0, 30))
    desk.open()
    desk.at(moscow(2026, 11, 5, 0, 31))
    assert desk.used() == GIB
    desk.at(moscow(2026, 11, 6, 0, 5))
    assert desk.used() == 0


def test_what_fell_due_while_the_panel_was_down_is_done_when_it_is_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 11, 4, 12, 0))
    desk.add("DAY", expireAt="2026-11-04T10:00:00.000Z")
    desk.time = moscow(2026, 11, 6, 12, 0)
    desk.open()
    desk.panel.catch_up()
    user = desk.panel.users.find("username", "ada")
    assert user
    assert user["status"] == "EXPIRED"


def test_the_last_run_before_a_moment() -> None:
    noon = moscow(2026, 11, 4, 12, 0)  # a Wednesday
    assert latest("DAY", noon, MOSCOW) == moscow(2026, 11, 4, 0, 5)
    assert latest("WEEK", noon, MOSCOW) == moscow(2026, 11, 2, 0, 15)
    assert latest("MONTH", noon, MOSCOW) == moscow(2026, 11, 1, 0, 20)
    assert latest("WEEK", moscow(2026, 11, 2, 0, 14), MOSCOW) == moscow(2026, 10, 26, 0, 15)
    assert latest("MONTH", moscow(2026, 11, 1, 0, 19), MOSCOW) == moscow(2026, 10, 1, 0, 20)


def test_reminders_have_the_names_of_their_version(tmp_path: Path) -> None:
    start, end = datetime(2026, 11, 4, 12, tzinfo=UTC), datetime(2026, 11, 14, 12, tzinfo=UTC)
    moments = [end + timedelta(hours=hours, seconds=40) for hours in (-72, -48, -24, 0, 24)]

    def told(name: str, **settings: Any) -> list[str]:
        desk = Desk(tmp_path / name, start, **settings)
        desk.add("NO_RESET", expireAt="2026-11-14T12:00:00.000Z")
        for now in moments:
            desk.at(now)
        return desk.told[1:]

    assert told("old", version="2.7.4") == [
        "user.expires_in_72_hours",
        "user.expires_in_48_hours",
        "user.expires_in_24_hours",
        "user.expired",
        "user.expired_24_hours_ago",
    ]
    for version in ("2.8.1", "3.3.2"):
        assert told(f"off-{version}", version=version) == ["user.expired"]
        assert told(f"on-{version}", version=version, expiration_notifications=True) == [
            "user.expiration -72",
            "user.expiration -48",
            "user.expiration -24",
            "user.expired",
            "user.expiration 24",
        ]


def test_a_renewal_cancels_the_reminders_of_the_old_date(tmp_path: Path) -> None:
    desk = Desk(tmp_path, datetime(2026, 11, 4, 12, tzinfo=UTC), version="2.7.4")
    user = desk.add("NO_RESET", expireAt="2026-11-14T12:00:00.000Z")
    desk.panel.update(user, {"expireAt": "2027-11-14T12:00:00.000Z"})
    desk.at(datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert desk.told == ["user.created", "user.modified"]
    assert user["status"] == "ACTIVE"


def test_the_clock_may_be_set_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, moscow(2026, 12, 4, 12, 0))
    desk.add("DAY")
    desk.at(moscow(2026, 11, 4, 12, 0))
    user = desk.add("DAY", "bob", expireAt="2026-11-04T10:00:00.000Z")
    desk.at(moscow(2026, 11, 4, 14, 0))
    assert user["status"] == "EXPIRED"
