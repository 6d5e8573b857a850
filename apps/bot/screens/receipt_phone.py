"""The phone that bonuses are paid to: shared by a button, or typed."""

from __future__ import annotations

from aiogram.types import KeyboardButton, ReplyKeyboardMarkup

from apps.bot.keyboards import keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.receipts import to_receipts
from services.platform.i18n import Language


def ask_for_phone(_: Language, phone: str | None, note: str | None = None) -> str:
    """HTML; goes with `share_keyboard`. `phone` is the one that is known, masked; `note` is said first."""
    now = _("Now bonuses are paid to {phone}.", phone=phone) if phone else None
    ask = _(
        "📱 <b>Which mobile number shall bonuses be paid to?</b>\n\nPress “Share my number” below, or write it, such as"
        " 067 123 45 67. Numbers of Ukraine only."
    )
    return "\n\n".join(part for part in (note, ask, now) if part)


def share_keyboard(_: Language) -> ReplyKeyboardMarkup:
    return ReplyKeyboardMarkup(
        keyboard=[
            [KeyboardButton(text=_.label("Share my number"), request_contact=True)],
            [KeyboardButton(text=not_now(_))],
        ],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def not_now(_: Language) -> str:
    return _.label("Not now")


def phone_kept(_: Language, phone: str) -> str:
    return _("✅ Bonuses are paid to {phone} from now on. Send a picture of a receipt at any time.", phone=phone)


def phone_left(_: Language, phone: str | None) -> str:
    if phone:
        return _("All right, it stays {phone}.", phone=phone)
    return _("All right. Bonuses wait until you give a number: /change_phone")


def bad_phone(_: Language) -> str:
    return _("⚠️ This is no mobile number of Ukraine: it has ten digits and begins with 0, or with +380.")


def render_no_phone_needed(_: Language) -> Screen:
    text = _("Bonuses come to your balance here at the moment: no phone number is needed.")
    return Screen(text, keyboard(to_receipts(_)))


def render_contact_not_needed(_: Language) -> Screen:
    return Screen(_("I do not need a phone number at the moment, so I have not kept it."), keyboard(to_menu(_)))
