"""Channels and groups: links, requests, members, bans, rights, and what the bot hears of it all."""

from pathlib import Path
from typing import Any

import aiogram.types
import pytest
import telegram as ptb
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from apps.sandbox.telegram import PRIVATE_CHANNEL, create_app
from tests.apps.sandbox.telegram.running_telegram import Clock, Telegram

BOT = 42
ALL = ["message", "my_chat_member", "chat_member", "chat_join_request"]


class Club:
    """A private channel with an owner, whose administrator the bot is."""

    def __init__(self, telegram: Telegram, kind: str = "channel", **how: Any) -> None:
        self.telegram = telegram
        self.owner = telegram.person(started=False, first_name="Olena")
        body = {"title": "Club", "owner": self.owner, "type": kind, **how}
        self.id: int = telegram.client.post("/chat/api/channels", json=body).json()["id"]
        self.news(allowed_updates=ALL)

    def call(self, method: str, **args: Any) -> Any:
        return self.telegram.call(method, chat_id=self.id, **args)

    def refusal(self, method: str, **args: Any) -> tuple[int, str]:
        return self.telegram.refusal(method, chat_id=self.id, **args)

    def owner_puts(self, user: int, **state: Any) -> None:
        answer = self.telegram.client.post(f"/chat/api/channels/{self.id}/members/{user}", json=state)
        assert answer.status_code == 200, answer.text

    def status(self, user: int) -> str:
        return self.call("getChatMember", user_id=user)["status"]

    def news(self, **args: Any) -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = self.telegram.call("getUpdates", **args)
        if updates:
            self.telegram.call("getUpdates", offset=updates[-1]["update_id"] + 1)
        return updates

    def link(self, **wanted: Any) -> str:
        return self.call("createChatInviteLink", **wanted)["invite_link"]

    def join(self, person: int, link: str) -> str:
        return self.telegram.act(person, "join", link=link)["status"]

    def cannot_join(self, person: int, link: str) -> str:
        answer = self.telegram.client.post(f"/chat/api/users/{person}/join", json={"link": link})
        assert answer.status_code == 400
        return answer.json()["error"]


@pytest.fixture
def club(telegram: Telegram) -> Club:
    return Club(telegram)


def change(update: dict[str, Any], kind: str = "chat_member") -> tuple[str, str, int]:
    """Old status, new status, who did it."""
    told = update[kind]
    return told["old_chat_member"]["status"], told["new_chat_member"]["status"], told["from"]["id"]


def kinds(updates: list[dict[str, Any]]) -> list[str]:
    return [next(iter(update)) for update in updates]


def test_a_request_to_join_is_told_and_approved(club: Club, anna: int) -> None:
    made = club.call("createChatInviteLink", name="k7", creates_join_request=True)
    assert (made["name"], made["creator"]["id"], made["creates_join_request"]) == ("k7", BOT, True)
    assert club.join(anna, made["invite_link"]) == "requested"
    assert club.cannot_join(anna, made["invite_link"]) == "you have asked to join already"
    [update] = club.news()
    request = update["chat_join_request"]
    assert (request["chat"]["id"], request["from"]["id"], request["user_chat_id"]) == (club.id, anna, anna)
    assert request["invite_link"] == {**made, "pending_join_request_count": 1}
    assert club.status(anna) == "left"

    assert club.call("approveChatJoinRequest", user_id=anna) is True
    assert club.status(anna) == "member"
    [update] = club.news()
    assert change(update) == ("left", "member", BOT)
    assert update["chat_member"]["invite_link"]["name"] == "k7"
    assert club.cannot_join(anna, made["invite_link"]) == "you are in already"
    for method in ("approveChatJoinRequest", "declineChatJoinRequest"):
        assert club.refusal(method, user_id=anna) == (400, "Bad Request: USER_ALREADY_PARTICIPANT")
    assert club.call("getChatMemberCount") == 3


def test_a_declined_person_may_ask_again(club: Club, anna: int) -> None:
    link = club.link(creates_join_request=True)
    for _ in range(2):
        assert club.join(anna, link) == "requested"
        assert len(club.news()) == 1
        club.call("declineChatJoinRequest", user_id=anna)
        assert club.news() == []
    missing = (400, "Bad Request: HIDE_REQUESTER_MISSING")
    assert club.refusal("declineChatJoinRequest", user_id=anna) == missing
    assert club.refusal("approveChatJoinRequest", user_id=anna) == missing
    assert club.status(anna) == "left"


def test_who_asks_may_be_written_to_for_five_minutes(club: Club, clock: Clock) -> None:
    telegram = club.telegram
    stranger = telegram.person(started=False, first_name="Boris")
    link = club.link(creates_join_request=True)
    refused = (403, "Forbidden: bot can't initiate conversation with a user")
    assert telegram.refusal("sendMessage", chat_id=stranger, text="x") == refused
    club.join(stranger, link)
    telegram.call("sendMessage", chat_id=stranger, text="x")
    clock.advance(minutes=6)
    assert telegram.refusal("sendMessage", chat_id=stranger, text="x") == refused
    club.call("declineChatJoinRequest", user_id=stranger)
    club.join(stranger, link)
    telegram.call("sendMessage", chat_id=stranger, text="x")
    club.call("declineChatJoinRequest", user_id=stranger)
    assert telegram.refusal("sendMessage", chat_id=stranger, text="x") == refused


def test_links_without_requests_let_in_as_many_as_they_say(club: Club, clock: Clock) -> None:
    anna, boris, vera = (club.telegram.person() for _ in range(3))
    one = club.link(member_limit=1)
    assert club.join(anna, one) == "member"
    assert [change(update) for update in club.news()] == [("left", "member", anna)]
    assert club.cannot_join(boris, one) == "this invite link has expired"
    club.telegram.act(anna, "leave", channel=club.id)
    assert [change(update) for update in club.news()] == [("member", "left", anna)]
    assert club.join(boris, one) == "member"

    passing = club.link(expire_date=int(clock().timestamp()) + 60)
    assert club.join(anna, passing) == "member"
    clock.advance(seconds=61)
    assert club.cannot_join(vera, passing) == "this invite link has expired"
    assert club.cannot_join(vera, passing + "x") == "this invite link is invalid"


def test_a_revoked_link_leads_nowhere(club: Club, anna: int) -> None:
    link = club.link(creates_join_request=True)
    assert club.call("revokeChatInviteLink", invite_link=link)["is_revoked"] is True
    assert club.cannot_join(anna, link) == "this invite link has expired"
    for gone in (link, link + "x"):
        assert club.refusal("revokeChatInviteLink", invite_link=gone) == (400, "Bad Request: INVITE_HASH_EXPIRED")
    others = club.telegram.client.post(f"/chat/api/channels/{club.id}/links", json={}).json()["invite_link"]
    assert club.refusal("revokeChatInviteLink", invite_link=others)[0] == 400
    assert club.join(anna, others) == "member"
    shown = club.news()[0]["chat_member"]["invite_link"]["invite_link"]
    assert shown.endswith("…")
    assert others.startswith(shown[:-1])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"name": "x" * 33}, "33 characters"),
        ({"member_limit": 2, "creates_join_request": True}, "member limit can't be specified for links requiring"),
        ({"member_limit": 100_000}, "member_limit: 1 to 99999"),
        ({"members": 2}, "members"),
    ],
)
def test_links_that_no_correct_bot_asks_for(club: Club, wanted: dict[str, Any], words: str) -> None:
    code, description = club.refusal("createChatInviteLink", **wanted)
    assert (code, words in description) == (400, True), description
    assert [call["method"] for call in club.telegram.problems()] == ["createChatInviteLink"]


def test_a_kick_is_a_ban_that_is_lifted_at_once(club: Club, anna: int) -> None:
    club.join(anna, club.link())
    club.news()
    assert club.call("unbanChatMember", user_id=anna, only_if_banned=True) is True
    assert (club.status(anna), club.news()) == ("member", [])
    assert club.call("unbanChatMember", user_id=anna) is True
    assert [change(update) for update in club.news()] == [("member", "kicked", BOT), ("kicked", "left", BOT)]
    assert club.call("unbanChatMember", user_id=anna) is True
    assert club.news() == []
    assert club.join(anna, club.link()) == "member"


@pytest.mark.parametrize(("seconds", "ends"), [(29, False), (31, True), (366 * 86400 - 1, True), (367 * 86400, False)])
def test_a_ban_that_is_too_short_or_too_long_never_ends(
    club: Club, clock: Clock, anna: int, seconds: int, ends: bool
) -> None:
    club.join(anna, club.link())
    club.call("banChatMember", user_id=anna, until_date=int(clock().timestamp()) + seconds)
    assert club.status(anna) == "kicked"
    assert club.cannot_join(anna, club.link()) == "you are banned there"
    clock.advance(seconds=seconds + 1)
    assert club.status(anna) == ("left" if ends else "kicked")


def test_a_ban_by_hand_is_lifted_by_the_bot(club: Club, anna: int) -> None:
    club.owner_puts(anna, status="kicked")
    assert change(club.news()[0]) == ("left", "kicked", club.owner)
    club.call("unbanChatMember", user_id=anna, only_if_banned=True)
    assert club.status(anna) == "left"


def test_who_commands_cannot_be_removed(club: Club, anna: int) -> None:
    club.owner_puts(anna, status="administrator", rights=["can_manage_chat"])
    for method in ("banChatMember", "unbanChatMember"):
        assert club.refusal(method, user_id=anna) == (400, "Bad Request: user is an administrator of the chat")
        assert club.refusal(method, user_id=club.owner) == (400, "Bad Request: can't remove chat owner")
        assert club.refusal(method, user_id=BOT) == (400, "Bad Request: can't restrict self")
        assert club.refusal(method, user_id=1) == (400, "Bad Request: PARTICIPANT_ID_INVALID")
    assert club.status(anna) == "administrator"
    statuses = {member["user"]["id"]: member["status"] for member in club.call("getChatAdministrators")}
    assert statuses == {club.owner: "creator", BOT: "administrator", anna: "administrator"}


def test_without_rights_the_bot_is_refused(club: Club, anna: int) -> None:
    link = club.link(creates_join_request=True)
    club.owner_puts(BOT, status="administrator", rights=["can_manage_chat"])
    [update] = club.news()
    assert change(update, "my_chat_member") == ("administrator", "administrator", club.owner)
    assert update["my_chat_member"]["new_chat_member"]["can_invite_users"] is False
    assert club.join(anna, link) == "requested"
    assert club.news() == [], "only who may invite hears of requests"
    refused = (400, "Bad Request: not enough rights to manage chat invite link")
    assert club.refusal("createChatInviteLink") == refused
    assert club.refusal("revokeChatInviteLink", invite_link=link) == refused
    for method in ("approveChatJoinRequest", "declineChatJoinRequest"):
        assert club.refusal(method, user_id=anna) == (
            400,
            "Bad Request: not enough rights to manage chat join requests",
        )
    for method in ("banChatMember", "unbanChatMember"):
        words = "Bad Request: not enough rights to restrict/unrestrict chat member"
        assert club.refusal(method, user_id=anna) == (400, words)
    assert club.call("getChatMember", user_id=anna)["status"] == "left"

    club.owner_puts(BOT, status="member")
    assert club.refusal("getChatMember", user_id=anna) == (400, "Bad Request: member list is inaccessible")
    club.owner_puts(anna, status="member")
    assert kinds(club.news()) == ["my_chat_member"], "others are none of its business now"


@pytest.mark.parametrize(
    ("status", "words"), [("left", "bot is not a member of the {} chat"), ("kicked", "bot was kicked from the {} chat")]
)
@pytest.mark.parametrize("kind", ["channel", "supergroup"])
def test_a_bot_outside_learns_nothing(telegram: Telegram, anna: int, kind: str, status: str, words: str) -> None:
    club = Club(telegram, kind)
    club.owner_puts(BOT, status=status)
    for method, args in (("getChat", {}), ("getChatMember", {"user_id": anna}), ("unbanChatMember", {"user_id": anna})):
        assert club.refusal(method, **args) == (403, f"Forbidden: {words.format(kind)}")


def test_unknown_chats_and_chats_the_bot_never_saw(telegram: Telegram, anna: int) -> None:
    club = Club(telegram, bot=False)
    for chat in (club.id, -100123, "@nobody"):
        refused = telegram.refusal("getChatMember", chat_id=chat, user_id=anna)
        assert refused == (400, "Bad Request: chat not found")


def test_chat_member_comes_only_when_it_is_named(telegram: Telegram, anna: int) -> None:
    club = Club(telegram)
    club.news(allowed_updates=[])
    club.owner_puts(anna, status="member")
    club.owner_puts(BOT, status="administrator", rights=["can_invite_users"])
    assert kinds(club.news()) == ["my_chat_member"]


def test_the_owner_may_answer_past_the_bot(club: Club, anna: int) -> None:
    club.join(anna, club.link(creates_join_request=True, name="k7"))
    club.news()
    answer = club.telegram.client.post(f"/chat/api/channels/{club.id}/requests/{anna}", json={"approve": True})
    assert answer.status_code == 200
    [update] = club.news()
    assert change(update) == ("left", "member", club.owner)
    assert update["chat_member"]["invite_link"]["name"] == "k7"


def test_people_see_where_they_are(club: Club, anna: int) -> None:
    def seen(person: int) -> list[tuple[str, bool, str]]:
        own = club.telegram.client.get(f"/chat/api/users/{person}/channels").json()
        return [(one["status"], one["asked"], one["bot"]["status"]) for one in own]

    link = club.link(creates_join_request=True)
    about = club.telegram.client.get(f"/chat/api/invites/{link.rpartition('+')[2]}").json()
    assert about == {"title": "Club", "type": "channel", "members": 2, "creates_join_request": True}
    assert seen(anna) == []
    club.join(anna, link)
    assert seen(anna) == [("left", True, "administrator")]
    club.owner_puts(BOT, status="left")
    assert seen(club.owner) == [("creator", False, "left")]
    page = club.telegram.client.get(f"/+{link.rpartition('+')[2]}")
    assert "chat?join=" in str(page.url)


def test_both_libraries_understand(club: Club, anna: int) -> None:
    telegram = club.telegram
    made = club.call("createChatInviteLink", name="k7", creates_join_request=True, expire_date=2_000_000_000)
    club.join(anna, made["invite_link"])
    club.call("approveChatJoinRequest", user_id=anna)
    club.owner_puts(anna, status="restricted")
    club.owner_puts(BOT, status="administrator")
    club.owner_puts(anna, status="administrator")
    club.owner_puts(anna, status="kicked", until_date=2_000_000_000)
    club.owner_puts(anna, status="left")
    club.owner_puts(BOT, status="kicked")
    updates = club.news()
    assert kinds(updates) == [
        "chat_join_request", *["chat_member"] * 5, "my_chat_member",
    ]  # fmt: skip
    for update in updates:
        strict = aiogram.types.Update.model_validate(update)
        other = ptb.Update.de_json(update, None)
        assert strict.update_id == other.update_id
        assert not strict.model_extra
        assert strict.event.chat.id == other.effective_chat.id == club.id
        dumped = strict.model_dump(exclude_unset=True, mode="json", by_alias=True)
        assert dumped.keys() == update.keys()
    club = Club(telegram, "supergroup")
    answers = [
        (aiogram.types.ChatInviteLink, made),
        (aiogram.types.ChatFullInfo, club.call("getChat")),
        (aiogram.types.ResultChatMemberUnion, club.call("getChatMember", user_id=BOT)),
        (aiogram.types.ResultChatMemberUnion, club.call("getChatMember", user_id=club.owner)),
    ]
    for model, answer in answers:
        valid = TypeAdapter(model).validate_python(answer)
        assert valid.model_dump(exclude_unset=True, mode="json", by_alias=True).keys() == answer.keys()
    assert telegram.problems() == []


def test_channels_outlive_a_restart(tmp_path: Path, clock: Clock) -> None:
    with TestClient(create_app(tmp_path, clock)) as client:
        club = Club(Telegram(client))
        anna, boris = (club.telegram.person() for _ in range(2))
        link = club.link(creates_join_request=True)
        club.join(anna, link)
        club.call("approveChatJoinRequest", user_id=anna)
        club.join(boris, link)
        before = client.get("/chat/api/channels").json()
    with TestClient(create_app(tmp_path, clock)) as client:
        club.telegram = Telegram(client)
        assert client.get("/chat/api/channels").json() == before
        club.call("approveChatJoinRequest", user_id=boris)
        assert (club.status(anna), club.status(boris)) == ("member", "member")


def test_a_world_may_come_with_a_private_channel(tmp_path: Path, clock: Clock) -> None:
    for _ in range(2):
        with TestClient(create_app(tmp_path, clock, private_channel=True)) as client:
            [channel] = client.get("/chat/api/channels").json()
            assert channel["id"] == PRIVATE_CHANNEL
            made = Telegram(client).call("createChatInviteLink", chat_id=PRIVATE_CHANNEL, creates_join_request=True)
            assert made["creates_join_request"] is True
