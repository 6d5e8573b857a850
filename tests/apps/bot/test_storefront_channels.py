"""A private channel from the purchase to the end: who is let in, who is put out, and who never is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import provisioning, subscriptions
from tests.apps.bot.club import BOT, Club
from tests.apps.bot.storefront import Storefront, Visitor, buttons


@pytest.mark.parametrize("kind", ["channel", "supergroup"])
def test_who_has_bought_asks_and_is_let_in(shop: Storefront, anna: Visitor, kind: str) -> None:
    club = Club(shop, kind)
    club.buy(anna)
    invitation = anna.last()
    assert "Your access in The club works until" in invitation["text"]
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
    assert "now works until" in member.last()["text"]
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
    assert "The club: here is the new access" in member.last()["text"]
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
    member.tap("Access and keys")
    shown = member.last()
    assert "The club" in shown["text"]
    assert buttons(shown)[0]["url"] == club.link(member)
