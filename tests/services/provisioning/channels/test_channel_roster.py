"""The roster: the newest news counts, whatever order they come in, and others' guests are never ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from services import provisioning
from tests.services.provisioning.channels.door_world import Door
from tests.world import Kiosk


@pytest.fixture
def door(kiosk: Kiosk) -> Door:
    return Door(kiosk)


def seen(door: Door) -> tuple[str, bool, bool]:
    now = door.roster()
    return now["status"], now["is_in"], now["grant_id"] is not None


def test_an_update_of_the_past_changes_nothing(door: Door) -> None:
    door.come_in()
    door.change(False, True, by_us=True, seconds=10)
    door.change(True, False, by_us=False, seconds=5)
    assert seen(door) == ("member", True, True)


def test_within_a_second_the_number_decides(door: Door) -> None:
    door.come_in()
    door.change(False, False, by_us=True, seconds=5, status="left", update_id=702)
    door.change(True, False, by_us=True, seconds=5, status="kicked", update_id=701)
    assert seen(door)[0] == "left"


def test_an_update_told_twice_is_one(door: Door) -> None:
    door.come_in()
    for _ in range(2):
        door.change(False, True, by_us=True, seconds=5, update_id=701)
    since = door.kiosk.scalar("SELECT since FROM channel_members")
    door.change(True, True, by_us=False, seconds=9, status="administrator")
    assert door.kiosk.scalar("SELECT since FROM channel_members") == since, "in since then, whatever the rank"


def test_somebody_elses_guest_is_not_ours(door: Door) -> None:
    door.come_in()
    door.change(True, False, by_us=False, seconds=5)
    door.change(False, True, by_us=False, seconds=9)
    assert seen(door) == ("member", True, False)


def test_whom_telegram_says_we_let_in_is_ours(door: Door) -> None:
    """We died before we noted it."""
    door.change(False, True, by_us=True)
    assert seen(door) == ("member", True, True)


def test_an_old_invitation_by_hand_does_not_undo_ours(door: Door) -> None:
    """It was told after we had let her in, but happened before: she had left since."""
    door.come_in()
    door.change(False, True, by_us=False, seconds=-60)
    assert seen(door)[2]


def test_the_late_news_of_a_removal_does_not_undo_a_new_entrance(door: Door) -> None:
    door.come_in()
    door.change(True, False, by_us=True, seconds=-30, status="kicked")
    door.change(False, False, by_us=True, seconds=-30, status="left")
    assert seen(door)[2], "she is still to be put out at the end"
    door.want("ended")
    door.apply(state="ended")
    assert door.status() == "left"


def test_chats_that_are_not_sold_have_no_roster(door: Door) -> None:
    change = provisioning.channels.MemberChange(-100777, 5, False, True, "member", False, door.kiosk.now, 1)
    rights = provisioning.channels.RightsChange(-100777, "Other", ("can_invite_users",), door.kiosk.now, 1)
    foreign = replace(door.request(door.anna), chat_id=-100777, ours=False)
    with door.kiosk.kit.db.begin() as tx:
        provisioning.channels.note_member(tx, change)
        provisioning.channels.note_rights(tx, rights, door.kiosk.now)
        provisioning.channels.note_request(tx, foreign, door.kiosk.now)
    assert door.kiosk.count("channel_members", "chat_id = -100777") == 0
    assert (
        door.kiosk.count("outbox_events", "name IN ('provisioning.channel_lost', 'provisioning.join_requested')") == 0
    )


def test_a_request_told_twice_is_answered_once(door: Door) -> None:
    request = door.request(door.anna)
    for _ in range(3):
        with door.kiosk.kit.db.begin() as tx:
            provisioning.channels.note_request(tx, request, door.kiosk.now)
    assert door.kiosk.count("outbox_events", "name = 'provisioning.join_requested'") == 1


def test_rights_are_those_of_the_newest_update(door: Door) -> None:
    lost = provisioning.channels.RightsChange(door.chat, "The club", ("can_invite_users",), door.kiosk.now, 9)
    back = replace(lost, missing=(), update_id=10)
    with door.kiosk.kit.db.begin() as tx:
        for change in (back, lost, lost):
            provisioning.channels.note_rights(tx, change, door.kiosk.now)
    assert door.kiosk.count("channels", "trouble IS NOT NULL") == 0
    with door.kiosk.kit.db.begin() as tx:
        for change in (replace(lost, update_id=11), replace(lost, update_id=12), replace(back, update_id=13)):
            provisioning.channels.note_rights(tx, change, door.kiosk.now)
    for name in ("channel_lost", "channel_back"):
        assert door.kiosk.count("outbox_events", f"name = 'provisioning.{name}'") == 1


def test_who_has_not_been_in_for_long_is_forgotten(door: Door) -> None:
    door.come_in()
    with door.kiosk.kit.db.begin() as tx:
        provisioning.channels.note_request(tx, replace(door.request(door.anna), telegram_id=77), door.kiosk.now)
        for days, left in ((29, 2), (31, 1)):
            provisioning.channels.purge_roster(tx, door.kiosk.now + timedelta(days=days))
            assert tx.scalar(text("SELECT count(*) FROM channel_members")) == left
    assert seen(door)[2], "whoever is still to be put out is not"
