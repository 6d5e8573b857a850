from __future__ import annotations

from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion


def sold_out(it: Occasion) -> Outgoing:
    """To who paid when nothing was left."""
    _, sold = it.say, it.invoice(it.params["payment_id"])
    about = {"tariff": _.own(sold.quote.name), "amount": _.money(sold.amount)}
    text = (
        _(
            "😔 <b>{tariff}</b> was sold out just before your payment came. We are sorry! {amount} goes back to you by"
            " itself: you do not need to do anything, and we write when it is done.",
            **about,
        )
        if it.params["refund_id"]
        else _(
            "😔 <b>{tariff}</b> was sold out just before your payment came. We are sorry! {amount} goes back to you:"
            " one of us sees to it, you do not need to do anything.",
            **about,
        )
    )
    return Outgoing(text, ((Button(_.label("See what is on sale"), buttons.SHOP),),))
