from __future__ import annotations

import html

from services.notifications import about_life, buttons, goods
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.provisioning import Access


def file(it: Occasion) -> Outgoing | None:
    """The file of a configuration; `qr` follows."""
    return _shown(it, 0, "file")


def qr(it: Occasion) -> Outgoing | None:
    return _shown(it, 1, "file")


def good(it: Occasion) -> Outgoing | None:
    """Anything else that is shown: a link, an invitation, a key, a text."""
    return _shown(it, -1, *goods.TOGETHER)


def moved(it: Occasion) -> Outgoing | None:
    """To another location, with the same credentials."""
    access = it.access()
    if access is None:
        return None
    text = it.say(
        "📍 <b>{title}</b> is in {location} now. Your configuration stays the same: connect anew.",
        title=goods.title(it.say, access.good),
        location=access.location,
    )
    return Outgoing(text, ((it.my_subscriptions(),),))


def ready(it: Occasion) -> Outgoing | None:
    access, _ = it.access(), it.say
    if access is None:
        return None
    text = (
        _("Your access is ready until {until}. If the file did not arrive, it is here:", until=it.until())
        if access.artifact("file")
        else _("Your access is ready until {until}. If it did not arrive, it is here:", until=it.until())
    )
    again = Button(_.label("Access and keys"), buttons.config(it.subscription.id))
    return Outgoing(text, ((again,), (it.my_subscriptions(),)))


def extended(it: Occasion) -> Outgoing:
    return Outgoing(about_life.goes_on(it), ((it.my_subscriptions(),),))


def delayed(it: Occasion) -> Outgoing:
    found, _ = it.grant(), it.say
    if it.params.get("reason") == "out_of_stock":
        text = _(
            "Everything of this kind is taken at the moment. You get yours as soon as there is more: we send it here,"
            " you do not need to do anything."
        )
    elif found is not None and len(it.given()) > 1:
        text = _(
            "We have your payment. Preparing <b>{title}</b> takes longer than usual: we keep trying and send it here as"
            " soon as it is ready. You do not need to do anything.",
            title=goods.title(_, found.good),
        )
    else:
        text = _(
            "We have your payment. Preparing the access takes longer than usual: we keep trying and send it here as"
            " soon as it is ready. You do not need to do anything."
        )
    return Outgoing(text, ((it.my_subscriptions(),),))


def expired(it: Occasion) -> Outgoing | None:
    ended = it.subscription
    if ended.is_live:
        return None
    name = it.say.own(ended.terms.name)
    if about_life.was_trial(it):
        text = it.say(
            "Your trial has ended: <b>{tariff}</b>. Choose a tariff, and you are connected again.", tariff=name
        )
        return Outgoing(text, ((Button(it.say.label("See what is on sale"), buttons.SHOP),),))
    text = it.say("<b>{tariff}</b> has ended. Renew, and everything works as before.", tariff=name)
    return Outgoing(text, ((Button(it.say.label("Renew"), buttons.renew(ended.id)),),))


def _shown(it: Occasion, number: int, *kinds: str) -> Outgoing | None:
    """That message of those that show the grant, where it has something of these kinds."""
    access = it.access()
    if access is None or not any(one.kind in kinds for one in access.artifacts):
        return None
    return goods.messages(it.say, access, _heading(it, access), goods.rows(it.say, access))[number]()


def _heading(it: Occasion, access: Access) -> str:
    """Why it comes. A good that has a title of its own is called by it."""
    _, cause = it.say, it.params.get("cause", "payment")
    title = goods.title(_, access.good)
    if it.params.get("also"):
        return _(
            "Also yours with <b>{tariff}</b>: <b>{title}</b>.", tariff=_.own(it.subscription.terms.name), title=title
        )
    if cause == "location":
        return _(
            "📍 <b>{title}</b> is in {location} now. Here is the new access; the old one no longer works.",
            title=title,
            location=access.location,
        )
    if it.params.get("anew"):
        return _("🔄 <b>{title}</b>: here is the new access. The old one no longer works.", title=title)
    parts = [about_life.begins(it, access.location)]
    if limit := about_life.new_limit(it):
        parts.append(limit)
    if access.good.title and not access.artifact("invite"):
        parts.append(f"<b>{html.escape(title, quote=False)}</b>")
    return "\n".join(parts)
