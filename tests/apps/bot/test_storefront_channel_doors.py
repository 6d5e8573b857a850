"""Who is refused at the door of a private channel, and what happens while the bot has no rights there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.console import doctor
from services import provisioning
from tests.apps.bot.club import BOT, Club
from tests.apps.bot.storefront import Visitor, buttons


def as_noted(update: dict[str, Any]) -> provisioning.channels.JoinRequested:
    request = update["chat_join_request"]
    return provisioning.channels.JoinRequested(
        chat_id=request["chat"]["id"],
        title=request["chat"]["title"],
        telegram_id=request["from"]["id"],
        user_chat_id=request["user_chat_id"],
        language_code=request["from"].get("language_code"),
        ours=True,
        asked_at=datetime.fromtimestamp(request["date"], UTC),
        update_id=update["update_id"],
    )


def test_a_stranger_with_the_same_link_is_told_and_declined(club: Club, member: Visitor) -> None:
    boris = club.shop.visitor(first_name="Boris")
    boris.say("/start")
    before = boris.chat()["version"]
    club.ask(boris, club.link(member))
    assert (club.status(boris), club.shown()["requests"]) == ("left", [])
    [refusal] = boris.messages(before)
    assert "“The club” is for subscribers" in refusal["text"]
    assert [button["text"] for button in buttons(refusal)] == ["See what is on sale"]
    assert "Choose" in boris.press(refusal, buttons(refusal)[0]["callback_data"])["text"]

    club.buy(boris)
    club.ask(boris, club.link(member))
    assert club.status(boris) == "member", "whose link it is does not matter"


def test_a_stranger_who_never_started_the_bot_is_told_before_he_is_declined(club: Club, member: Visitor) -> None:
    vera = club.shop.visitor(first_name="Vera", language_code="uk")
    before = club.shop.last_call()
    club.ask(vera, club.link(member))
    [refusal] = vera.messages()
    assert "для тих, хто має підписку" in refusal["text"]
    assert buttons(refusal)[0]["url"].endswith("/kiosk_bot?start=shop")
    assert (club.status(vera), club.shown()["requests"]) == ("left", [])
    methods = [call["method"] for call in club.shop.calls(before)]
    assert [m for m in methods if m != "getMe"] == ["sendMessage", "declineChatJoinRequest"]
    assert club.kiosk.undone() == []


def test_a_refusal_that_cannot_be_told_is_a_refusal(club: Club, member: Visitor) -> None:
    boris = club.shop.visitor(first_name="Boris")
    boris.say("/start")
    boris.set_blocked(blocked=True)
    club.ask(boris, club.link(member))
    assert (club.status(boris), club.shown()["requests"]) == ("left", [])


@pytest.mark.parametrize("mode", ["500", "dropped", "dropped_after", "502"])
def test_a_refusal_is_told_once_whatever_happens_to_the_decline(club: Club, member: Visitor, mode: str) -> None:
    boris = club.shop.visitor(first_name="Boris")
    club.kiosk.post("/telegram/faults", mode=mode, method="declineChatJoinRequest", times=2)
    club.ask(boris, club.link(member))
    club.kiosk.hurry()
    club.kiosk.hurry()
    assert len(boris.messages()) == 1
    assert (club.shown()["requests"], club.kiosk.undone()) == ([], [])


def test_telegrams_pause_holds_back_the_refusal_and_the_decline_after_it(club: Club, member: Visitor) -> None:
    boris = club.shop.visitor(first_name="Boris")
    club.kiosk.post("/telegram/faults", mode="429", method="sendMessage", retry_after=30)
    club.ask(boris, club.link(member))
    assert (boris.messages(), club.shown()["requests"]) == ([], [boris.id])
    club.kiosk.hurry()
    assert (len(boris.messages()), club.shown()["requests"]) == (1, [])


def test_a_request_told_twice_is_refused_once(club: Club, member: Visitor) -> None:
    boris = club.shop.visitor(first_name="Boris")
    club.kiosk.post(f"/telegram/chat/api/users/{boris.id}/join", link=club.link(member))
    [update] = club.shop.take()
    for _ in range(3):
        with club.kiosk.kit.db.begin() as tx:
            provisioning.channels.note_request(tx, as_noted(update), club.kiosk.now)
    club.settle()
    assert len(boris.messages()) == 1


def test_who_pays_between_the_refusal_and_the_decline_is_let_in(club: Club, member: Visitor) -> None:
    boris = club.shop.visitor(first_name="Boris")
    boris.say("/start")
    club.kiosk.post("/telegram/faults", mode="500", method="declineChatJoinRequest")
    club.ask(boris, club.link(member))
    assert club.shown()["requests"] == [boris.id]
    club.buy(boris)
    club.kiosk.hurry()
    club.settle()
    assert club.status(boris) == "member"
    club.pass_days(31)
    assert club.status(boris) == "left"


def test_requests_to_other_peoples_links_are_answered_only_with_yes(club: Club, anna: Visitor) -> None:
    link = club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/links", creates_join_request=True)["invite_link"]
    boris = club.shop.visitor(first_name="Boris")
    club.buy(anna)
    club.ask(boris, link)
    assert (club.shown()["requests"], boris.messages()) == ([boris.id], []), "the owner decides about his guests"
    club.ask(anna, link)
    assert club.status(anna) == "member"


def test_rights_that_are_lost_are_told_once_and_back_all_goes_on(club: Club, member: Visitor, watcher: Visitor) -> None:
    boris, vera = club.shop.visitor(first_name="Boris"), club.shop.visitor(first_name="Vera")
    for one in (boris, vera):
        one.say("/start")
    club.buy(vera)
    club.owner_puts(BOT, status="administrator", rights=["can_manage_chat"])
    [told] = [text for text in club.texts(watcher) if text.startswith("🔐")]
    assert "can_invite_users, can_restrict_members" in told
    assert str(club.id) in told

    club.buy(boris)
    assert "takes longer than usual" in boris.last()["text"]
    club.pass_days(31)
    club.kiosk.hurry()
    assert club.status(member) == "member", "nobody can be put out now"
    assert len([text for text in club.texts(watcher) if text.startswith("🔐")]) == 1

    club.kiosk.buy(boris.person(), "club-1m")
    club.owner_puts(BOT, status="administrator")
    assert [text[0] for text in club.texts(watcher) if text[0] in "🔐🔓"] == ["🔐", "🔓"]
    assert club.kiosk.undone() == []
    assert club.status(member) == "left"
    assert club.ask(boris, club.link(boris)) is None
    assert club.status(boris) == "member"


def test_a_request_that_could_not_be_answered_is_answered_when_the_rights_are_back(club: Club, anna: Visitor) -> None:
    club.buy(anna)
    club.kiosk.post(f"/telegram/chat/api/users/{anna.id}/join", link=club.link(anna))
    requests = club.shop.take()
    club.owner_puts(BOT, status="administrator", rights=["can_restrict_members"])
    club.shop.push(chat_join_request=requests[0]["chat_join_request"])
    club.settle()
    assert [reaction for reaction, _ in club.kiosk.undone()] == ["provisioning.answer_join"]
    club.owner_puts(BOT, status="administrator")
    assert club.kiosk.undone() == []
    assert club.status(anna) == "member"


def test_what_anonymous_administrators_do_is_heard(club: Club, member: Visitor, watcher: Visitor) -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    where = f"/telegram/chat/api/channels/{club.id}/members"
    for user, status, kind in ((member.id, "left", "chat_member"), (BOT, "member", "my_chat_member")):
        club.kiosk.post(f"{where}/{user}", status=status)
        [update] = club.shop.take()
        club.shop.push(**{kind: {**update[kind], "from": anonymous}})
        club.settle()
    assert club.kiosk.count("channel_members", "is_in") == 0
    assert any(text.startswith("🔐") for text in club.texts(watcher))


@pytest.mark.parametrize("status", ["left", "kicked", "member"])
def test_a_bot_that_was_thrown_out_is_noticed_without_any_update(
    club: Club, member: Visitor, watcher: Visitor, status: str
) -> None:
    club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/members/{BOT}", status=status)
    club.shop.take()  # it never arrives
    for _ in range(2):
        club.repair()
    assert len([text for text in club.texts(watcher) if text.startswith("🔐")]) == 1
    assert club.kiosk.undone() == []
    club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/members/{BOT}", status="administrator")
    club.shop.take()
    club.repair()
    assert len([text for text in club.texts(watcher) if text.startswith("🔓")]) == 1


def test_the_doctor_names_chats_and_what_is_missing(club: Club, member: Visitor) -> None:
    def says() -> str:
        [found] = [one for one in doctor.examine(club.kiosk.kit) if one.what == "Private chats"]
        return f"{found.says} -> {found.remedy}"

    assert says() == "The club: 3 members, the bot may invite and remove -> "
    club.owner_puts(BOT, status="administrator", rights=["can_invite_users"])
    assert "the bot lacks can_restrict_members -> make the bot an administrator there" in says()


def test_a_private_chat_is_never_spoken_to(club: Club, member: Visitor) -> None:
    club.owner_puts(member.id, status="administrator")
    club.pass_days(31)
    about = [call for call in club.shop.calls() if str(call["args"].get("chat_id")) == str(club.id)]
    assert about
    assert not [call["method"] for call in about if call["method"].startswith(("send", "edit"))]


def test_a_bot_put_out_of_a_chat_marks_nobody_unreachable(club: Club, member: Visitor) -> None:
    club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/members/{BOT}", status="kicked")
    [update] = club.shop.take()
    by = {"id": member.id, "is_bot": False, "first_name": "Anna"}
    club.shop.push(my_chat_member={**update["my_chat_member"], "from": by})
    assert club.kiosk.count("users", "unreachable_at IS NOT NULL") == 0
