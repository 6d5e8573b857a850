"""Private chats: why a door stays shut, and what operators have to mend."""

from __future__ import annotations

from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.platform.i18n import Language


def removed(it: Occasion) -> Outgoing:
    text = it.say(
        "🚪 Your time in “{chat}” is over, and the bot has taken you out. Renew, and a new link lets you in again.",
        chat=it.params["title"],
    )
    return Outgoing(text, ((it.my_subscriptions(),),))


def refused(_: Language, title: str, bot_url: str | None) -> Outgoing:
    """To whoever asks to join and has not paid. `bot_url` is for people who have not started the bot: a button with an
    answer of its own would not reach them."""
    about = _("“{chat}” is for subscribers, and you have no subscription to it now.", chat=title)
    text = about + "\n\n" + _("Choose one here: you are let in as soon as it is paid.")
    label = _.label("See what is on sale")
    button = Button(label, url=bot_url) if bot_url else Button(label, buttons.SHOP)
    return Outgoing(text, ((button,),))


def lost(it: Occasion) -> Outgoing:
    _, params = it.say, it.params
    text = _(
        "🔐 The bot cannot work in “{chat}” (<code>{id}</code>): {reason}. Nobody is let in or taken out there. Make it"
        " an administrator who may invite users and ban users: everything waiting is then done by itself.",
        chat=params["title"],
        id=params["chat_id"],
        reason=params["reason"],
    )
    return Outgoing(text)


def back(it: Occasion) -> Outgoing:
    text = it.say("🔓 The bot works in “{chat}” again. What was waiting is being done.", chat=it.params["title"])
    return Outgoing(text)


def banned(it: Occasion) -> Outgoing:
    _, params = it.say, it.params
    text = _(
        "⛔ {party} (Telegram {person}) has paid for “{chat}” and is banned there by its administrators. The ban stays:"
        " lift it in the chat, or refund the payment.",
        party=it.party,
        person=params["telegram_id"],
        chat=params["title"],
    )
    return Outgoing(text)
