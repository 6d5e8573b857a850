"""A private channel from the purchase to the end: who is let in, who is refused, who is put out, and who never is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from apps.console import doctor
from services import provisioning, subscriptions
from tests.apps.bot.club import BOT, Club, operator
from tests.apps.bot.storefront import Storefront, Visitor, buttons


@pytest.fixture
def club(shop: Storefront) -> Club:
    return Club(shop)


@pytest.fixture
def member(club: Club, anna: Visitor) -> Visitor:
    """Somebody who has bought and come in."""
    club.buy(anna)
    assert club.ask(anna, club.link(anna)) is None
    assert club.status(anna) == "member"
    return anna


@pytest.fixture
def watcher(shop: Storefront) -> Iterator[Visitor]:
    with operator(shop) as visitor:
        yield visitor


@pytest.mark.parametrize("kind", ["channel", "supergroup"])
def test_who_has_bought_asks_and_is_let_in(shop: Storefront, anna: Visitor, kind: str) -> None:
    club = Club(shop, kind)
    club.buy(anna)
    invitation = anna.last()
    assert "“The club” is open to you until" in invitation["text"]
    join = buttons(invitation)[0]
    assert (join["text"], join["url"]) == ("Join", club.link(anna))
    [made] = club.calls("createChatInviteLink")
    assert made["args"]["creates_join_request"] is True
    assert made["args"]["name"].startswith("k")

    assert club.ask(anna, join["url"]) is None
    assert club.status(anna) == "member"
    roster = f"telegram_id = {anna.id} AND is_in AND by_us AND grant_id IS NOT NULL AND since IS NOT NULL"
    assert shop.kiosk.count("channel_members", roster) == 1
    assert shop.kiosk.undone() == []


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


def test_the_end_takes_out_and_closes_the_link(club: Club, member: Visitor) -> None:
    link = club.link(member)
    club.pass_days(31)
    assert club.status(member) == "left", "not banned: they may come again"
    assert any("the bot has taken you out" in text for text in club.texts(member))
    assert club.live_links() == []
    assert club.ask(member, link) == "this invite link has expired"
    assert club.kiosk.count("channel_invites") == 0
    assert club.kiosk.count("channel_members", "is_in OR grant_id IS NOT NULL") == 0


def test_a_renewal_after_the_end_brings_a_working_link(club: Club, member: Visitor) -> None:
    old = club.link(member)
    club.pass_days(31)
    club.buy(member)
    assert club.link(member) != old
    assert club.ask(member, club.link(member)) is None
    assert club.status(member) == "member"


def test_a_renewal_in_time_changes_nothing_in_the_chat(club: Club, member: Visitor) -> None:
    before = club.shop.last_call()
    club.buy(member)
    assert "goes on: “The club” is open" in member.last()["text"]
    methods = {call["method"] for call in club.shop.calls(before)}
    assert not methods & {"createChatInviteLink", "revokeChatInviteLink", "unbanChatMember", "banChatMember"}
    club.pass_days(31)
    assert club.status(member) == "member"
    club.pass_days(30)
    assert club.status(member) == "left"


def test_a_pause_takes_out_and_the_same_link_lets_in_again(club: Club, member: Visitor) -> None:
    link, kit = club.link(member), club.kiosk.kit
    with kit.db.begin() as tx:
        subscriptions.pause(tx, member.person().party, club.subscription(member).id, now=club.kiosk.now)
    club.settle()
    assert club.status(member) == "left"
    club.ask(member, link)
    assert club.status(member) == "left"
    with kit.db.begin() as tx:
        subscriptions.resume(tx, member.person().party, club.subscription(member).id, now=club.kiosk.now)
    club.settle()
    assert club.ask(member, link) is None
    assert club.status(member) == "member"


def test_a_refund_takes_out_at_once(club: Club, anna: Visitor) -> None:
    payment = club.buy(anna)
    club.ask(anna, club.link(anna))
    club.kiosk.refund(payment)
    club.settle()
    club.kiosk.tick()
    club.settle()
    assert club.status(anna) == "left"
    assert club.live_links() == []


def test_whom_others_let_in_is_never_touched(club: Club, anna: Visitor) -> None:
    club.buy(anna)
    club.owner_puts(anna.id, status="member")
    club.ask(anna, club.link(anna))
    before = club.shop.last_call()
    club.pass_days(31)
    club.repair()
    assert club.status(anna) == "member"
    assert club.calls("unbanChatMember", before) == []


def test_who_left_and_was_brought_back_by_hand_is_the_owners_guest(club: Club, member: Visitor) -> None:
    club.leave(member)
    club.owner_puts(member.id, status="member")
    club.pass_days(31)
    club.repair()
    assert club.status(member) == "member"


def test_who_left_may_come_again(club: Club, member: Visitor) -> None:
    club.leave(member)
    assert club.kiosk.count("channel_members", "is_in") == 0
    assert club.ask(member, club.link(member)) is None
    assert club.status(member) == "member"
    club.pass_days(31)
    assert club.status(member) == "left"


def test_an_administrator_by_hand_stays_at_the_end(club: Club, member: Visitor) -> None:
    club.owner_puts(member.id, status="administrator", rights=["can_manage_chat"])
    club.pass_days(31)
    assert club.status(member) == "administrator"
    assert club.kiosk.undone() == []
    club.owner_puts(member.id, status="member")
    club.repair()
    assert club.status(member) == "left"


def test_requests_to_other_peoples_links_are_answered_only_with_yes(club: Club, anna: Visitor) -> None:
    link = club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/links", creates_join_request=True)["invite_link"]
    boris = club.shop.visitor(first_name="Boris")
    club.buy(anna)
    club.ask(boris, link)
    assert (club.shown()["requests"], boris.messages()) == ([boris.id], []), "the owner decides about his guests"
    club.ask(anna, link)
    assert club.status(anna) == "member"


def test_two_subscriptions_to_one_chat_end_by_themselves(club: Club, member: Visitor) -> None:
    club.sell("lounge")
    club.pass_days(10)
    club.buy(member, "lounge-1m")
    _, second = club.live_links()
    club.pass_days(21)
    assert club.status(member) == "member", "the other subscription goes on"
    assert club.live_links() == [second]
    club.pass_days(10)
    assert club.status(member) == "left"
    assert club.live_links() == []


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


def test_a_ban_by_hand_stays_and_operators_are_told(club: Club, member: Visitor, watcher: Visitor) -> None:
    club.owner_puts(member.id, status="kicked")
    club.pass_days(31)
    assert club.status(member) == "kicked", "the end is no reason to lift it"
    for _ in range(2):
        club.buy(member)
    assert club.status(member) == "kicked"
    assert len([text for text in club.texts(watcher) if text.startswith("⛔")]) == 1
    assert club.kiosk.count("access_grants", "problem = 'banned'") == 1


def test_a_removal_that_telegram_left_half_done_is_no_ban(club: Club, member: Visitor) -> None:
    """Telegram removes by a ban that it lifts at once; the second half may be lost."""
    club.pass_days(31)
    club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/members/{member.id}", status="kicked")
    [update] = club.shop.take()
    change = {**update["chat_member"], "from": {"id": BOT, "is_bot": True, "first_name": "Kiosk"}}
    club.shop.push(chat_member=change)
    club.buy(member)
    assert club.ask(member, club.link(member)) is None
    assert club.status(member) == "member"


def test_without_any_news_of_members_it_works_all_the_same(club: Club, anna: Visitor) -> None:
    """Not one chat_member update arrives."""
    club.buy(anna)
    club.kiosk.post(f"/telegram/chat/api/users/{anna.id}/join", link=club.link(anna))
    [request] = club.shop.take()
    club.shop.push(chat_join_request=request["chat_join_request"])
    club.kiosk.drain()
    club.shop.take()
    assert (club.status(anna), club.kiosk.count("channel_members", "is_in AND by_us")) == ("member", 1)
    club.kiosk.pass_time(timedelta(days=31), step=timedelta(days=8))
    club.shop.take()
    assert (club.status(anna), club.kiosk.count("channel_members", "is_in")) == ("left", 0)


def test_a_new_link_replaces_the_old_one(club: Club, member: Visitor) -> None:
    old, kit = club.link(member), club.kiosk.kit
    for _ in range(2):
        with kit.db.begin() as tx:
            [access] = provisioning.access_of(tx, kit.cipher, member.person().party, club.subscription(member).id)
        with kit.db.begin() as tx:
            provisioning.rotate(
                tx, kit.provisioners, member.person().party, access.grant_id, generation=0, now=club.kiosk.now
            )
        club.settle()
    new = club.link(member)
    assert new != old
    assert club.live_links() == [new]
    assert "A new link to “The club”" in member.last()["text"]
    assert club.status(member) == "member"
    club.leave(member)
    assert club.ask(member, old) == "this invite link has expired"
    assert club.ask(member, new) is None


def test_a_mended_good_moves_everybody_at_their_next_change(club: Club, member: Visitor) -> None:
    other = Club(club.shop, title="The other club")
    club.buy(member)
    assert (club.status(member), club.live_links()) == ("left", [])
    assert other.ask(member, other.link(member)) is None
    assert other.status(member) == "member"


def test_a_chat_that_was_lost_for_good_keeps_nobody_out_of_the_new_one(club: Club, member: Visitor) -> None:
    club.owner_puts(BOT, status="kicked")
    other = Club(club.shop, title="The other club")
    club.buy(member)
    assert other.ask(member, other.link(member)) is None
    assert other.status(member) == "member"
    assert club.status(member) == "member"
    club.owner_puts(BOT, status="administrator")
    club.repair()
    assert (club.status(member), club.live_links()) == ("left", [])
    assert other.status(member) == "member"


def test_the_link_is_at_hand_again(club: Club, member: Visitor) -> None:
    member.say("/my")
    member.tap("Configuration and QR")
    shown = member.last()
    assert "Your link to The club" in shown["text"]
    assert buttons(shown)[0]["url"] == club.link(member)


def test_the_doctor_names_chats_and_what_is_missing(club: Club, member: Visitor) -> None:
    def says() -> str:
        [found] = [one for one in doctor.examine(club.kiosk.kit) if one.what == "Private chats"]
        return f"{found.says} -> {found.remedy}"

    assert says() == "The club: 3 members, the bot may invite and remove -> "
    club.owner_puts(BOT, status="administrator", rights=["can_invite_users"])
    assert "the bot lacks can_restrict_members -> make the bot an administrator there" in says()


def test_a_private_chat_is_never_spoken_to(club: Club, member: Visitor) -> None:
    sent = [call for call in club.shop.calls() if call["method"].startswith(("send", "edit"))]
    assert all(int(call["args"]["chat_id"]) > 0 for call in sent)


def test_a_bot_put_out_of_a_chat_marks_nobody_unreachable(club: Club, member: Visitor) -> None:
    club.kiosk.post(f"/telegram/chat/api/channels/{club.id}/members/{BOT}", status="kicked")
    [update] = club.shop.take()
    by = {"id": member.id, "is_bot": False, "first_name": "Anna"}
    club.shop.push(my_chat_member={**update["my_chat_member"], "from": by})
    assert club.kiosk.count("users", "unreachable_at IS NOT NULL") == 0
