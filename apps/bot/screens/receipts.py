"""Receipts into cashback: what earns what, how to take the picture, and what the bot answers at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from apps.bot import callbacks_receipts as words
from apps.bot.keyboards import Row, back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.receipt_campaigns import campaign_text
from services.notifications import Why
from services.platform.i18n import Language
from services.receipts import Campaign

SHOWN = 5  # campaigns


def render_receipts(
    _: Language,
    campaigns: Sequence[Campaign],
    *,
    agreed: bool,
    phone: str | None,
    asks_phone: bool,
    note: str | None = None,
) -> Screen:
    """`phone` is the masked one, `asks_phone` whether bonuses are paid to phones; `note` (HTML) is said first."""
    told = [campaign_text(_, campaign) for campaign in campaigns[:SHOWN]]
    where = None
    if asks_phone and agreed:
        missing = _("📱 Your phone number is still missing.")
        where = _("📱 Bonuses are paid to {phone}.", phone=phone) if phone else missing
    send = _("<b>Send the picture right here in the chat.</b> I answer within seconds.") if agreed else None
    parts = [note, _("🧾 <b>Cashback for receipts</b>"), *told, how_to(_), where, send]
    return Screen("\n\n".join(part for part in parts if part), keyboard(*_rows(_, agreed, phone, asks_phone)))


def render_nothing_runs(_: Language, *, has_receipts: bool) -> Screen:
    """Also the answer to a picture when none is wanted."""
    text = _("Thank you! No cashback campaign runs at the moment, so I take no receipts now. Please look in later.")
    return Screen(text, keyboard(_history(_) if has_receipts else [], to_menu(_)))


def render_off(_: Language) -> Screen:
    """A campaign runs, but pictures have nowhere to go."""
    text = _("Receipts cannot be taken at the moment. Please keep yours and send it later.")
    return Screen(text, keyboard(to_menu(_)))


def render_agreed(_: Language) -> Screen:
    text = _("✅ Thank you! Now take a picture of a receipt and send it here.")
    return Screen(
        f"{text}\n\n{how_to(_)}", keyboard([button(_.label("What earns what"), words.Receipts())], to_menu(_))
    )


def how_to(_: Language) -> str:
    return _(
        "📷 <b>A good picture</b>: the whole receipt, from the first line to the QR code; flat and in good light; best"
        " sent as a file (📎 → File): then it stays sharp."
    )


def got_it(_: Language) -> str:
    """At once, under the picture."""
    return _("🧾 Got it, reading: a few seconds…")


def render_not_taken(_: Language, why: Why) -> Screen:
    """The picture was not kept."""
    text = f"✖️ {why.text} {why.advice}" if why.advice else f"✖️ {why.text}"
    return Screen(text, keyboard([button(_.label("How to take a good picture"), words.Receipts())]))


def render_not_fetched(_: Language) -> Screen:
    return Screen(_("⚠️ The picture did not reach me. Please send it once more."))


def render_not_kept(_: Language) -> Screen:
    return Screen(_("⚠️ I cannot keep pictures at the moment. Please send it once more in a few minutes."))


def render_too_many(_: Language, seconds: float) -> Screen:
    """Again in so many seconds."""
    text = _("✋ That is a lot of receipts at once. Please send this one again {time}.", time=_in(_, seconds))
    return Screen(text)


def too_large_for_telegram(_: Language) -> Why:
    """Telegram Bot API, getFile: 20 MB."""
    return Why(
        _("Telegram gives me files of 20 MB at most, and I take 10 MB."),
        _("Please send it as a photo, or a smaller file."),
    )


def _in(_: Language, seconds: float) -> str:
    minutes = max(1, math.ceil(timedelta(seconds=seconds) / timedelta(minutes=1)))
    if minutes < 60:
        return _.n("in {count} minute", "in {count} minutes", minutes)
    return _.n("in {count} hour", "in {count} hours", math.ceil(minutes / 60))


def _rows(_: Language, agreed: bool, phone: str | None, asks_phone: bool) -> list[Row]:
    if not agreed:
        return [[button(_.label("Take part"), words.ReadReceiptTerms())], to_menu(_)]
    label = _.label("Change my number") if phone else _.label("Give my number")
    return [
        [button(label, words.GivePhone())] if asks_phone else [],
        _history(_),
        [button(_.label("Type a receipt in"), words.TypeReceipt())],
        [button(_.label("What is kept of receipts"), words.ReadReceiptTerms())],
        to_menu(_),
    ]


def _history(_: Language) -> Row:
    return [
        button(_.label("My receipts"), words.MyReceipts(before=0)),
        button(_.label("My bonuses"), words.MySums()),
    ]


def to_receipts(_: Language) -> Row:
    return back(_, words.Receipts())
