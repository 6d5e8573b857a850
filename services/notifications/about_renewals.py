"""Words about ends that come near, and about renewals without anybody's doing. Dates are told, not "in three days":
they stay true however late a message arrives."""

from __future__ import annotations

from datetime import datetime

from services import billing, subscriptions
from services.notifications import about_life, buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion


def ahead(it: Occasion) -> Outgoing | None:
    """What will be charged, when and from what. None when it will not be."""
    owned, _ = it.subscription, it.say
    ends_at, announced_at = _moment(it, "ends_at"), _moment(it, "announced_at")
    if not subscriptions.renewal_notice_holds(it.tx, owned.id, ends_at, announced_at, it.params["charge_id"]):
        return None
    charge = billing.planned_charge(it.tx, it.params["charge_id"])
    values = {"tariff": _.own(charge.quote.name), "end": it.moment(ends_at), "amount": _.money(charge.amount)}
    at = it.moment(_moment(it, "charge_at"))
    if charge.card is None:
        text = _(
            "🔁 <b>{tariff}</b> is paid until {end} and renews by itself: on {at} we take {amount} from your balance.",
            **values,
            at=at,
        )
    else:
        text = _(
            "🔁 <b>{tariff}</b> is paid until {end} and renews by itself: on {at} we charge {amount} from your card"
            " <b>{card}</b>.",
            **values,
            at=at,
            card=charge.card,
        )
    text += " " + _("You need to do nothing. If you do not want it, turn it off with one tap.")
    off = Button(_.label("Turn off auto-renewal"), buttons.renewal_off(owned.id))
    return Outgoing(text, ((off,), (_renewal(it),)))


def turned_on(it: Occasion) -> Outgoing | None:
    """After a payment that had its card remembered. None when it is off again."""
    seen, _ = subscriptions.renewal_of(it.tx, it.party, it.params["subscription_id"]), it.say
    if seen is None or not seen.on:
        return None
    text = _(
        "🔁 Auto-renewal of <b>{tariff}</b> is on: before {end} we charge the next period from your card <b>{card}</b>."
        " You hear of it three days before, and can turn it off at any moment.",
        tariff=_.own(it.subscription.terms.name),
        end=it.until(),
        card=seen.card or "",
    )
    off = Button(_.label("Turn off auto-renewal"), buttons.renewal_off(it.subscription.id))
    return Outgoing(text, ((off,), (_renewal(it),)))


def turned_off(it: Occasion) -> Outgoing | None:
    """By something else than its owner's tap. None when it is on again."""
    owned, _ = it.subscription, it.say
    seen = subscriptions.renewal_of(it.tx, it.party, owned.id)
    if seen is None or seen.on or not owned.is_live:
        return None
    name = _.own(owned.terms.name)
    match it.params["cause"]:
        case "withdrawn":
            why = _("<b>{tariff}</b> is not sold any more, so it will not renew by itself.", tariff=name)
            row = (Button(_.label("Choose another tariff"), buttons.SHOP),)
        case "card_refused":
            why = _("Auto-renewal of <b>{tariff}</b> is off: the bank refuses the card.", tariff=name)
            row = (_renewal(it),)
        case _other:
            why = _("Auto-renewal of <b>{tariff}</b> is off: its card is forgotten.", tariff=name)
            row = (_renewal(it),)
    until = _("Your access works until {until}.", until=it.moment(owned.access_until))
    return Outgoing(f"{why} {until}", (row, (it.my_subscriptions(),)))


def reminder(it: Occasion) -> Outgoing | None:
    """None when it is not so any more: renewed, paused, ended early, brought back."""
    owned, _ = it.subscription, it.say
    name, end = _.own(owned.terms.name), it.moment(owned.ends_at)
    if owned.ends_at != _moment(it, "ends_at"):
        return None
    if it.params["kind"] == "after":
        return _after_the_end(it, owned)
    match owned.state:
        case "trial":
            text = _("⏳ Your trial <b>{tariff}</b> ends on {end}. Choose a tariff to go on.", tariff=name, end=end)
        case "canceled":
            text = _("⏳ <b>{tariff}</b>, which you have canceled, ends on {end}.", tariff=name, end=end)
        case "active":
            text = _(
                "⏳ <b>{tariff}</b> ends on {end}. Renew it now, and the new period begins when this one ends.",
                tariff=name,
                end=end,
            )
        case _other:
            return None
    return Outgoing(text, (_choose(it) if owned.state == "trial" else _renew(it), (it.my_subscriptions(),)))


def grace(it: Occasion) -> Outgoing | None:
    """It has ended, and access goes on for a while."""
    owned, _ = it.subscription, it.say
    if owned.state != "grace" or owned.ends_at != _moment(it, "ends_at"):
        return None
    text = _(
        "⌛ <b>{tariff}</b> has ended. So that you are not cut off, your access goes on until {until}: renew before.",
        tariff=_.own(owned.terms.name),
        until=it.moment(_moment(it, "until")),
    )
    return Outgoing(text, (_renew(it), (it.my_subscriptions(),)))


def _after_the_end(it: Occasion, owned: subscriptions.Subscription) -> Outgoing | None:
    _ = it.say
    name, end = _.own(owned.terms.name), it.moment(owned.ends_at)
    match owned.state:
        case "expired" if about_life.was_trial(it):
            text = _(
                "Your trial has ended: <b>{tariff}</b>. Choose a tariff, and you are connected again.", tariff=name
            )
            return Outgoing(text, (_choose(it),))
        case "expired":
            text = _(
                "<b>{tariff}</b> ended on {end}. Renew, and everything works as before with the same settings.",
                tariff=name,
                end=end,
            )
        case "grace":
            text = _(
                "<b>{tariff}</b> ended on {end}, and your access only goes on until {until}: renew before.",
                tariff=name,
                end=end,
                until=it.moment(owned.access_until),
            )
        case _other:
            return None
    return Outgoing(text, (_renew(it),))


def _choose(it: Occasion) -> tuple[Button, ...]:
    return (Button(it.say.label("See what is on sale"), buttons.SHOP),)


def _renew(it: Occasion) -> tuple[Button, ...]:
    return (Button(it.say.label("Renew"), buttons.renew(it.subscription.id)),)


def _renewal(it: Occasion) -> Button:
    return Button(it.say.label("Auto-renewal"), buttons.renewal(it.subscription.id))


def _moment(it: Occasion, name: str) -> datetime:
    return datetime.fromisoformat(it.params[name])
