from __future__ import annotations

from services import gifts, identity
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.platform.money import Money


def bought(it: Occasion) -> Outgoing:
    gift, _ = _gift(it), it.say
    text = _(
        "🎁 <b>Your gift is paid, thank you!</b> Forward the next message to the one it is for. It can be accepted"
        " until {until}; if nobody does, the money goes to your balance here.",
        until=it.moment(gift.expires_at),
    )
    return Outgoing(text, (_my_gifts(it),))


def card(it: Occasion) -> Outgoing | None:
    """To be forwarded: it speaks to the one who gets it. None when it is over already."""
    gift, _ = _gift(it), it.say
    if gift.state != "waiting":
        return None
    code = gifts.code_of(it.tx, it.cipher, gift.id)
    text = _(
        "🎁 <b>A gift for you: {tariff}</b>\n\nOpen this link and press “Accept”:\n{link}\n\nOr send the bot this code:"
        " <code>/gift {code}</code>",
        tariff=_.own(gift.quote.name),
        link=f"{it.bot_url}?start={code.start_parameter}",
        code=code.shown,
    )
    return Outgoing(text)


def claimed(it: Occasion) -> Outgoing | None:
    gift, _ = _gift(it), it.say
    if gift.claimed_by is None:
        return None
    text = _(
        "🎁 {name} has accepted your gift: <b>{tariff}</b>.",
        name=identity.user(it.tx, gift.claimed_by.id).first_name,
        tariff=_.own(gift.quote.name),
    )
    return Outgoing(text, (_my_gifts(it),))


def expired(it: Occasion) -> Outgoing:
    gift, _ = _gift(it), it.say
    text = _(
        "Nobody accepted your gift <b>{tariff}</b> in time, so its code no longer works. {amount} is on your balance"
        " here: you can pay with it.",
        tariff=_.own(gift.quote.name),
        amount=_.money(Money(it.params["minor"], it.params["currency"])),
    )
    return Outgoing(text, ((Button(_.label("Buy VPN access"), buttons.SHOP),),))


def taken_back(it: Occasion) -> Outgoing:
    gift, _ = _gift(it), it.say
    text = _(
        "The payment for the gift <b>{tariff}</b> that you accepted was returned to its buyer, so the days that were"
        " left of it are taken back.",
        tariff=_.own(gift.quote.name),
    )
    return Outgoing(text, ((it.my_subscriptions(),),))


def _gift(it: Occasion) -> gifts.Gift:
    return gifts.gift(it.tx, it.params["gift_id"])


def _my_gifts(it: Occasion) -> tuple[Button, ...]:
    return (Button(it.say.label("My gifts"), buttons.GIFTS),)
