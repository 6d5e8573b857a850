"""The adapter of private chats against the sandbox's Telegram: the port's promises, kept on bad days, too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from services import catalog, provisioning
from services.catalog import Good
from services.platform.db import Database
from services.provisioning.channels.api import DoorApi
from services.provisioning.provisioners.base import Capability, Misconfigured, Rejected, TryLater
from tests.services.provisioning.channels.door_world import BOT, GOOD, Door
from tests.world import Kiosk

ROTATION = {"generation": 1}


@pytest.fixture
def door(kiosk: Kiosk) -> Door:
    return Door(kiosk)


def test_applying_again_makes_nothing_new(door: Door) -> None:
    held = [door.apply() for _ in range(3)]
    assert len({one.key for one in held}) == 1
    assert [one.content for one in held[0].artifacts] == door.links() == [door.link()]
    assert (held[0].state, held[0].place, held[0].location) == ("active", str(door.chat), "The club")
    assert door.calls("createChatInviteLink") == 1
    assert "t.me" not in repr(held[0])
    assert door.link() not in repr(held[0]), "a link is secret"


def test_what_is_stored_is_sealed(door: Door) -> None:
    for table, column in (("channel_invites", "sealed_link"), ("access_grants", "sealed")):
        stored = bytes(door.kiosk.scalar(f"SELECT {column} FROM {table}"))
        assert door.link().encode() not in stored
    events = door.kiosk.count("outbox_events", f"body::text LIKE '%{door.link()[-12:]}%'")
    refs = door.kiosk.count("access_grants", f"ref::text LIKE '%{door.link()[-12:]}%'")
    assert (events, refs) == (0, 0)


def test_a_rotation_is_made_once(door: Door) -> None:
    old = door.link()
    first, second = door.apply(**ROTATION), door.apply(**ROTATION)
    assert first.key == second.key
    assert door.links() == [first.artifacts[0].content] != [old]
    assert door.calls("revokeChatInviteLink") == 1


@pytest.mark.parametrize("method", ["createChatInviteLink", "revokeChatInviteLink"])
@pytest.mark.parametrize("mode", ["dropped", "dropped_after", "502", "500"])
def test_a_rotation_interrupted_anywhere_ends_with_one_working_link(door: Door, method: str, mode: str) -> None:
    old = door.link()
    door.fault(mode, method)
    with pytest.raises(TryLater):
        door.apply(**ROTATION)
    new = door.apply(**ROTATION).artifacts[0].content
    assert new in door.links()
    assert old not in door.links()
    assert door.kiosk.count("channel_invites") == 1


def test_telegrams_pause_is_kept(door: Door) -> None:
    door.fault("429", "createChatInviteLink", retry_after=17)
    with pytest.raises(TryLater) as wait:
        door.apply(**ROTATION)
    assert wait.value.after == 17


@pytest.mark.parametrize("mode", ["dropped", "dropped_after", "502"])
def test_an_approval_interrupted_is_still_ours(door: Door, mode: str) -> None:
    request = door.ask()
    door.fault(mode, "approveChatJoinRequest")
    with pytest.raises(TryLater):
        door.answer(request)
    door.answer(request)
    assert door.status() == "member"
    door.want("ended")
    door.apply(state="ended")
    assert door.status() == "left", "we let her in, so we put her out"


@pytest.mark.parametrize("mode", ["dropped", "dropped_after", "502"])
@pytest.mark.parametrize("method", ["getChatMember", "unbanChatMember", "revokeChatInviteLink"])
def test_an_end_interrupted_anywhere_is_finished(door: Door, method: str, mode: str) -> None:
    door.come_in()
    door.want("ended")
    door.fault(mode, method)
    with pytest.raises(TryLater):
        door.apply(state="ended")
    assert door.apply(state="ended").state == "absent"
    assert (door.status(), door.links()) == ("left", [])
    assert door.kiosk.count("outbox_events", "name = 'provisioning.member_removed'") <= 1


def test_the_end_comes_twice_and_bans_nobody(door: Door) -> None:
    door.come_in()
    door.want("ended")
    assert [door.apply(state="ended").state for _ in range(2)] == ["absent", "absent"]
    assert (door.status(), door.calls("unbanChatMember"), door.calls("banChatMember")) == ("left", 1, 0)
    door.adapter.remove(door.kiosk.kit.db, door.grant(), {}, door.kiosk.now)
    assert door.fetch().state == "absent"


def test_off_and_on_keeps_the_link(door: Door) -> None:
    door.come_in()
    link = door.link()
    door.want("suspended")
    held = door.apply(state="suspended")
    assert (held.state, held.artifacts, door.status()) == ("suspended", (), "left")
    assert door.fetch(state="suspended").state == "suspended"
    door.want("active")
    assert door.apply().artifacts[0].content == link


def test_an_operator_who_bars_a_grant_bars_the_door(door: Door) -> None:
    door.come_in()
    link = door.link()
    door.kiosk.scalar("UPDATE access_grants SET barred = 'abuse' RETURNING id")
    door.apply()
    assert door.status() == "left"
    door.answer(door.ask(link=link))
    assert door.status() == "left"


def test_what_is_there_is_seen_as_it_is(door: Door) -> None:
    assert door.fetch() == replace(door.apply(), ends_at=None)
    door.put("kicked")
    assert door.fetch().problem == "banned"
    door.fault("500", "getChatMember")
    with pytest.raises(TryLater):
        door.fetch()


def test_who_was_missed_at_the_end_is_found_later(door: Door) -> None:
    door.come_in()
    repair = (door.kiosk.kit.db, str(door.chat), door.kiosk.now)
    door.adapter.repair(*repair)
    assert door.status() == "member"
    door.want("ended")
    door.adapter.repair(*repair)
    assert (door.status(), door.links()) == ("left", [])


def test_an_answer_that_is_missing_changes_nothing(door: Door) -> None:
    door.come_in()
    door.want("ended")
    door.fault("500", "getChatMember", times=3)
    for _ in range(3):
        with pytest.raises(TryLater):
            door.adapter.repair(door.kiosk.kit.db, str(door.chat), door.kiosk.now)
    assert door.status() == "member"


@pytest.mark.parametrize(
    ("rights", "says"),
    [
        ([], "can_invite_users, can_restrict_members"),
        (["can_invite_users"], "can_restrict_members"),
        (["can_restrict_members"], "can_invite_users"),
    ],
)
def test_a_missing_right_is_named(door: Door, rights: list[str], says: str) -> None:
    assert door.adapter.check(str(door.chat)).says == "The club: 2 members, the bot may invite and remove"
    door.put("administrator", BOT, rights=["can_manage_chat", *rights])
    with pytest.raises(Misconfigured, match=f"^the bot lacks {says}$"):
        door.adapter.check(str(door.chat))


def test_without_rights_nothing_is_lost(door: Door) -> None:
    door.come_in()
    door.put("administrator", BOT, rights=["can_manage_chat"])
    door.want("ended")
    for _ in range(2):
        with pytest.raises(Misconfigured):
            door.apply(state="ended")
    with pytest.raises(Misconfigured):
        door.apply(**ROTATION)
    assert door.status() == "member"
    assert door.kiosk.count("outbox_events", "name = 'provisioning.channel_lost'") == 1
    door.put("administrator", BOT)
    door.apply(state="ended")
    assert door.status() == "left"


def test_a_new_title_is_noticed(door: Door) -> None:
    door.kiosk.scalar("UPDATE channels SET title = 'Old' RETURNING chat_id")
    assert door.apply().location == "Old"
    door.adapter.repair(door.kiosk.kit.db, str(door.chat), door.kiosk.now)
    assert door.apply().location == "The club"


def test_a_grant_of_nobody_is_refused(door: Door) -> None:
    with pytest.raises(Rejected):
        door.apply(telegram_id=None)
    assert door.apply(telegram_id=None, state="ended").state == "absent"


def test_a_good_without_a_chat_is_the_operators_fault(door: Door) -> None:
    with pytest.raises(Misconfigured):
        door.apply(good=Good("club", "channel", {}, {}))


def test_a_chat_that_is_not_there_is_the_operators_fault(door: Door) -> None:
    with pytest.raises(Misconfigured, match="chat not found"):
        door.apply(good=Good("club", "channel", {}, {"chat": -1009999999999}))


@pytest.mark.parametrize("chat", [5, -5, 0, True, "-1002045600001", -100, -2002045600001, -1002045600001.0])
def test_only_ids_of_channels_and_groups_are_sold(tx: Session, now: datetime, chat: object) -> None:
    written = f'"{chat}"' if isinstance(chat, str) else str(chat).lower()
    toml = GOOD.replace("{{", "{").replace("}}", "}").replace("{chat}", written)
    with pytest.raises(catalog.BadCatalogue, match="chat has a value that channel does not take"):
        catalog.import_catalogue(tx, toml, now)


def test_requests_at_once_open_once(door: Door) -> None:
    request = door.ask()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: door.answer(request), range(6)))
    assert (door.status(), door.roster()["grant_id"]) == ("member", door.grant().id)


def test_an_approval_that_the_end_overtakes_is_taken_back(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The subscription ends between our question to the database and Telegram's answer."""
    request, approve = door.ask(), DoorApi.approve

    def late(api: DoorApi, chat_id: int, user_id: int) -> bool:
        is_let_in = approve(api, chat_id, user_id)
        door.want("ended")
        return is_let_in

    monkeypatch.setattr(DoorApi, "approve", late)
    door.answer(request)
    assert door.status() == "left"


def test_of_a_request_answered_by_hand_we_claim_nothing(door: Door) -> None:
    request = door.ask()
    where = f"/telegram/chat/api/channels/{door.chat}/requests/{door.anna.telegram_id}"
    door.kiosk.post(where, approve=True)
    door.answer(request)
    assert door.roster()["grant_id"] is None
    door.want("ended")
    door.apply(state="ended")
    assert door.status() == "member"


def test_whoever_cannot_be_found_is_out(door: Door, db: Database) -> None:
    assert not door.adapter._api.member(door.chat, 17).is_in
    assert door.adapter._api.approve(door.chat, 17) is False
    assert door.adapter._api.remove(door.chat, 17) is False


def test_what_it_can_do(door: Door) -> None:
    assert door.adapter.capabilities == Capability.SUSPEND | Capability.ROTATE
    with pytest.raises(provisioning.Unsupported):
        door.adapter.devices(door.grant(), {})
