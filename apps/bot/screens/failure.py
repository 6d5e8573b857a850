"""What a person reads when something did not work."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot.keyboards import button, keyboard, to_menu
from apps.bot.screen import Screen
from services.platform.errors import Conflict, KioskError, NotFound, TryLater
from services.platform.i18n import Language


def render_refusal(_: Language, error: KioskError, pressed: str | None) -> Screen:
    """For an error raised on purpose. `pressed` is the data of the button that led here, to press it again."""
    retry = [button(_.label("Try again"), pressed)] if pressed and isinstance(error, TryLater) else []
    match error.code:
        case "tariff_not_found" | "not_for_sale":
            shop = [button(_.label("See what is on sale"), callbacks.Shop())]
            return Screen(_("This tariff is no longer on sale. Please choose another one."), keyboard(shop, to_menu(_)))
        case "sold_out":
            shop = [button(_.label("See what is on sale"), callbacks.Shop())]
            return Screen(sold_out(_), keyboard(shop, to_menu(_)))
        case "replaced_lately":
            text = _("The key was replaced less than a day ago. You can replace it again tomorrow.")
        case "checkout_failed":
            text = _("The payment page could not be opened. Nothing was charged: please try again in a minute.")
        case "payment_not_found":
            text = _("I cannot find this payment among yours.")
        case "subscription_not_found":
            text = _("I cannot find this subscription among yours.")
        case "access_not_found":
            text = _("I cannot find this access among yours.")
        case "user_blocked":
            text = you_are_blocked(_)
        case "payment_method_not_found":
            text = _("I cannot find this card among those that you let us remember.")
        case "receipt_not_found":
            text = _("I cannot find this receipt among yours.")
        case "gift_not_found":
            text = _("There is no gift with this code. Look whether all 16 letters and digits are there.")
        case "gift_taken":
            text = _("This gift has been accepted already.")
        case "gift_over":
            text = _("This gift can no longer be accepted: its time is over, or its payment was returned.")
        case _other:
            text = _by_kind(_, error)
    return Screen(text, keyboard(retry, to_menu(_)))


def render_crash(_: Language, pressed: str | None) -> Screen:
    """For everything else; we have been told already."""
    retry = [button(_.label("Try again"), pressed)] if pressed else []
    return Screen(_("Something went wrong. We already know about it, please try again."), keyboard(retry, to_menu(_)))


def not_yours(_: Language) -> str:
    return _.label("This button belongs to somebody else. Send me /start to get your own.")


def sold_out(_: Language) -> str:
    """200 characters at most, without markup."""
    return _.label("This is sold out at the moment, sorry. Nothing was charged.")


def you_are_blocked(_: Language) -> str:
    """200 characters at most, without markup."""
    return _.label("Your access to this bot is closed. If you think that this is a mistake, please write to support.")


def _by_kind(_: Language, error: KioskError) -> str:
    match error:
        case NotFound():
            return _("I cannot find what you asked for.")
        case Conflict():
            return _("Something has changed in the meantime. Please start again from the menu.")
        case TryLater():
            return _("This does not work right now. Please try again in a minute.")
        case _other:
            return _("This is not possible, sorry. If it should be, write to support.")
