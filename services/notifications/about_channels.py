"""Private chats: the way in, why a door stays shut, and what operators have to mend."""

from __future__ import annotations

from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.platform.i18n import Language


def invite(it: Occasion) -> Outgoing | None:
    """A link which the person has not seen yet."""
    access, _ = it.access(), it.say
    link = access and access.artifact("invite")
    if not access or not link:
        return None
    about = {"tariff": it.say.own(it.subscription.terms.name), "chat": access.location, "until": it.until()}
    match it.params.get("cause", "payment"):
        case "payment":
            text = _("<b>{tariff}</b> is paid, thank you! “{chat}” is open to you until {until}.", **about)
        case "rotation":
            text = _("🔗 A new link to “{chat}”. The old one does not work any more.", **about)
        case _other:
            text = _("<b>{tariff}</b> is yours: “{chat}” is open to you until {until}.", **about)
    how = _("Tap the button and ask to join: the bot lets you in at once.")
    join = Button(_.label("Join"), url=link.content)
    return Outgoing(f"{text}\n\n{how}", ((join,), (it.my_subscriptions(),)))


def goes_on(it: Occasion) -> Outgoing | None:
    """With the link that the person has."""
    access, _ = it.access(), it.say
    if access is None:
        return None
    about = {"tariff": it.say.own(it.subscription.terms.name), "chat": access.location, "until": it.until()}
    text = _("<b>{tariff}</b> goes on: “{chat}” is open to you until {until}.", **about)
    return Outgoing(text, ((it.my_subscriptions(),),))


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
