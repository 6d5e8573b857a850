"""A panel as a whole: its zone, its upgrade, its token, all its users at once, and several panels."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.platform import logs
from services.platform.errors import KioskError, Misconfigured, TryLater
from services.provisioning.provisioners.base import Held
from services.provisioning.provisioners.remnawave import FEW
from services.provisioning.remnawave.client import PAGE
from tests.services.provisioning.remnawave.panels import (
    START,
    TOKEN,
    Clock,
    Stage,
    TestPanel,
    good,
    grant,
    running_panel,
    stage_on,
)

LATER = START + timedelta(days=60)


# --- zones ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York", "UTC"])
@pytest.mark.parametrize("panel_zone", ["Europe/Moscow", "Pacific/Auckland"])
def test_mistake_9_an_end_is_the_same_moment_wherever_anybody_runs(
    stage: Stage, clock: Clock, zone: str, panel_zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.panel.post("/settings", zone=panel_zone)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for end in (START + timedelta(days=30), LATER, LATER + timedelta(hours=1)):
            assert stage.apply(ends_at=end).ends_at == end
            assert datetime.fromisoformat(stage.user["expireAt"]) == end
        stage.panel.writes()
        stage.apply()
        assert stage.panel.writes() == []
        clock.now = LATER + timedelta(hours=1, minutes=-1)
        assert stage.fetch().state == "active"
        clock.pass_time(minutes=2)
        assert stage.fetch().state == "expired"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_mistake_9_what_the_panel_cuts_is_no_difference(stage: Stage) -> None:
    stage.apply()
    stage.provisioner._where.place("main").panel._http.patch(
        "/users", {"username": "k12", "expireAt": (stage.grant.ends_at + timedelta(microseconds=900_400)).isoformat()}
    )
    assert stage.fetch().problem is None
    stage.panel.writes()
    stage.apply()
    assert stage.panel.writes() == []


# --- upgrades ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path, clock: Clock) -> Iterator[Stage]:
    """On a panel of 2.x."""
    with running_panel(tmp_path, clock, "2") as panel, stage_on(panel, clock=clock) as stage:
        yield stage


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": LATER},
        {"state": "suspended"},
        {"generation": 1},
        {"usage_epoch": 2},
        {"good": good(squads=["Premium-Squad"])},
    ],
)
def test_mistake_20_an_upgrade_of_the_panel_changes_nothing(old: Stage, change: dict[str, object]) -> None:
    old.apply()
    old.panel.post("/users/k12/traffic", bytes=1)
    old.panel.post("/users/k12/devices", hwid="device-0001")
    uuid, link = old.held.ref["key"], old.link
    old.panel.post("/upgrade", dialect="3")
    assert (old.fetch().state, old.fetch().key) == ("active", old.held.key)
    old.provisioner.forget_device(old.grant, old.held.ref, "device-0001")
    old.apply()
    assert (old.link, old.held.ref["key"]) == (link, str(old.user["id"]))
    assert old.held.ref["key"] != uuid
    old.apply(**change)
    assert len(old.panel.users()) == 1
    assert old.fetch().problem is None
    old.remove()
    assert old.panel.users() == {}


def test_mistake_20_the_first_change_after_the_upgrade(old: Stage) -> None:
    """Everything at once, with a reference of before."""
    old.apply()
    old.panel.post("/users/k12/traffic", bytes=1)
    old.panel.post("/upgrade", dialect="3")
    held = old.apply(ends_at=LATER, generation=1, usage_epoch=2, devices=None)
    assert (held.state, held.ends_at, held.used_bytes) == ("active", LATER, 0)


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_mistake_21_a_token_that_ended_is_an_operators_matter_and_loses_nothing(stage: Stage, clock: Clock) -> None:
    stage.panel.post("/tokens", token=TOKEN, expires_at=(START + timedelta(days=1)).isoformat())
    stage.apply()
    clock.pass_time(days=2)
    for call in (stage.fetch, lambda: stage.apply(ends_at=LATER), lambda: stage.provisioner.check("main")):
        with pytest.raises(Misconfigured, match="token"):
            call()
    stage.panel.post("/tokens", token=TOKEN)
    assert stage.apply().ends_at == LATER


def test_mistake_21_a_check_tells_when_the_token_ends(stage: Stage) -> None:
    health = stage.provisioner.check("main")
    assert health.expires_at == START + timedelta(days=90)
    assert "Default-Squad" in health.says
    assert "2027-02-26" in health.says
    assert stage.panel.get("/state")["version"][0] in health.says


def test_a_check_misses_a_squad_before_a_buyer_does(stage: Stage) -> None:
    stage.panel.http.delete(f"/squads/{stage.panel.squad('Default-Squad')}")
    with pytest.raises(Misconfigured, match="Default-Squad"):
        stage.provisioner.check("main")


def test_a_proxy_before_the_panel_gets_its_key(tmp_path: Path, clock: Clock) -> None:
    with running_panel(tmp_path, clock, "3", api_key="caddy") as panel, stage_on(panel, clock=clock) as stage:
        with pytest.raises(Misconfigured):
            stage.apply()
        config = panel.config.model_validate({**panel.config.model_dump(), "api_key": "caddy"})
        stage.provisioner = type(stage.provisioner)([config], stage.provisioner._where.marks._cipher)
        assert stage.apply().state == "active"
        stage.provisioner.close()


# --- everybody at once ------------------------------------------------------------------------------------------------


def survey(stage: Stage, numbers: range) -> dict[int, Held]:
    grants = [(grant(number), {}) for number in numbers]
    return dict(stage.provisioner.survey(None, "main", grants, stage.now))  # type: ignore[arg-type]


@pytest.mark.parametrize("strangers", [0, 2 * PAGE + 7])
def test_a_survey_finds_ours_among_everybody(stage: Stage, strangers: int) -> None:
    for number in (12, 13):
        stage.held = Held("absent")
        stage.apply(id=number)
    if strangers:
        stage.panel.post("/fill", count=strangers, prefix="some", expireAt=LATER.isoformat())
    stage.panel.post("/users", username="k14", expireAt=LATER.isoformat())
    for numbers in (range(12, 16), range(12, 12 + 2 * FEW)):
        found = survey(stage, numbers)
        assert set(found) == set(numbers)
        assert (found[12].state, found[13].state) == ("active", "active")
        assert (found[14].state, found[14].problem) == ("absent", "foreign_user")
        assert {found[number].state for number in numbers if number > 13} == {"absent"}
    reads = [one for one in stage.panel.get("/log")["requests"] if one["path"] in ("/users/stream", "/users")]
    assert len([one for one in reads if one["method"] == "GET"]) <= 6


@pytest.mark.parametrize("mode", ["down", "500", "502", "html", "garbage", "429", "401"])
def test_mistake_14_a_survey_without_an_answer_finds_nobody_absent(stage: Stage, mode: str) -> None:
    stage.panel.post("/fill", count=PAGE + 1, prefix="some", expireAt=LATER.isoformat())
    stage.apply()
    for path in ("/users/", "/users/by-username", "/users"):
        stage.panel.fault(mode, method="GET", path=path)
        with pytest.raises((TryLater, Misconfigured)):
            survey(stage, range(12, 12 + 2 * FEW))


def test_a_survey_sees_what_somebody_changed(stage: Stage) -> None:
    stage.apply()
    stage.panel.post("/users/k12/disable")
    ((_, held),) = stage.provisioner.survey(None, "main", [(stage.grant, stage.held.ref)], stage.now)  # type: ignore[arg-type]
    assert (held.state, held.problem) == ("suspended", "differs")


# --- several panels ---------------------------------------------------------------------------------------------------


@contextmanager
def two(directory: Path, clock: Clock) -> Iterator[tuple[Stage, TestPanel, TestPanel]]:
    with ExitStack() as stack:
        fin = stack.enter_context(running_panel(directory, clock, "3", code="fin"))
        ams = stack.enter_context(running_panel(directory, clock, "2", code="ams"))
        yield stack.enter_context(stage_on(fin, ams, clock=clock)), fin, ams


@pytest.fixture
def pair(tmp_path: Path, clock: Clock) -> Iterator[tuple[Stage, TestPanel, TestPanel]]:
    with two(tmp_path, clock) as pair:
        yield pair


Pair = tuple[Stage, TestPanel, TestPanel]


def test_new_grants_go_to_the_emptiest_panel_and_stay_there(pair: Pair) -> None:
    stage, fin, ams = pair
    stage.provisioner.places(None)  # type: ignore[arg-type]
    fin.post("/users", username="x01", expireAt=LATER.isoformat(), activeInternalSquads=[fin.squad("Default-Squad")])
    assert stage.apply().place == "ams"
    for number in range(3):
        body = {"username": f"y{number}0", "activeInternalSquads": [ams.squad("Default-Squad")]}
        ams.post("/users", **body, expireAt=LATER.isoformat())
    stage.provisioner._where.place("ams").forget_squads()
    assert stage.apply(ends_at=LATER).place == "ams"
    assert "k12" not in fin.users()
    stage.held = Held("absent")
    assert stage.apply(id=13).place == "fin"


def test_a_lost_answer_makes_no_second_user_on_the_other_panel(pair: Pair) -> None:
    stage, fin, ams = pair
    for panel in (fin, ams):
        panel.fault("dropped_after", times=1, method="POST", path="/users")
    for panel in (fin, ams):
        with pytest.raises(TryLater):
            stage.apply()
        panel.heal()
        other = ams if panel is fin else fin
        other.heal()
        assert stage.apply().state == "active"
        break
    assert len([panel for panel in (fin, ams) if "k12" in panel.users()]) == 1


def test_one_panel_that_is_down_stops_no_sale_on_the_other(pair: Pair) -> None:
    stage, fin, ams = pair
    fin.fault("502")
    assert stage.apply().place == "ams"
    ams.fault("down")
    with pytest.raises(TryLater):
        stage.apply(ends_at=LATER)  # it stays where it is
    stage.held = Held("absent")
    with pytest.raises(TryLater):
        stage.apply(id=13)
    assert "k12" not in fin.users()


def test_a_good_may_name_its_panel_and_moves_with_it(pair: Pair) -> None:
    stage, fin, ams = pair
    assert stage.apply(good=good(panel="ams")).place == "ams"
    first = stage.held.key
    assert stage.apply(good=good()).place == "ams"
    held = stage.apply(good=good(panel="fin"), usage_epoch=2)
    assert (held.place, held.state, held.used_bytes) == ("fin", "active", 0)
    assert held.key != first
    assert (list(fin.users()), list(ams.users())) == (["k12"], [])
    assert stage.apply() == held


def test_a_move_that_was_cut_short_is_finished(pair: Pair) -> None:
    stage, fin, ams = pair
    stage.apply(good=good(panel="ams"))
    ams.fault("500", method="DELETE", times=1)
    with pytest.raises(TryLater):
        stage.apply(good=good(panel="fin"))
    assert stage.apply().place == "fin"
    assert (list(fin.users()), list(ams.users())) == (["k12"], [])


def test_what_is_to_end_ends_where_it_is(pair: Pair) -> None:
    stage, fin, ams = pair
    stage.apply(good=good(panel="ams"))
    assert stage.apply(good=good(panel="fin"), state="suspended").place == "ams"
    assert ams.user()["status"] == "DISABLED"
    assert fin.users() == {}


def test_a_panel_that_nobody_configured_is_an_operators_matter(pair: Pair, clock: Clock) -> None:
    stage, fin, _ = pair
    with pytest.raises(Misconfigured, match="REMNAWAVE_PANELS"):
        stage.apply(good=good(panel="nor"))
    stage.apply(good=good(panel="ams"))
    with stage_on(fin, clock=clock) as later:
        later.held, later.grant = stage.held, replace(stage.grant, good=good())
        with pytest.raises(Misconfigured, match="ams"):
            later.apply(ends_at=LATER)


def test_somebody_elses_name_on_one_panel_leaves_the_other(pair: Pair) -> None:
    stage, fin, _ = pair
    fin.post("/users", username="k12", expireAt=LATER.isoformat())
    assert stage.apply().place == "ams"


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_mistake_25_no_link_password_or_token_in_logs_and_errors(
    stage: Stage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    stage.apply()
    for mode in ("down", "500_after", "html_after", "garbage_after", "401", "403", "429", "dropped_after"):
        stage.panel.fault(mode, times=1, method="PATCH")
        try:
            stage.apply(ends_at=stage.grant.ends_at + timedelta(days=1))
        except KioskError as error:
            said.append(f"{error!r} {error.__cause__!r} {error.__context__!r}")
    stage.apply(generation=1)
    said += [repr(stage.held), repr(stage.grant), repr(stage.held.ref), caplog.text, *capsys.readouterr()]
    user = stage.user
    secrets = [user[name] for name in ("shortUuid", "trojanPassword", "vlessUuid", "ssPassword", "subscriptionUrl")]
    for secret in (*secrets, TOKEN):
        assert all(secret not in one for one in said), secret


def test_mistake_25_what_httpx_says_of_addresses_is_not_printed() -> None:
    """It names paths of the panel at INFO, with usernames; Kiosk's logs begin above that for it."""
    assert "httpx" in logs.NOISY


def test_mistake_18_no_transaction_is_open_while_a_panel_is_asked(stage: Stage) -> None:
    """Nothing here takes the database at all: it is given None."""
    assert stage.apply().state == "active"
