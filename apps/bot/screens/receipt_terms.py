"""What is kept of receipts, how long and why, and the consent to it. A change of meaning gets a new version: everybody
is asked again."""

from __future__ import annotations

from apps.bot import callbacks_receipts as words
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from services.platform.i18n import Language

RECEIPTS, RECEIPT_TERMS_VERSION = "receipts", "2026-11-28"


def render_receipt_terms(_: Language, *, days: int, asks_phone: bool, agreed: bool, note: str | None = None) -> Screen:
    """`days` are those for which pictures are kept. `note` (HTML) is said first."""
    parts = [
        note,
        _("🤝 <b>What is kept of receipts</b>"),
        _(
            "<b>What.</b> The picture, and what is read from it: shop, date and time, sums, products, fiscal number."
            " Please send receipts only, with nobody's face or card number on them."
        ),
        _("<b>Your phone.</b> Bonuses are paid to it. It is kept encrypted and shown to you shortened.")
        if asks_phone
        else None,
        _(
            "<b>Why.</b> To check the purchase, to pay your bonus, and to pay each receipt only once. Where the machine"
            " is not sure, one of our operators looks at the picture."
        ),
        _(
            "<b>How long.</b> The picture for {days} after the answer, then it is deleted; what was read and paid, as"
            " long as accounts have to be kept.",
            days=_.n("{count} day", "{count} days", days),
        ),
        _("<b>Fair play.</b> Own purchases, real receipts, each one once. What is forged earns nothing."),
        _("Version {version}", version=RECEIPT_TERMS_VERSION),
    ]
    agree = [button(_.label("Agree, I will send receipts"), words.AgreeToReceipts())]
    leave = back(_, words.Receipts()) if agreed else to_menu(_)
    return Screen("\n\n".join(part for part in parts if part), keyboard([] if agreed else agree, leave))


def agree_first(_: Language) -> str:
    """A picture came before the consent: nothing of it was kept."""
    return _("Before I may take receipts, please read this and agree. <b>Then send the picture once more.</b>")
