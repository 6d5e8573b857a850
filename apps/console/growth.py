"""`referrals` and `gifts`: what an operator sees of invitations and of gifts. A gift's code is shown to nobody but its
buyer."""

from __future__ import annotations

import argparse

from apps.console.persons import PERSON, find_person
from apps.console.terminal import amount, moment, run
from services import gifts, identity, referrals
from services.kit import Kit

STATES = ("waiting", "claimed", "expired", "canceled")
FRIENDS = 1000  # shown at most


def referrals_main(arguments: list[str]) -> int:
    return run(read_referrals(arguments))


def gifts_main(arguments: list[str]) -> int:
    return run(read_gifts(arguments))


def read_referrals(arguments: list[str]) -> argparse.Namespace:
    """What was typed, with the function that does it as `run`. Exits with 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="referrals", description="Who invited whom, and what that earned.")
    what = parser.add_subparsers(required=True)
    show = what.add_parser("show", help="a person's inviter, friends and rewards")
    show.add_argument("user", help=PERSON)
    show.set_defaults(run=_show_referrals)
    return parser.parse_args(arguments)


def read_gifts(arguments: list[str]) -> argparse.Namespace:
    """As read_referrals."""
    parser = argparse.ArgumentParser(prog="gifts", description="Gifts: paid by one, claimed by another.")
    what = parser.add_subparsers(required=True)
    listed = what.add_parser("list", help="the newest")
    listed.add_argument("--state", choices=STATES)
    listed.add_argument("--limit", type=int, choices=range(1, 1001), default=50, metavar="50")
    listed.set_defaults(run=_list_gifts)
    show = what.add_parser("show", help="all about one")
    show.add_argument("id", type=int)
    show.set_defaults(run=_show_gift)
    return parser.parse_args(arguments)


def _show_referrals(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        user = find_person(tx, asked.user)
        inviter = identity.invited_by(tx, user.id)
        friends = referrals.friends(tx, user.id, limit=FRIENDS)
        rewards = referrals.rewards_of(tx, user.id)
    print(f"{user.party}, invited by {f'user:{inviter}' if inviter else 'nobody'}")
    print(f"came by the link: {len(friends)}, paid: {sum(one.state == 'paid' for one in friends)}")
    for friend in friends:
        print(f"  {friend.first_name}: {friend.state}, came {moment(friend.joined_at)}")
    for reward in rewards:
        what = amount(reward.money) if reward.money else f"{reward.days} days"
        print(f"reward {reward.id}: {what} as {reward.side}, {reward.state}")


def _list_gifts(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        found = gifts.all_gifts(tx, state=asked.state, limit=asked.limit)
    for one in found:
        by = f", claimed by {one.claimed_by}" if one.claimed_by else ""
        print(f"{one.id:5}  {one.quote.tariff:20} {amount(one.quote.price):>14}  {one.state}, from {one.buyer}{by}")
    if not found:
        print("no gifts")


def _show_gift(kit: Kit, asked: argparse.Namespace) -> None:
    with kit.db.begin() as tx:
        one = gifts.gift(tx, asked.id)
    print(f"gift {one.id}: {one.quote.tariff}, {amount(one.quote.price)}, invoice {one.invoice_id}")
    print(f"from {one.buyer}, paid {moment(one.created_at)}, to be claimed until {moment(one.expires_at)}")
    by = f" by {one.claimed_by}" if one.claimed_by else ""
    print(f"{one.state}{by} since {moment(one.changed_at)}")
