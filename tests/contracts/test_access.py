"""What every kind of access keeps to: the core relies on nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from services.platform.db import Database
from services.provisioning import Capability, OutOfStock
from services.provisioning.compare import difference
from services.provisioning.provisioners.base import Grant, Held, Misconfigured, Ref, Rejected, TryLater
from tests.contracts.access_sides import KINDS, Seen, Side, side_of
from tests.contracts.zones import in_zone, turns

DAY = timedelta(days=1)
ERRORS = {
    "down": TryLater,
    "after": TryLater,
    "misconfigured": Misconfigured,
    "rejected": Rejected,
    "out_of_stock": OutOfStock,
}


# Where a time is read or written. These meet every zone with every kind, the others one of them in turn.
TIMED = (
    "test_what_was_given_works_and_is_found",
    "test_another_end_keeps_everything_else",
    "test_the_end_is_the_same_moment_in_every_zone",
    "test_it_ends_by_itself_and_goes_on",
    "test_an_ended_one_may_be_applied_long_after",
    "test_compared_with_what_is_wanted_nothing_differs",
)


Test = TypeVar("Test", bound=Callable[..., None])
# By name of test: whether a side can be tried by it, perhaps in a mode.
ONLY: dict[str, Callable[[type[Side], str | None], bool]] = {}


def only(
    claims: Capability = Capability.NONE, *, mode: str | None = None, can: str | None = None
) -> Callable[[Test], Test]:
    """Tries the kinds that claim all of it, that know the mode (or else that of the test), and have a method of their
    own called `can`. Of the others none is opened."""

    def fits(side: type[Side], tried: str | None) -> bool:
        own = can is None or getattr(side, can) is not getattr(Side, can)
        return claims in side.claims and (mode or tried) in (None, *side.modes) and own

    def marked(test: Test) -> Test:
        ONLY[test.__name__] = fits
        return test

    return marked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "side" in metafunc.fixturenames:
        tests, own = [name for name in globals() if name.startswith("test_")], metafunc.function.__name__
        fits = ONLY.get(own, lambda *_: True)
        modes = ("down", "misconfigured") if "mode" in metafunc.fixturenames else (None,)
        cases = [
            (zone, kind, mode)
            for zone, kind in turns(KINDS, tests, own, everywhere=own in TIMED)
            for mode in modes
            if fits(side_of(kind), mode)
        ]
        ids = ["-".join(filter(None, (kind, zone.rpartition("/")[2], mode))) for zone, kind, mode in cases]
        if modes == (None,):
            metafunc.parametrize(("zone", "kind"), [case[:2] for case in cases], ids=ids)
        else:
            metafunc.parametrize(("zone", "kind", "mode"), cases, ids=ids)


@pytest.fixture
def side(zone: str, kind: str, db: Database, tmp_path: Path) -> Iterator[Side]:
    with in_zone(zone):
        opened = side_of(kind)(db, tmp_path)
        yield opened
        opened.close()


def apply(side: Side, grant: Grant, ref: Ref) -> Held:
    """As the core does: what is scarce is taken first, in a transaction of the caller's."""
    provisioner, now = side.provisioner, side.now()
    side.want(grant)
    if grant.state != "ended":
        with side.db.begin() as tx:
            provisioner.reserve(tx, grant, now)
    held = provisioner.apply(side.db, grant, copy.deepcopy(ref), now)
    check_form(held, grant)
    return held


def fetch(side: Side, grant: Grant, ref: Ref) -> Held:
    held = side.provisioner.fetch(side.db, grant, copy.deepcopy(ref), side.now())
    check_form(held, grant)
    return held


def check_form(held: Held, grant: Grant) -> None:
    assert json.loads(json.dumps(held.ref)) == held.ref, "it is stored as JSON"
    if held.ends_at is not None:
        assert held.ends_at.tzinfo is not None
        assert held.ends_at.microsecond == 0
    for artifact in held.artifacts:
        assert artifact.content
        assert artifact.content not in repr(held), "secrets do not show"
        assert artifact.content not in json.dumps(held.ref)


def one(side: Side, grant: Grant) -> Seen:
    (seen,) = side.seen(grant)
    return seen


def given(side: Side, **changes: object) -> tuple[Grant, Held]:
    grant = side.grant(**changes)
    held = apply(side, grant, {})
    assert held.state == "active"
    return grant, held


# --- giving -----------------------------------------------------------------------------------------------------------


def test_what_was_given_works_and_is_found(side: Side) -> None:
    grant, held = given(side)
    seen = one(side, grant)
    assert seen.works
    assert held.artifacts
    if seen.secret:
        assert any(seen.secret in artifact.content for artifact in held.artifacts)
    found = fetch(side, grant, held.ref)
    assert (found.state, found.key) == ("active", held.key)
    if Capability.EXPIRY in side.provisioner.capabilities:
        for at in (held.ends_at, found.ends_at, seen.ends_at):
            assert at is not None
            assert abs(at - grant.ends_at) <= timedelta(seconds=1)


def test_two_grants_are_two_things(side: Side) -> None:
    (first, held), (second, other) = given(side), given(side)
    apply(side, replace(first, state="ended", revision=2), held.ref)
    assert one(side, second).works
    assert fetch(side, second, other.ref).state == "active"


def test_applied_twice_is_one_object_and_the_same_credentials(side: Side) -> None:
    grant, held = given(side)
    before = side.everything()
    again = apply(side, grant, held.ref)
    assert (again.key, again.artifacts, again.state) == (held.key, held.artifacts, held.state)
    assert side.everything() == before, "nothing is different there"
    assert one(side, grant).works


def test_a_lost_reference_finds_the_same_object(side: Side) -> None:
    """A worker died between the other side's answer and storing it."""
    grant, held = given(side)
    again = apply(side, replace(grant, revision=2), {})
    assert (again.key, again.artifacts) == (held.key, held.artifacts)
    assert one(side, grant).works
    assert fetch(side, grant, {}).key == ("" if side.only_in_ref else held.key)


def test_a_fault_raises_and_never_returns(side: Side) -> None:
    for mode in side.modes:
        grant = side.grant()
        side.break_down(mode)
        with pytest.raises(ERRORS[mode]):
            apply(side, grant, {})
        side.mend()
        assert len(side.seen(grant)) <= 1, mode
        held = apply(side, grant, {})
        assert held.state == "active", mode
        assert one(side, grant).works, mode


@only(mode="after")
def test_an_answer_lost_after_the_work_was_done(side: Side) -> None:
    grant, held = given(side)
    for state, works in (("suspended", False), ("active", True), ("ended", False)):
        grant = replace(grant, state=state, revision=grant.revision + 1)
        side.break_down("after")
        with pytest.raises(TryLater):
            apply(side, grant, held.ref)
        side.mend()
        held = apply(side, grant, held.ref)
        assert [seen.works for seen in side.seen(grant)] in ([works], [works] if works else [])


@only()
def test_who_does_not_answer_is_not_absent(side: Side, mode: str) -> None:
    grant, held = given(side)
    side.break_down(mode)
    try:
        found = fetch(side, grant, held.ref)
    except ERRORS[mode]:
        with pytest.raises(ERRORS[mode]):
            list(side.provisioner.survey(side.db, held.place, [(grant, held.ref)], side.now()))
    else:
        assert found.state == "active", "our own tables know"
    side.mend()
    assert fetch(side, grant, held.ref).state == "active"


# --- changing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [60, 3], ids=["extend", "shorten"])
def test_another_end_keeps_everything_else(side: Side, days: int) -> None:
    grant, held = given(side)
    moved = replace(grant, revision=2, ends_at=side.now().replace(microsecond=0) + timedelta(days=days))
    after = apply(side, moved, held.ref)
    assert after.state == "active"
    if side.says_its_end:
        assert (after.key != held.key) == (moved.ends_at > grant.ends_at)
    else:
        assert (after.key, after.artifacts) == (held.key, held.artifacts)
    assert one(side, grant).works
    if side.says_its_end or Capability.EXPIRY in side.provisioner.capabilities:
        seen = one(side, grant).ends_at
        assert seen is not None
        assert abs(seen - moved.ends_at) <= timedelta(seconds=1)


def test_the_end_is_the_same_moment_in_every_zone(side: Side) -> None:
    grant, held = given(side)
    elsewhere = replace(grant, revision=2, ends_at=grant.ends_at.astimezone(UTC).astimezone())
    after = apply(side, elsewhere, held.ref)
    assert after.ends_at == held.ends_at
    assert one(side, grant).ends_at in (None, after.ends_at)


@only(Capability.SUSPEND)
def test_suspended_and_resumed_keeps_the_credentials(side: Side) -> None:
    grant, held = given(side)
    off = apply(side, replace(grant, state="suspended", revision=2), held.ref)
    assert off.state == "suspended"
    assert not any(seen.works for seen in side.seen(grant))
    assert fetch(side, replace(grant, state="suspended"), off.ref).state == "suspended"
    assert apply(side, replace(grant, state="suspended", revision=2), off.ref).state == "suspended", "twice"
    on = apply(side, replace(grant, revision=3), off.ref)
    assert (on.state, on.key, on.artifacts) == ("active", held.key, held.artifacts)
    assert one(side, grant).works


def test_ended_and_again_active(side: Side) -> None:
    grant, held = given(side)
    ended = apply(side, replace(grant, state="ended", revision=2), held.ref)
    assert ended.state in ("suspended", "expired", "absent")
    assert not any(seen.works for seen in side.seen(grant))
    again = apply(side, replace(grant, revision=3), ended.ref or held.ref)
    assert again.state == "active"
    assert one(side, grant).works
    if side.new_after_the_end:
        assert again.key != held.key
    elif Capability.SUSPEND in side.provisioner.capabilities:
        assert again.key == held.key, "who comes back soon keeps what they had"


def test_ended_although_never_given(side: Side) -> None:
    grant = side.grant(state="ended")
    assert apply(side, grant, {}).state in ("absent", "suspended", "expired")
    assert not any(seen.works for seen in side.seen(grant))


@only(Capability.EXPIRY)
def test_it_ends_by_itself_and_goes_on(side: Side) -> None:
    grant, held = given(side)
    side.later(31 * DAY)
    assert not one(side, grant).works
    assert fetch(side, grant, held.ref).state == "expired"
    longer = replace(grant, revision=2, ends_at=side.now().replace(microsecond=0) + 30 * DAY)
    after = apply(side, longer, held.ref)
    assert (after.state, after.key) == ("active", held.key)
    assert one(side, grant).works


def test_an_ended_one_may_be_applied_long_after(side: Side) -> None:
    """Some refuse a date in the past: it is never sent."""
    grant, held = given(side)
    side.later(31 * DAY)
    ended = replace(grant, state="ended", revision=2)
    after = apply(side, ended, held.ref)
    assert after.state != "active"
    assert not any(seen.works for seen in side.seen(grant))
    before = side.everything()
    apply(side, ended, after.ref or held.ref)
    assert side.everything() == before


@only(Capability.ROTATE)
def test_rotation_replaces_the_credentials_once(side: Side) -> None:
    grant, held = given(side)
    old = one(side, grant).secret
    rotated = replace(grant, generation=1, revision=2)
    new = apply(side, rotated, held.ref)
    assert new.key != held.key
    assert new.artifacts != held.artifacts
    assert one(side, grant).works
    if old:
        assert one(side, grant).secret != old, "the old ones are worth nothing"
    again = apply(side, rotated, new.ref)
    assert (again.key, again.artifacts) == (new.key, new.artifacts)
    fetched = fetch(side, rotated, new.ref)
    assert fetched.key == new.key


@only(Capability.ROTATE, mode="after")
def test_a_rotation_whose_answer_was_lost_ends_with_what_works(side: Side) -> None:
    grant, held = given(side)
    rotated = replace(grant, generation=1, revision=2)
    side.break_down("after")
    with pytest.raises(TryLater):
        apply(side, rotated, held.ref)
    side.mend()
    new = apply(side, rotated, held.ref)
    assert new.key != held.key
    seen = one(side, grant)
    assert seen.works
    assert any(seen.secret in artifact.content for artifact in new.artifacts)
    assert apply(side, rotated, new.ref).key == new.key


@only(Capability.LOCATIONS)
def test_an_owner_moves_and_comes_back(side: Side) -> None:
    first, second = side.locations()
    grant, held = given(side, location=first)
    moved = apply(side, replace(grant, location=second, revision=2), held.ref)
    assert moved.place != held.place
    assert one(side, grant).works, "here, and not there any more"
    back = apply(side, replace(grant, location=first, revision=3), moved.ref)
    assert back.place == held.place
    assert one(side, grant).works


@only(Capability.MOVES)
def test_another_good_takes_it_over(side: Side) -> None:
    grant, held = given(side)
    other = apply(side, replace(grant, good=side.other_good(), revision=2), held.ref)
    assert (other.key, other.artifacts) == (held.key, held.artifacts)
    assert one(side, grant).works


# --- usage and devices ------------------------------------------------------------------------------------------------


@only(Capability.USAGE)
def test_usage_is_told(side: Side) -> None:
    grant, held = given(side)
    assert fetch(side, grant, held.ref).used_bytes in (0, None)
    side.use(grant, 5_000_000_000)
    assert fetch(side, grant, held.ref).used_bytes == 5_000_000_000


@only(Capability.USAGE | Capability.RESET_USAGE)
def test_what_is_used_up_is_limited_until_a_new_period(side: Side) -> None:
    grant, held = given(side, traffic_bytes=1_000_000_000, usage_epoch=1)
    side.use(grant, 1_000_000_001)
    side.later(timedelta(minutes=5))
    assert fetch(side, grant, held.ref).state == "limited"
    assert apply(side, replace(grant, revision=2), held.ref).used_bytes != 0, "the same period"
    new = replace(grant, usage_epoch=2, revision=3)
    after = apply(side, new, held.ref)
    assert (after.state, after.used_bytes) == ("active", 0)
    side.use(grant, 1000)
    assert apply(side, new, after.ref).used_bytes == 1000, "once"


@only(Capability.USAGE | Capability.RESET_USAGE)
def test_who_was_cut_off_is_counted_whole_again(side: Side) -> None:
    """More than before the limit: a server that let them go has begun anew with its counters."""
    grant, held = given(side, traffic_bytes=1_000_000_000, usage_epoch=1)
    side.use(grant, 1_000_000_001)
    side.later(timedelta(minutes=5))
    held = apply(side, replace(grant, revision=2), held.ref)
    new = replace(grant, usage_epoch=2, revision=3, traffic_bytes=5_000_000_000)
    after = apply(side, new, held.ref)
    side.use(grant, 3_000_000_000)
    assert fetch(side, new, after.ref).used_bytes == 3_000_000_000


@only(Capability.USAGE | Capability.RESET_USAGE)
def test_usage_stays_where_periods_do_not_matter(side: Side) -> None:
    grant, held = given(side, traffic_bytes=1_000_000_000, traffic_reset="month", usage_epoch=1)
    side.use(grant, 1000)
    assert apply(side, replace(grant, usage_epoch=2, revision=2), held.ref).used_bytes == 1000


@only(Capability.USAGE)
def test_more_traffic_revives(side: Side) -> None:
    grant, held = given(side, traffic_bytes=1_000_000_000, traffic_reset="none")
    side.use(grant, 1_000_000_001)
    side.later(timedelta(minutes=5))
    assert apply(side, replace(grant, traffic_bytes=2_000_000_000, revision=2), held.ref).state == "active"


@only(Capability.DEVICES)
def test_devices_are_listed_and_forgotten(side: Side) -> None:
    grant, held = given(side)
    assert list(side.provisioner.devices(grant, held.ref)) == []
    side.connect(grant, "device-0001")
    side.connect(grant, "device-0002")
    assert {one.id for one in side.provisioner.devices(grant, held.ref)} == {"device-0001", "device-0002"}
    for _ in range(2):
        side.provisioner.forget_device(grant, held.ref, "device-0001")
    assert [one.id for one in side.provisioner.devices(grant, held.ref)] == ["device-0002"]
    longer = replace(grant, revision=2, ends_at=grant.ends_at + 30 * DAY)
    apply(side, longer, held.ref)
    assert len(side.provisioner.devices(grant, held.ref)) == 1, "a renewal forgets none"


# --- looking and removing ---------------------------------------------------------------------------------------------


def test_what_is_not_there_is_absent(side: Side) -> None:
    grant = side.grant()
    assert fetch(side, grant, {}).state == ("active" if side.nothing_outside else "absent")
    side.provisioner.remove(side.db, grant, {}, side.now())


def test_removed_twice_and_gone(side: Side) -> None:
    grant, held = given(side)
    ended = replace(grant, state="ended", revision=2)
    side.want(ended)
    for _ in range(2):
        side.provisioner.remove(side.db, ended, held.ref, side.now())
    assert not any(seen.works for seen in side.seen(grant))
    assert fetch(side, ended, held.ref).state in ("absent", "suspended")


@only(can="lose")
def test_deleted_by_hand_is_made_again(side: Side) -> None:
    grant, held = given(side)
    assert side.lose(grant)
    assert fetch(side, grant, held.ref).state == "absent"
    again = apply(side, replace(grant, revision=2), held.ref)
    assert again.state == "active"
    assert one(side, grant).works
    assert fetch(side, grant, again.ref).state == "active"


def test_a_survey_tells_what_is_there(side: Side) -> None:
    grants = [given(side) for _ in range(3)]
    side.lose(grants[0][0])
    unknown = side.grant()
    for place in {held.place for _, held in grants}:
        here = [(grant, held) for grant, held in grants if held.place == place]
        asked = [*((grant, held.ref) for grant, held in here), (unknown, {})]
        there = ["active" if side.seen(grant) else "absent" for grant, _ in here]
        told = dict(side.provisioner.survey(side.db, place, asked, side.now()))
        assert [told.pop(grant.id).state for grant, _ in asked[:-1]] == there
        assert told.pop(unknown.id).state == ("active" if side.nothing_outside else "absent")
        assert not told, "nobody else was asked about"
    for grant, held in grants[1:]:
        told = dict(side.provisioner.survey(side.db, held.place, [(grant, held.ref)], side.now()))
        assert all(one.key in ("", held.key) for one in told.values())


def test_compared_with_what_is_wanted_nothing_differs(side: Side) -> None:
    """What was just applied needs no repair, and half an hour more on our side does, where the other side ends it."""
    grant, held = given(side)
    longer = replace(grant, revision=2, ends_at=grant.ends_at + timedelta(minutes=30))
    for wish in (grant, longer):
        held = apply(side, wish, held.ref)
        found = fetch(side, wish, held.ref)
        assert difference(wish, found, held.state, held.key, side.now()) is None
    if Capability.EXPIRY in side.provisioner.capabilities:
        assert difference(grant, found, held.state, held.key, side.now()) == "end"


def test_looking_changes_nothing(side: Side) -> None:
    grant, held = given(side)
    before = side.everything()
    fetch(side, grant, held.ref)
    list(side.provisioner.survey(side.db, held.place, [(grant, held.ref)], side.now()))
    with side.db.begin() as tx:
        for place in side.provisioner.places(tx):
            assert side.provisioner.check(place).says
        side.provisioner.stock(tx, grant.good, (), side.now())
    assert side.everything() == before


@only(can="plant")
def test_foreign_things_are_never_touched(side: Side) -> None:
    planted = side.plant()
    assert planted is not None
    before = side.foreign(planted)
    grant, held = given(side)
    held = apply(side, replace(grant, state="suspended", revision=2), held.ref)
    held = apply(side, replace(grant, generation=1, revision=3), held.ref)
    held = apply(side, replace(grant, state="ended", generation=1, revision=4), held.ref)
    side.provisioner.remove(side.db, replace(grant, state="ended"), held.ref, side.now())
    with side.db.begin() as tx:
        places = side.provisioner.places(tx)
    for place in places:
        side.provisioner.repair(side.db, place, side.now())
    assert side.foreign(planted) == before


@only(Capability.STOCK)
def test_what_is_scarce_is_taken_once_and_given_back(side: Side) -> None:
    grant = side.grant()
    with side.db.begin() as tx:
        before = side.provisioner.stock(tx, grant.good, (), side.now())
    assert before is not None
    held = apply(side, grant, {})
    apply(side, grant, held.ref)
    with side.db.begin() as tx:
        assert side.provisioner.stock(tx, grant.good, (), side.now()) == before - 1
