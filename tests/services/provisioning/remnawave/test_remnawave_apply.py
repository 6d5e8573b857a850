"""One grant on one panel, of both versions over real HTTP: what is wanted is what is there. Numbers are those of the
mistakes that shops make with panels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from services.platform.crypto import Cipher
from services.platform.errors import KioskError, Misconfigured, TryLater
from services.provisioning.provisioners.base import Held
from services.provisioning.remnawave.marks import key_of, username
from tests.services.provisioning.remnawave.panels import START, Clock, Stage, TestPanel, good, stage_on

GB = 10**9


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fails(stage: Stage, error: type[KioskError] = TryLater, **changes: object) -> KioskError:
    with pytest.raises(error) as caught:
        stage.apply(**changes)
    return caught.value


# --- created, once ----------------------------------------------------------------------------------------------------


def test_a_new_grant_is_one_user_with_all_that_was_bought(stage: Stage) -> None:
    held = stage.apply()
    user = stage.user
    assert (user["status"], user["trafficLimitBytes"], user["hwidDeviceLimit"]) == ("ACTIVE", 100 * GB, 3)
    assert moment(user["expireAt"]) == stage.grant.ends_at
    assert [squad["name"] for squad in user["activeInternalSquads"]] == ["Default-Squad"]
    assert user["telegramId"] == 4242
    assert (held.state, held.ends_at, held.used_bytes, held.place) == ("active", stage.grant.ends_at, 0, "main")
    assert stage.link == user["subscriptionUrl"]
    assert stage.panel.get("/problems") == {"problems": []}


def test_the_same_again_writes_nothing(stage: Stage) -> None:
    first = stage.apply()
    assert stage.panel.writes() == [("POST", "/users")]
    assert stage.apply() == first
    assert stage.fetch() == first
    assert stage.panel.writes() == []


OUTAGES = ["down", "500", "502", "html", "garbage", "429"]


@pytest.mark.parametrize("mode", [*OUTAGES, "hang"])
def test_mistake_1_a_panel_that_is_down_delays_and_loses_nothing(stage: Stage, mode: str) -> None:
    stage.panel.fault(mode, delay=0.1)
    fails(stage)
    assert stage.panel.users() == {}
    stage.panel.heal()
    assert stage.apply().state == "active"
    assert len(stage.panel.users()) == 1


@pytest.mark.parametrize("mode", ["down", "500", "502", "html", "garbage", "429", "401", "403"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_mistake_2_no_failure_looks_like_success(stage: Stage, mode: str, method: str) -> None:
    if method == "PATCH":
        stage.apply()
    stage.panel.fault(mode, method=method)
    error = fails(stage, KioskError, ends_at=START + timedelta(days=60))
    assert isinstance(error, Misconfigured if mode in ("401", "403") else TryLater)


@pytest.mark.parametrize("mode", ["dropped_after", "500_after", "html_after", "garbage_after"])
def test_mistake_3_created_though_the_answer_was_lost_is_found_again(stage: Stage, mode: str) -> None:
    stage.panel.fault(mode, times=1, method="POST", path="/users")
    fails(stage)
    (made,) = stage.panel.users().values()
    held = stage.apply()
    assert [user["id"] for user in stage.panel.users().values()] == [made["id"]]
    assert stage.link == made["subscriptionUrl"]
    assert stage.user["shortUuid"] == made["shortUuid"]
    assert held.ref["panel"] == "main"


def test_mistake_3_applied_by_many_at_once_it_is_one_user(stage: Stage) -> None:
    apply, together = stage.provisioner.apply, Barrier(8)

    def one(_: int) -> Held:
        together.wait(10)
        return apply(None, stage.grant, {}, stage.now)  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as pool:
        helds = list(pool.map(one, range(8)))
    assert len(stage.panel.users()) == 1
    assert {held.artifacts[0].content for held in helds} == {stage.user["subscriptionUrl"]}


def test_mistake_3_a_slow_answer_is_an_answer(stage: Stage) -> None:
    stage.panel.fault("slow", times=1, delay=0.3)
    assert stage.apply().state == "active"


@pytest.mark.parametrize("number", [1, 9, 10, 12, 999_999_999_999])
def test_mistake_5_names_come_from_the_grant_and_fit_the_panel(stage: Stage, number: int) -> None:
    stage.apply(id=number)
    (name,) = stage.panel.users()
    assert name == username(stage.grant.key)
    assert key_of(name) == stage.grant.key


def test_mistake_5_names_are_told_apart() -> None:
    names = [username(f"k{number}") for number in range(1, 2000)]
    assert len(set(names)) == 1999
    assert [key_of(name) for name in ("k1", "k00", "k0", "k012", "x12", "k", "kiosk", "k12 ", "K12")] == [None] * 9


# --- its end ----------------------------------------------------------------------------------------------------------


def test_extended_is_the_new_end_and_nothing_else(stage: Stage) -> None:
    stage.apply()
    stage.panel.writes()
    before = stage.user
    assert stage.apply(ends_at=START + timedelta(days=60)).ends_at == START + timedelta(days=60)
    assert stage.panel.writes() == [("PATCH", "/users")]
    changed = {name for name, value in stage.user.items() if value != before[name]}
    assert changed <= {"expireAt", "updatedAt"}


def test_mistake_7_an_expired_user_is_left_alone(stage: Stage, clock: Clock) -> None:
    stage.apply()
    clock.pass_time(days=30, minutes=1)
    stage.panel.writes()
    for state in ("active", "ended", "ended"):  # also before the core has noticed the end
        assert stage.apply(state=state).state == "expired"
    assert stage.panel.writes() == []
    assert moment(stage.user["expireAt"]) == START + timedelta(days=30)


def test_mistake_7_also_before_the_panel_has_noticed_the_end(stage: Stage, clock: Clock) -> None:
    stage.apply()
    clock.now = stage.grant.ends_at + timedelta(seconds=10)  # its job comes every half minute
    assert stage.user["status"] == "ACTIVE"
    stage.panel.writes()
    for state in ("active", "suspended", "ended"):
        assert stage.apply(state=state).state == "expired"
    assert stage.panel.writes() == []


def test_mistake_7_no_date_that_is_past_or_about_to_be_is_ever_sent(stage: Stage, clock: Clock) -> None:
    stage.apply()
    for end in (START - timedelta(days=1), START, START + timedelta(seconds=3)):
        stage.apply(ends_at=end)
    bodies = [one["body"] for one in stage.panel.get("/log")["requests"] if one["method"] == "PATCH"]
    assert all("expireAt" not in body for body in bodies)
    assert stage.user["status"] == "DISABLED", "the panel's own end is later than what is paid"
    assert stage.panel.get("/problems") == {"problems": []}


def test_a_grant_that_is_over_before_it_was_given_makes_no_user(stage: Stage) -> None:
    for state in ("active", "suspended", "ended"):
        assert stage.apply(state=state, ends_at=START - timedelta(hours=1)).state == "absent"
    assert stage.apply(state="suspended", ends_at=START + timedelta(days=1)).state == "absent"
    assert stage.panel.users() == {}


def test_mistake_8_ended_early_is_disabled_and_ended_in_time_expires(stage: Stage, clock: Clock) -> None:
    stage.apply()
    assert stage.apply(state="ended").state == "suspended"
    assert stage.user["status"] == "DISABLED"
    stage.panel.writes()
    stage.apply()
    assert stage.panel.writes() == []


def test_mistake_8_and_10_whatever_it_was_it_is_on_again_with_a_new_end(stage: Stage, clock: Clock) -> None:
    stage.apply()
    for off in ("suspended", "ended", "expired"):
        if off == "expired":
            clock.now = stage.grant.ends_at + timedelta(minutes=5)
            stage.apply(state="ended")
        else:
            stage.apply(state=off)
        assert stage.apply(state="active", ends_at=clock.now + timedelta(days=30)).state == "active"
        clock.pass_time(minutes=2)  # the panel's jobs have run
        assert stage.user["status"] == "ACTIVE", off
        assert moment(stage.user["expireAt"]) == stage.grant.ends_at


def test_mistake_8_renewed_while_suspended_stays_suspended(stage: Stage, clock: Clock) -> None:
    stage.apply()
    stage.apply(state="suspended")
    stage.panel.writes()
    assert stage.apply(ends_at=START + timedelta(days=60), usage_epoch=2).state == "suspended"
    assert stage.panel.writes() == []
    clock.pass_time(days=31)
    assert stage.apply(state="active").state == "active"
    assert moment(stage.user["expireAt"]) == START + timedelta(days=60)


def test_disabled_by_hand_is_put_right(stage: Stage) -> None:
    stage.apply()
    stage.panel.post("/users/k12/disable")
    assert (stage.fetch().state, stage.fetch().problem) == ("suspended", "differs")
    assert stage.apply().state == "active"
    assert stage.fetch().problem is None
    sent = [one["body"] for one in stage.panel.get("/log")["requests"] if one["method"] == "PATCH"]
    assert [set(body) for body in sent] == [{"username", "status", "expireAt", "hwidDeviceLimit"}]


def test_enabled_by_hand_does_not_stay_so(stage: Stage) -> None:
    stage.apply()
    stage.apply(state="suspended")
    stage.panel.post("/users/k12/enable")
    assert stage.fetch().problem == "differs"
    assert stage.apply().state == "suspended"


def test_suspended_holds_also_of_who_used_up_the_traffic(stage: Stage, clock: Clock) -> None:
    """The panel does not take DISABLED from a limited user, and at the next reset he would be back."""
    stage.apply(traffic_reset="day")
    stage.panel.post("/users/k12/traffic", bytes=200 * GB)
    clock.pass_time(minutes=1)
    assert stage.user["status"] == "LIMITED"
    assert stage.apply(state="suspended").state == "suspended"
    clock.pass_time(days=2)
    assert stage.user["status"] == "DISABLED"


# --- devices ----------------------------------------------------------------------------------------------------------


def attach(stage: Stage, *hwids: str) -> None:
    for hwid in hwids:
        stage.panel.post("/users/k12/devices", hwid=hwid, deviceModel="Pixel 8", platform="Android")


HWIDS = ("device-0001", "device-0002", "device-0003")


def test_mistake_11_the_limit_of_devices_is_sent_always(stage: Stage) -> None:
    stage.apply(devices=None)
    assert stage.user["hwidDeviceLimit"] == 0, "null would be the panel's own default"
    stage.apply(devices=5)
    assert stage.user["hwidDeviceLimit"] == 5
    stage.apply(ends_at=START + timedelta(days=60))
    stage.apply(devices=None)
    assert stage.user["hwidDeviceLimit"] == 0
    bodies = [one["body"] for one in stage.panel.get("/log")["requests"] if one["method"] in ("POST", "PATCH")]
    assert all("hwidDeviceLimit" in body for body in bodies)


def test_mistake_11_devices_stay_on_renewal_and_go_with_the_link(stage: Stage, clock: Clock) -> None:
    stage.apply()
    attach(stage, *HWIDS)
    stage.apply(ends_at=START + timedelta(days=60), usage_epoch=2)
    clock.now = START + timedelta(days=61)
    stage.apply(state="ended")
    stage.apply(state="active", ends_at=START + timedelta(days=90), usage_epoch=3)
    assert len(stage.user["devices"]) == 3
    stage.apply(generation=1)
    assert stage.user["devices"] == []
    attach(stage, HWIDS[0])
    stage.apply()
    assert len(stage.user["devices"]) == 1


def test_mistake_11_a_lower_limit_evicts_nobody(stage: Stage) -> None:
    stage.apply()
    attach(stage, *HWIDS)
    stage.apply(devices=1)
    assert [device.id for device in stage.provisioner.devices(stage.grant, stage.held.ref)] == list(HWIDS)


def test_devices_are_named_and_forgotten_by_the_owner(stage: Stage) -> None:
    devices = lambda: stage.provisioner.devices(stage.grant, stage.held.ref)  # noqa: E731
    assert devices() == ()
    stage.apply()
    assert devices() == []
    attach(stage, *HWIDS)
    assert (devices()[0].name, devices()[0].seen_at) == ("Pixel 8 Android", START)
    for _ in range(2):
        stage.provisioner.forget_device(stage.grant, stage.held.ref, HWIDS[1])
    assert [device.id for device in devices()] == [HWIDS[0], HWIDS[2]]


# --- traffic ----------------------------------------------------------------------------------------------------------


def use(stage: Stage, amount: int) -> None:
    stage.panel.post("/users/k12/traffic", bytes=amount)
    stage.clock.pass_time(minutes=1)


def resets(stage: Stage) -> int:
    return sum(path.endswith("reset-traffic") for _, path in stage.panel.writes())


def test_mistake_12_a_paid_period_forgets_what_was_used_once(stage: Stage) -> None:
    stage.apply()
    use(stage, 40 * GB)
    assert stage.apply(ends_at=START + timedelta(days=60)).used_bytes == 40 * GB, "days on top forget nothing"
    assert stage.apply(usage_epoch=2).used_bytes == 0
    use(stage, 5 * GB)
    for _ in range(3):
        assert stage.apply().used_bytes == 5 * GB
    assert resets(stage) == 1
    stage.apply(usage_epoch=3)
    assert (resets(stage), stage.user["userTraffic"]["usedTrafficBytes"]) == (1, 0)


@pytest.mark.parametrize("mode", ["dropped_after", "500_after", "garbage_after"])
def test_mistake_12_also_when_the_answer_was_lost(stage: Stage, mode: str) -> None:
    stage.apply()
    use(stage, 40 * GB)
    stage.panel.fault(mode, times=1, method="POST", path="/users/")
    fails(stage, usage_epoch=2)
    use(stage, 5 * GB)
    assert stage.apply().used_bytes == 5 * GB
    assert resets(stage) == 1


def test_mistake_12_reset_by_hand_long_ago_is_no_reset_of_this_period(stage: Stage, clock: Clock) -> None:
    stage.apply()
    clock.pass_time(days=1)
    key = stage.held.ref["key"]
    stage.provisioner._where.place("main").panel._http.post(f"/users/{key}/actions/reset-traffic")
    use(stage, 40 * GB)
    clock.pass_time(days=5)
    assert stage.apply(usage_epoch=2).used_bytes == 0


@pytest.mark.parametrize(
    ("word", "strategy"),
    [
        ("period", "NO_RESET"),
        ("none", "NO_RESET"),
        ("day", "DAY"),
        ("week", "WEEK"),
        ("month", "MONTH"),
        ("month_rolling", "MONTH_ROLLING"),
    ],
)
def test_mistake_12_only_periods_are_reset_by_us(stage: Stage, word: str, strategy: str) -> None:
    stage.apply(traffic_reset=word)
    assert stage.user["trafficLimitStrategy"] == strategy
    use(stage, GB)
    stage.apply(usage_epoch=2)
    assert resets(stage) == (word == "period")


def test_mistake_12_limits_are_whole_bytes_and_survive_renewals(stage: Stage, clock: Clock) -> None:
    stage.apply(traffic_bytes=500 * GB)
    clock.now = START + timedelta(days=31)
    stage.apply(state="ended")
    stage.apply(state="active", ends_at=START + timedelta(days=61), usage_epoch=2)
    assert stage.user["trafficLimitBytes"] == 500 * GB
    stage.apply(traffic_bytes=None)
    assert stage.user["trafficLimitBytes"] == 0
    bodies = [one["body"] for one in stage.panel.get("/log")["requests"] if one["body"]]
    assert all(type(body.get("trafficLimitBytes", 0)) is int for body in bodies)


def test_mistake_12_who_used_it_up_is_on_again_when_it_is_paid(stage: Stage) -> None:
    stage.apply()
    use(stage, 100 * GB)
    assert stage.apply().state == "limited"
    assert stage.apply(ends_at=START + timedelta(days=60), usage_epoch=2).state == "active"
    use(stage, 1)
    assert stage.user["status"] == "ACTIVE"


def test_mistake_12_who_used_it_up_is_not_on_again_for_nothing(stage: Stage) -> None:
    stage.apply()
    use(stage, 100 * GB)
    stage.panel.writes()
    for _ in range(3):
        assert stage.apply().state == "limited"
    assert stage.panel.writes() == []


def test_mistake_12_more_traffic_in_the_middle_of_a_period(stage: Stage) -> None:
    stage.apply()
    use(stage, 120 * GB)
    held = stage.apply(traffic_bytes=200 * GB)
    assert (held.state, held.used_bytes) == ("active", 120 * GB)
    use(stage, 1)
    assert stage.user["status"] == "ACTIVE"


# --- another tariff ---------------------------------------------------------------------------------------------------


def names(stage: Stage) -> list[str]:
    return sorted(squad["name"] for squad in stage.user["activeInternalSquads"])


def test_mistake_13_another_tariff_is_other_squads_and_limits(stage: Stage) -> None:
    link = stage.apply().key
    stage.apply(good=good(squads=["premium-squad", stage.panel.squad("Gaming-Squad").upper()]), devices=10)
    assert names(stage) == ["Gaming-Squad", "Premium-Squad"]
    held = stage.apply(good=good(), devices=1, traffic_bytes=GB)
    assert names(stage) == ["Default-Squad"]
    assert (stage.user["hwidDeviceLimit"], stage.user["trafficLimitBytes"]) == (1, GB)
    assert held.key == link, "the owner keeps the link"


def test_mistake_13_a_squad_that_is_gone_is_left_out_and_told_of(stage: Stage) -> None:
    both = good(squads=["Premium-Squad", "Gaming-Squad"])
    stage.apply(good=both)
    assert stage.panel.http.delete(f"/squads/{stage.panel.squad('Gaming-Squad')}").status_code == 200
    stage.provisioner._where.place("main").forget_squads()  # a minute later
    held = stage.apply(ends_at=START + timedelta(days=60))
    assert (held.state, held.problem, names(stage)) == ("active", "unknown_squads", ["Premium-Squad"])


def test_mistake_13_a_squad_deleted_this_very_minute_is_tried_again(stage: Stage) -> None:
    stage.apply(good=good(squads=["Premium-Squad", "Gaming-Squad"]))
    stage.apply(good=good())
    stage.panel.http.delete(f"/squads/{stage.panel.squad('Gaming-Squad')}")
    fails(stage, good=good(squads=["Premium-Squad", "Gaming-Squad"]))  # A039
    assert (stage.apply().problem, names(stage)) == ("unknown_squads", ["Premium-Squad"])


def test_mistake_13_without_any_squad_nothing_is_made_and_the_order_waits(stage: Stage) -> None:
    assert "Later-Squad" in str(fails(stage, Misconfigured, good=good(squads=["Later-Squad"])))
    assert stage.panel.users() == {}
    stage.panel.post("/squads", name="Later-Squad")
    assert stage.apply().state == "active"


def test_mistake_13_a_renewal_goes_on_when_all_its_squads_are_gone(stage: Stage) -> None:
    """Somebody renamed them: what was paid is extended, the user stays where he is, and operators are told."""
    stage.apply(good=good(squads=["Premium-Squad"]))
    held = stage.apply(good=good(squads=["Renamed-Squad"]), ends_at=START + timedelta(days=60))
    assert (held.state, held.ends_at, held.problem) == ("active", START + timedelta(days=60), "unknown_squads")
    assert names(stage) == ["Premium-Squad"]
    assert stage.fetch().problem == "unknown_squads"


def test_squads_changed_by_hand_are_put_right(stage: Stage) -> None:
    stage.apply(good=good(squads=["Premium-Squad"]))
    place = stage.provisioner._where.place("main")
    place.panel.update("k12", {"activeInternalSquads": [], "hwidDeviceLimit": None, "trafficLimitBytes": 0})
    assert stage.fetch().problem == "differs"
    stage.apply()
    assert (names(stage), stage.user["hwidDeviceLimit"], stage.user["trafficLimitBytes"]) == (
        ["Premium-Squad"],
        3,
        100 * GB,
    )


# --- deleted by hand --------------------------------------------------------------------------------------------------


def test_mistake_14_deleted_by_hand_is_made_again_with_the_same_link(stage: Stage) -> None:
    stage.apply()
    link, key = stage.link, stage.held.ref["key"]
    stage.panel.http.delete("/users/k12")
    assert stage.fetch().state == "absent"
    assert stage.apply().state == "active"
    assert stage.link == link
    assert stage.held.ref["key"] != key
    stage.panel.writes()
    stage.apply()
    assert stage.panel.writes() == []


@pytest.mark.parametrize("change", [{"ends_at": START + timedelta(days=60)}, {"generation": 1}, {"usage_epoch": 2}])
def test_mistake_14_deleted_at_the_worst_moment(
    stage: Stage, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the question and the change: A025 and A063 both mean that it is gone."""
    stage.apply()
    stage.panel.post("/users/k12/traffic", bytes=GB)
    panel = stage.provisioner._where.place("main").panel
    find = panel.find

    def find_and_lose(name: str) -> object:
        user = find(name)
        stage.panel.http.delete(f"/users/{name}")
        return user

    monkeypatch.setattr(panel, "find", find_and_lose)
    assert stage.apply(**change).state == "active"
    assert moment(stage.user["expireAt"]) == stage.grant.ends_at


# --- a new link -------------------------------------------------------------------------------------------------------


def test_mistake_15_the_link_that_is_returned_is_the_one_that_works(stage: Stage) -> None:
    first = stage.apply()
    old = stage.link
    second = stage.apply(generation=1)
    assert stage.link != old
    assert second.key != first.key
    assert stage.link == stage.user["subscriptionUrl"]
    sub = stage.panel.http.get(stage.link.removeprefix(stage.panel.url), headers={"x-hwid": "device-0001"})
    assert sub.status_code == 200
    assert stage.panel.http.get(old.removeprefix(stage.panel.url)).status_code == 404
    for _ in range(3):
        assert stage.apply() == second
    assert sum(path.endswith("revoke") for _, path in stage.panel.writes()) == 1


@pytest.mark.parametrize("mode", ["dropped_after", "500_after", "html_after"])
@pytest.mark.parametrize("path", ["/users/", "/hwid"])
def test_mistake_15_also_when_the_answer_was_lost(stage: Stage, mode: str, path: str) -> None:
    stage.apply()
    attach(stage, *HWIDS)
    stage.panel.fault(mode, times=1, method="POST", path=path)
    fails(stage, generation=1)
    replaced = stage.user["subscriptionUrl"]
    stage.apply()
    assert stage.link == stage.user["subscriptionUrl"] == replaced
    assert stage.user["devices"] == []
    assert sum(path.endswith("revoke") for _, path in stage.panel.writes()) == 1


def test_a_rotation_while_suspended_waits_and_is_done(stage: Stage) -> None:
    stage.apply()
    old = stage.link
    stage.apply(state="suspended", generation=1)
    assert stage.apply(state="active").state == "active"
    assert stage.link != old


def test_links_cannot_be_guessed_from_each_other(stage: Stage) -> None:
    marks = stage.provisioner._where.marks
    links = {marks.short_uuids(f"k{number}", generation)[0] for number in range(50) for generation in range(3)}
    assert len(links) == 150
    assert {len(link) for link in links} == {32}
    other = Cipher("another secret, long enough")
    with stage_on(stage.panel, clock=stage.clock, cipher=other) as elsewhere:
        assert elsewhere.provisioner._where.marks.short_uuids("k1", 0) != marks.short_uuids("k1", 0)


def test_a_new_encryption_secret_changes_neither_link_nor_owner(stage: Stage) -> None:
    stage.apply(generation=1)
    link = stage.link
    rotated = Cipher("another secret, long enough", ["a secret for tests, long enough"])
    with stage_on(stage.panel, clock=stage.clock, cipher=rotated) as later:
        later.grant, later.held = stage.grant, stage.held
        assert later.apply().state == "active"
        assert later.link == link
        assert later.user["tag"] != stage.provisioner._where.marks.tag
        later.held = type(later.held)("absent")
        later.apply()
        assert later.link == link


# --- other people's users ---------------------------------------------------------------------------------------------


def stranger(panel: TestPanel, name: str = "k12", **more: object) -> dict[str, object]:
    panel.post("/users", username=name, expireAt="2027-01-01T00:00:00Z", telegramId=4242, **more)
    return panel.user(name)


@pytest.mark.parametrize("tag", [None, "VIP", "KIOSK_0000000000"])
def test_mistake_16_a_user_that_is_not_ours_is_never_touched(stage: Stage, tag: str | None) -> None:
    before = stranger(stage.panel, tag=tag)
    assert "k12" in str(fails(stage, Misconfigured))
    assert (stage.fetch().state, stage.fetch().problem) == ("absent", "foreign_user")
    assert stage.fetch().artifacts == ()
    for state in ("suspended", "ended"):
        assert stage.apply(state=state).state == "absent"
    stage.remove()
    stage.provisioner.forget_device(stage.grant, {}, "device-0001")
    assert stage.provisioner.devices(stage.grant, {}) == ()
    assert stage.user == before


def test_mistake_16_nobody_is_found_by_telegram_id(stage: Stage) -> None:
    before = stranger(stage.panel, "somebody")
    stage.apply()
    stage.apply(ends_at=START + timedelta(days=60))
    assert stage.panel.user("somebody") == before


def test_mistake_16_ours_is_ours_also_without_its_tag(stage: Stage) -> None:
    stage.apply()
    stage.provisioner._where.place("main").panel.update("k12", {"tag": None})
    stage.apply()
    assert stage.user["tag"] == stage.provisioner._where.marks.tag


def test_mistake_16_of_two_kiosks_on_one_panel_neither_takes_the_others(stage: Stage, clock: Clock) -> None:
    stage.apply()
    before = stage.user
    with stage_on(stage.panel, clock=clock, cipher=Cipher("another secret, long enough")) as other:
        fails(other, Misconfigured)
    assert stage.user == before


def test_the_operators_own_words_stay(stage: Stage) -> None:
    stage.apply()
    stage.provisioner._where.place("main").panel.update("k12", {"description": "a friend", "email": "a@b.cd"})
    stage.apply(ends_at=START + timedelta(days=60), generation=1, usage_epoch=2)
    assert (stage.user["description"], stage.user["email"]) == ("a friend", "a@b.cd")


# --- the end of it ----------------------------------------------------------------------------------------------------


def test_removed_twice_is_removed(stage: Stage) -> None:
    stage.remove()
    stage.apply()
    stage.panel.fault("dropped_after", times=1, method="DELETE")
    with pytest.raises(TryLater):
        stage.remove()
    for _ in range(2):
        stage.remove()
    assert stage.panel.users() == {}
    assert stage.fetch().state == "absent"
