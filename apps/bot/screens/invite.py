from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from apps.bot import callbacks
from apps.bot.keyboards import back, button, keyboard, link, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import isolated, plain
from services.platform.i18n import Language
from services.platform.money import Money
from services.referrals import Friend, Invitation, Reward, Terms

PAGE = 10  # friends
SHARE = "https://t.me/share/url"


def render_invite(_: Language, shown: Invitation, bot_url: str, terms: Terms) -> Screen:
    """The own link, what it promises and what it has brought."""
    address = f"{bot_url}?start={shown.start_parameter}"
    parts = [
        _("👥 <b>Invite a friend</b>"),
        _promise(_, terms),
        _("Your link:\n<code>{link}</code>", link=address),
        "\n".join(_brought(_, shown)),
    ]
    friends = [button(_.label("Whom you invited"), callbacks.Friends(page=0))] if shown.came else []
    return Screen(
        "\n\n".join(part for part in parts if part),
        keyboard(
            [link(_.label("Send the link"), share_url(address, _.label("I use this VPN, try it, too:")))],
            friends,
            [button(_.label("My gifts"), callbacks.Gifts(page=0))],
            to_menu(_),
        ),
    )


def render_friends(_: Language, friends: Sequence[Friend], page: int, zone: str, *, is_last: bool) -> Screen:
    """One page, newest first; pages count from 0."""
    lines = [_friend(_, friend, zone) for friend in friends] or [_("Nobody yet.")]
    pages = []
    if page > 0:
        pages.append(button(_.label("‹ Newer"), callbacks.Friends(page=page - 1)))
    if not is_last:
        pages.append(button(_.label("Older ›"), callbacks.Friends(page=page + 1)))
    text = "\n".join([_("👥 <b>Whom you invited</b>"), "", *lines])
    return Screen(text, keyboard(pages, back(_, callbacks.Invite())))


def share_url(address: str, words: str) -> str:
    """Telegram's own window to choose whom to send something to."""
    return f"{SHARE}?{urlencode({'url': address, 'text': words})}"


def _promise(_: Language, terms: Terms) -> str:
    lines = []
    if terms.inviter.percent:
        lines.append(
            _("For a friend's first payment you get {percent}% of it on your balance.", percent=terms.inviter.percent)
        )
    elif mine := _worth(_, terms.inviter):
        lines.append(_("For a friend's first payment you get a reward: <b>{what}</b>.", what=mine))
    if theirs := _worth(_, terms.invited):
        lines.append(_("Your friend gets a present with it: <b>{what}</b>.", what=theirs))
    return "\n".join(lines) or _("Your friend opens the bot by your link and is connected in two minutes.")


def _worth(_: Language, reward: Reward) -> str:
    if reward.days:
        return _.n("{count} day", "{count} days", reward.days)
    return _.money(Money(reward.tokens, "BONUS")) if reward.tokens else ""


def _brought(_: Language, shown: Invitation) -> list[str]:
    lines = [_("Came by it: {count}", count=shown.came), _("Paid: {count}", count=shown.paid)]
    earned = [_.money(money) for money in shown.money]
    if shown.days:
        earned.insert(0, _.n("{count} day", "{count} days", shown.days))
    if earned:
        lines.append(_("You have earned: <b>{what}</b>", what=", ".join(earned)))
    if shown.waiting_days:
        days = _.n("{count} day", "{count} days", shown.waiting_days)
        lines.append(_("Waits for your subscription: <b>{what}</b>", what=days))
    return lines


def _friend(_: Language, friend: Friend, zone: str) -> str:
    states = {"paid": _("has paid ✅"), "refunded": _("the payment has gone back")}
    came = _("came on {date}", date=_.date(friend.joined_at, zone))
    name = plain(isolated(friend.first_name)) or "…"
    return f"• {name}: {', '.join(part for part in (came, states.get(friend.state)) if part)}"
