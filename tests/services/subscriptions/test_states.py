"""The transition table as a whole: what follows is written nowhere else."""

from __future__ import annotations

import pytest

from services.subscriptions.states import GIVING_ACCESS, LIVE, RUNNING, TABLE, NotNow, after

STATES = {"trial", "active", "grace", "paused", "canceled", "expired"}


def test_every_state_is_reached_and_left() -> None:
    assert {state for state, _ in TABLE} == STATES
    assert set(TABLE.values()) == STATES
    assert {*LIVE, "expired"} == STATES


def test_a_payment_brings_back_from_everywhere() -> None:
    assert {after(state, "paid") for state in STATES} == {"active"}


def test_everything_that_lives_can_end_and_nothing_ends_twice() -> None:
    assert {state for state in LIVE if after(state, "ended") == "expired"} == set(LIVE)
    with pytest.raises(NotNow):
        after("expired", "ended")


def test_grace_follows_what_was_paid_for_only() -> None:
    assert [state for state in sorted(STATES) if (state, "late") in TABLE] == ["active"]


def test_a_gift_changes_nobodys_mind() -> None:
    """Who canceled or paused stays so; who had nothing has something."""
    assert {state: after(state, "given") for state in sorted(STATES)} == {
        "active": "active",
        "canceled": "canceled",
        "expired": "active",
        "grace": "active",
        "paused": "paused",
        "trial": "trial",
    }


def test_access_is_given_while_time_runs_and_in_grace() -> None:
    assert set(GIVING_ACCESS) == {*RUNNING, "grace"}
    assert "paused" not in GIVING_ACCESS


@pytest.mark.parametrize(
    ("state", "happens"),
    [("trial", "paused"), ("grace", "paused"), ("paused", "paused"), ("canceled", "canceled"), ("expired", "kept"),
     ("active", "tried"), ("active", "resumed"), ("trial", "changed"), ("paused", "changed"), ("x", "paid")],
)  # fmt: skip
def test_what_is_not_in_the_table_cannot_happen(state: str, happens: str) -> None:
    with pytest.raises(NotNow):
        after(state, happens)
