from __future__ import annotations

from datetime import datetime

from services import billing
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.notifications.reasons import explain
from services.platform.i18n import Language


def saved(it: Occasion) -> Outgoing | None:
    """None when it is forgotten already."""
    _ = it.say
    known = billing.methods_of(it.tx, it.party)
    card = next((one for one in known if one.id == it.params["method_id"]), None)
    if card is None:
        return None
    text = _(
        "We remember your card <b>{card}</b> for renewals, as you wished. Its number stays with the payment system."
        " You can have it forgotten at any moment.",
        card=card.title,
    )
    forget = Button(_.label("Forget this card"), buttons.forget_card(card.id))
    return Outgoing(text, ((forget,), (it.my_subscriptions(),)))


def declined(it: Occasion) -> Outgoing:
    """Why, and what comes next: our next try, or what its owner can do."""
    charge, _ = billing.planned_charge(it.tx, it.params["charge_id"]), it.say
    parts = [_what_was_not_charged(_, charge), explain(_, it.params["reason"])]
    if it.params["next_at"]:
        next_at = datetime.fromisoformat(it.params["next_at"])
        parts.append(_("We will try again on {moment}. You can also pay yourself.", moment=it.moment(next_at)))
    else:
        parts.append(_("We will not charge it again. To go on, pay with another card or in another way."))
        parts.append(_("Auto-renewal is off; you can turn it on in “My subscription”."))
    pay = Button(_.label("Pay"), buttons.tariff(charge.quote.tariff))
    cards = Button(_.label("Remembered cards"), buttons.CARDS)
    return Outgoing(" ".join(parts), ((pay,), (cards,)))


def _what_was_not_charged(_: Language, charge: billing.PlannedCharge) -> str:
    amount, name = _.money(charge.amount), _.own(charge.quote.name)
    if charge.card is None:
        return _("We could not take {amount} from your balance for <b>{tariff}</b>.", amount=amount, tariff=name)
    return _(
        "We could not charge {amount} from your card <b>{card}</b> for <b>{tariff}</b>.",
        amount=amount,
        card=charge.card,
        tariff=name,
    )
