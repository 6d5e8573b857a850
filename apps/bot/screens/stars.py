"""Paying in Telegram Stars, where Telegram's own messages do most of the talking."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.promo import discount_of
from apps.bot.screens.words import bold
from services.billing import Invoice
from services.platform.i18n import Language


def render_invoice_follows(
    _: Language, invoice: Invoice, payment_id: int, way: Way | TopUpWay, note: str | None = None
) -> Screen:
    """Above the invoice message. `note` (HTML) explains the price."""
    sold = invoice.quote
    match sold.purpose:
        case "gift":
            follows = _(
                "The invoice is in the next message: press its button. The code of your gift arrives here by itself."
            )
        case "topup":
            follows = _("The invoice is in the next message: press its button. Your tokens arrive here by themselves.")
        case _other:
            follows = _("The invoice is in the next message: press its button. Your access arrives here by itself.")
    return Screen(
        "\n\n".join(
            part
            for part in (
                _("⭐ <b>Payment in Stars</b>"),
                bold(_.own(sold.name)),
                _("To pay: <b>{price}</b>", price=_.money(invoice.amount)),
                note or discount_of(_, sold.promo, sold.list_price, sold.price),
                follows,
            )
            if part
        ),
        keyboard(
            [button(_.label("Check payment"), callbacks.Check(payment_id=payment_id))],
            back(_, way.others()),
        ),
    )


def render_thanks(_: Language) -> Screen:
    """The payment has arrived; what it brings follows."""
    text = "\n\n".join(
        [_("✅ <b>Paid, thank you!</b>"), _("What you bought is on its way and arrives in this chat in a moment.")]
    )
    return Screen(text, keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)))


def cannot_be_paid(_: Language) -> str:
    """Telegram shows it when Pay was pressed: plain text."""
    return _.label(
        "This invoice cannot be paid: it is closed, or it was made for somebody else. Nothing was charged. Open the"
        " bot's shop for a new one."
    )


def not_now(_: Language) -> str:
    """The same place; nobody could tell in time."""
    return _.label("We cannot take this payment right now. Nothing was charged: please try again in a minute.")
