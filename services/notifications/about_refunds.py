from __future__ import annotations

from services import billing
from services.notifications.channels.base import Outgoing
from services.notifications.occasion import Occasion


def refunded(it: Occasion) -> Outgoing:
    """How much, where to, and what became of the access."""
    refund, sold, _ = it.refund, it.invoice(it.params["payment_id"]), it.say
    parts = [
        _(
            "We have returned {amount} for <b>{tariff}</b>.",
            amount=_.money(refund.amount),
            tariff=_.own(sold.quote.name),
        ),
        _where_to(it, refund),
        _of_gift(it) if sold.quote.purpose == "gift" else _access(it, sold.quote.product),
    ]
    owned = it.owned(sold.quote.product) if sold.quote.purpose != "gift" else None
    rows = ((it.my_subscriptions(),),) if owned else ()
    return Outgoing("\n\n".join(part for part in parts if part), rows)


def _where_to(it: Occasion, refund: billing.Refund) -> str:
    _ = it.say
    if "balance" in (refund.destination, refund.provider):
        return _("The money is on your balance here: you can pay with it.")
    if refund.provider == "stars":
        return _("The Stars are back on your Telegram account.")
    return _("The money goes back to where you paid from. Banks may take a few days to show it.")


def _of_gift(it: Occasion) -> str:
    """The buyer's own access has nothing to do with it."""
    if not it.params["shorten"]:
        return ""
    return it.say("The gift that it had paid for is canceled.")


def _access(it: Occasion, product: str) -> str:
    """As it is now. Nothing where there was none to lose."""
    _, owned = it.say, it.owned(product)
    if owned is None:
        return ""
    if not it.params["shorten"]:
        if not owned.is_live:
            return ""
        return _("Your access stays as it is: it works until {until}.", until=it.moment(owned.ends_at))
    if not owned.is_live:
        return _(
            "The days which that money had paid for are taken back: your access ended on {until}.",
            until=it.moment(owned.ends_at),
        )
    return _(
        "The days which that money had paid for are taken back: your access now works until {until}.",
        until=it.moment(owned.ends_at),
    )
