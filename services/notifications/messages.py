"""The words of every notification, in the person's language. Made when the message is sent: what changed meanwhile is
told as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from services import billing, identity, provisioning, subscriptions
from services.notifications import buttons
from services.notifications.channels.base import Attachment, Button, Outgoing
from services.notifications.models import MessageRow
from services.notifications.reasons import explain
from services.platform.i18n import Language, language


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a message is made from. Attributes are looked up in the caller's transaction."""

    tx: Session
    params: Mapping[str, Any]
    party: identity.Party
    say: Language
    provisioners: Mapping[str, provisioning.Provisioner]
    time_zone: str

    @property
    def subscription(self) -> subscriptions.Subscription:
        return subscriptions.subscription(self.tx, self.params["subscription_id"])

    @property
    def payment(self) -> billing.Payment:
        return billing.payment(self.tx, self.party, self.params["payment_id"])

    def access(self) -> provisioning.Access | None:
        """The grant the message speaks of, if it is still given."""
        found = provisioning.access_of(self.tx, self.provisioners, self.party, self.params["subscription_id"])
        return next((one for one in found if one.grant_id == self.params["grant_id"] and one.state == "ready"), None)

    def until(self) -> str:
        return self.say.moment(self.subscription.ends_at, self.time_zone)

    def my_subscriptions(self) -> Button:
        return Button(self.say.label("My subscription"), buttons.MY_SUBSCRIPTIONS)


def compose(
    tx: Session,
    row: MessageRow,
    person: identity.User | None,
    provisioners: Mapping[str, provisioning.Provisioner],
    time_zone: str,
) -> Outgoing | None:
    """None when there is nothing to say any more."""
    about = row.params.get("party") or (str(person.party) if person else None)
    if about is None:
        return None
    say = person.language if person else language(None)
    return KINDS[row.kind](Occasion(tx, row.params, identity.Party.parse(about), say, provisioners, time_zone))


def _access_file(it: Occasion) -> Outgoing | None:
    access, _ = it.access(), it.say
    if access is None:
        return None
    text = _(
        "<b>{tariff}</b> is paid, thank you! Your access in {location} works until {until}.\n\n"
        "Open this file in the WireGuard app, or scan the code in the next message.",
        tariff=_.own(it.subscription.terms.name),
        location=access.location,
        until=it.until(),
    )
    how = Button(_.label("How to connect"), buttons.instructions(it.subscription.id))
    return Outgoing(text, ((how,), (it.my_subscriptions(),)), Attachment(access.file_name, access.config.encode()))


def _access_qr(it: Occasion) -> Outgoing | None:
    access, _ = it.access(), it.say
    if access is None:
        return None
    text = _("For a phone: in the WireGuard app tap “+”, then scan this code.")
    picture = Attachment(access.file_name.replace(".conf", ".png"), provisioning.qr_png(access.config), is_photo=True)
    return Outgoing(text, (), picture)


def _access_ready(it: Occasion) -> Outgoing | None:
    if it.access() is None:
        return None
    text = it.say("Your access is ready until {until}. If the file did not arrive, it is here:", until=it.until())
    again = Button(it.say.label("Configuration and QR"), buttons.config(it.subscription.id))
    return Outgoing(text, ((again,), (it.my_subscriptions(),)))


def _extended(it: Occasion) -> Outgoing:
    text = it.say(
        "Thank you! <b>{tariff}</b> now works until {until}. Your configuration stays the same.",
        tariff=it.say.own(it.subscription.terms.name),
        until=it.until(),
    )
    return Outgoing(text, ((it.my_subscriptions(),),))


def _access_delayed(it: Occasion) -> Outgoing:
    text = it.say(
        "We have your payment. Preparing the access takes longer than usual: we keep trying and send it here as soon "
        "as it is ready. You do not need to do anything."
    )
    return Outgoing(text, ((it.my_subscriptions(),),))


def _payment_failed(it: Occasion) -> Outgoing:
    text = it.say("The payment of {amount} did not work.", amount=it.say.money(it.payment.amount))
    again = Button(it.say.label("Try again"), buttons.SHOP)
    return Outgoing(f"{text} {explain(it.say, it.params['reason'])}", ((again,),))


def _payment_held(it: Occasion) -> Outgoing:
    text = it.say(
        "Your payment of {amount} has arrived, but it needs a look by a person first: it came late, twice or in "
        "another amount. Nothing is lost, we will write to you.",
        amount=it.say.money(it.payment.amount),
    )
    return Outgoing(text)


def _expired(it: Occasion) -> Outgoing | None:
    ended = it.subscription
    if ended.state == "active":
        return None
    text = it.say(
        "<b>{tariff}</b> has ended. Renew, and everything works as before.", tariff=it.say.own(ended.terms.name)
    )
    return Outgoing(text, ((Button(it.say.label("Renew"), buttons.renew(ended.id)),),))


def _admin_payment_held(it: Occasion) -> Outgoing:
    text = it.say(
        "Payment {payment} of {amount} by {party} waits for your decision: {reason}.",
        payment=it.payment.id,
        amount=it.say.money(it.payment.amount),
        party=it.party,
        reason=it.params["reason"],
    )
    return Outgoing(text)


def _admin_access_delayed(it: Occasion) -> Outgoing:
    text = it.say(
        "{party} has paid and does not have access yet ({reason}). It is being tried again; bin/doctor tells more.",
        party=it.party,
        reason=it.params["reason"],
    )
    return Outgoing(text)


KINDS: Mapping[str, Callable[[Occasion], Outgoing | None]] = {
    "access_file": _access_file,
    "access_qr": _access_qr,
    "access_ready": _access_ready,
    "extended": _extended,
    "access_delayed": _access_delayed,
    "payment_failed": _payment_failed,
    "payment_held": _payment_held,
    "expired": _expired,
    "admin_payment_held": _admin_payment_held,
    "admin_access_delayed": _admin_access_delayed,
}
