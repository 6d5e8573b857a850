"""What could not be delivered: its buyer may have the money back."""

from __future__ import annotations

from services import provisioning
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion


def failed(it: Occasion) -> Outgoing | None:
    """None when it was delivered, or is over, meanwhile."""
    access, _ = _undelivered(it), it.say
    if access is None:
        return None
    paid = it.payment
    text = _(
        "We are sorry: <b>{tariff}</b> is paid, and we still cannot give you access. We keep trying. If you would"
        " rather not wait, take back your {amount}.",
        tariff=_.own(it.subscription.terms.name),
        amount=_.money(paid.received or paid.amount),
    )
    back = Button(_.label("Take my money back"), buttons.money_back(access.grant_id))
    wait = Button(_.label("I will wait"), buttons.wait(access.grant_id))
    return Outgoing(text, ((back,), (wait,)))


def _undelivered(it: Occasion) -> provisioning.Access | None:
    given = provisioning.access_of(it.tx, it.cipher, it.party, it.params["subscription_id"])
    return next((one for one in given if one.grant_id == it.params["grant_id"] and one.state == "preparing"), None)
