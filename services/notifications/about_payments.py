from __future__ import annotations

from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.notifications.reasons import explain


def failed(it: Occasion) -> Outgoing:
    payment, _ = it.payment, it.say
    text = _("The payment of {amount} did not work.", amount=_.money(payment.amount))
    again = Button(_.label("Try again"), buttons.retry(payment.id))
    sold = it.invoice(payment.id).quote
    elsewhere = buttons.WALLET if sold.purpose == "topup" else buttons.tariff(sold.tariff)
    other = Button(_.label("Another way to pay"), elsewhere)
    return Outgoing(f"{text} {explain(_, it.params['reason'])}", ((again,), (other,)))


def held(it: Occasion) -> Outgoing:
    payment, _ = it.payment, it.say
    amount = _.money(payment.received or payment.amount)
    match it.params["reason"]:
        case "late":
            text = _("Your payment of {amount} has arrived, but after the time for it was over.", amount=amount)
        case "double":
            text = _("Your payment of {amount} has arrived, but this order was paid already.", amount=amount)
        case _:
            text = _("Your payment of {amount} has arrived, but the price was another one.", amount=amount)
    promise = _("A person looks at it first: nothing is lost, and we will write to you here.")
    return Outgoing(f"{text} {promise}")


def kept(it: Occasion) -> Outgoing:
    payment, _ = it.payment, it.say
    text = _(
        "Your payment of {amount} could not be applied to its order, so it is on your balance now. You can pay for any"
        " tariff with it: choose “from the balance” when you pay.",
        amount=_.money(payment.received or payment.amount),
    )
    return Outgoing(text, ((Button(_.label("See what is on sale"), buttons.SHOP),),))


def renewal_changed(it: Occasion) -> Outgoing | None:
    """What the provider renews by itself, which so far is Telegram with its Stars. None for a state we do not know."""
    sold, _ = it.invoice(it.params["payment_id"]).quote, it.say
    name, owned = _.own(sold.name), it.owned(sold.product)
    match it.params["state"]:
        case "canceled":
            text = _("You have stopped the renewal of <b>{tariff}</b>: no more Stars will be charged.", tariff=name)
        case "active":
            text = _("The renewal of <b>{tariff}</b> is on again: Telegram charges the Stars by itself.", tariff=name)
        case "failed":
            text = _(
                "Telegram could not charge the Stars for <b>{tariff}</b>, so it will not renew. Top up your Stars and"
                " buy it again, or pay in another way.",
                tariff=name,
            )
        case _other:
            return None
    if owned is not None and owned.is_on:
        text += " " + _("Your access works until {until}.", until=it.moment(owned.ends_at))
    rows = [(it.my_subscriptions(),)]
    if it.params["state"] == "failed":
        rows.insert(0, (Button(_.label("Pay"), buttons.tariff(sold.tariff)),))
    return Outgoing(text, tuple(rows))
