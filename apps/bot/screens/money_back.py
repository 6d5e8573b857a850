"""What was paid and could not be delivered."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.keyboards import button, keyboard, to_menu
from apps.bot.screen import Screen
from services.billing import Payment, Refund
from services.platform.i18n import Language


def render_question(_: Language, grant_id: int, payment: Payment) -> Screen:
    """Before it is done."""
    text = _(
        "Take back {amount}? We then stop trying, and the days that were paid with it are taken off.",
        amount=_.money(payment.received or payment.amount),
    )
    yes = button(_.label("Yes, take my money back"), life.MoneyBackNow(grant_id=grant_id))
    return Screen(text, keyboard([yes], [button(_.label("I will wait"), life.WaitOn(grant_id=grant_id))], to_menu(_)))


def render_done(_: Language, refund: Refund) -> Screen:
    amount = _.money(refund.amount)
    text = (
        _("Done: {amount} is on your balance. You can pay for any tariff with it.", amount=amount)
        if refund.destination == "balance"
        else _("Done: {amount} goes back the way it came. We write to you when it has left.", amount=amount)
    )
    return Screen(text, keyboard(to_menu(_)))


def render_waiting(_: Language) -> Screen:
    text = _("Thank you for your patience! We keep trying and send it here as soon as it is ready.")
    return Screen(text, keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)))


def render_over(_: Language) -> Screen:
    """Delivered, given back or ended meanwhile."""
    text = _("Things have changed meanwhile: please look at your subscription.")
    return Screen(text, keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)))
