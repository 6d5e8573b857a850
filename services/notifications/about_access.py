from __future__ import annotations

from services import provisioning
from services.notifications import about_life, buttons
from services.notifications.channels.base import Attachment, Button, Outgoing
from services.notifications.occasion import Occasion


def file(it: Occasion) -> Outgoing | None:
    access, _ = it.access(), it.say
    shown = access and access.artifact("file")
    if not access or not shown:
        return None
    open_it = _("Open this file in the WireGuard app, or scan the code in the next message.")
    text = "\n\n".join([about_life.begins(it, access.location), open_it])
    if limit := about_life.new_limit(it):
        text += f"\n{limit}"
    how = Button(_.label("How to connect"), buttons.instructions(it.subscription.id))
    return Outgoing(text, ((how,), (it.my_subscriptions(),)), Attachment(shown.name, shown.content.encode()))


def qr(it: Occasion) -> Outgoing | None:
    access, _ = it.access(), it.say
    shown = access and access.artifact("file")
    if not shown:
        return None
    text = _("For a phone: in the WireGuard app tap “+”, then scan this code.")
    picture = Attachment(shown.name.replace(".conf", ".png"), provisioning.qr_png(shown.content), is_photo=True)
    return Outgoing(text, (), picture)


def ready(it: Occasion) -> Outgoing | None:
    if it.access() is None:
        return None
    text = it.say("Your access is ready until {until}. If the file did not arrive, it is here:", until=it.until())
    again = Button(it.say.label("Configuration and QR"), buttons.config(it.subscription.id))
    return Outgoing(text, ((again,), (it.my_subscriptions(),)))


def extended(it: Occasion) -> Outgoing:
    return Outgoing(about_life.goes_on(it), ((it.my_subscriptions(),),))


def delayed(it: Occasion) -> Outgoing:
    if it.params.get("reason") == "out_of_stock":
        text = it.say(
            "Everything of this kind is taken at the moment. You get yours as soon as there is more: we send it here,"
            " you do not need to do anything."
        )
        return Outgoing(text, ((it.my_subscriptions(),),))
    text = it.say(
        "We have your payment. Preparing the access takes longer than usual: we keep trying and send it here as soon "
        "as it is ready. You do not need to do anything."
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
