"""A receipt without a picture: three lines, written by hand."""

from __future__ import annotations

from apps.bot.keyboards import keyboard
from apps.bot.screen import Screen
from apps.bot.screens.receipts import to_receipts
from apps.bot.typed_receipt import Fault
from services.platform.i18n import Language


def render_type_receipt(_: Language, example_day: str, note: str | None = None) -> Screen:
    """`example_day` is a date as it is to be written; `note` (HTML) is said first."""
    text = _(
        "✍️ <b>Type a receipt in</b>\n\nWrite one message of three lines: the shop, the date and the total. For"
        " example:\n\n<code>{shop}\n{day}\n{total}</code>\n\nA person compares it with the shop's records, usually"
        " within a day. Please keep the paper receipt.",
        shop=_.label("Pharmacy No. 1, Khreshchatyk 10"),
        day=example_day,
        total="152,40",
    )
    return Screen(f"{note}\n\n{text}" if note else text, keyboard(to_receipts(_)))


def what_is_wrong(_: Language, fault: Fault) -> str:
    match fault:
        case "lines":
            return _("⚠️ I need three lines: the shop, the date, the total.")
        case "shop":
            return _("⚠️ The first line should be the shop, 200 characters at most.")
        case "day":
            return _("⚠️ I did not understand the date in the second line. Write it as day.month.year.")
        case "future":
            return _("⚠️ The date in the second line has not come yet.")
        case "total":
            return _("⚠️ I did not understand the total in the third line. Write a number such as 152,40.")
