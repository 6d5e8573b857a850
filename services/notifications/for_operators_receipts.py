"""What operators are told of receipts: those that wait for a person, and payouts that went wrong."""

from __future__ import annotations

import html

from services import receipts
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing, Stored
from services.notifications.occasion import Occasion
from services.notifications.reasons_receipts import why_no_bonus
from services.notifications.receipt_words import doubts_of, facts_of, one_line, sum_of
from services.platform.i18n import Language
from services.platform.money import Money

CONSOLE = "python -m apps.console receipts"
SHOWN = 8  # lines of a receipt
LONGEST_CAPTION = 1024  # characters (Telegram Bot API 10.3, sendDocument)


def needs_review(it: Occasion) -> Outgoing | None:
    """With the picture. None when somebody has decided already."""
    receipt = _receipt(it)
    if receipt.state != "review":
        return None
    text = review_text(it.say, receipt)
    rows = (
        (Button(it.say.label("Approve"), buttons.approve(receipt.id)),),
        (Button(it.say.label("Reject: choose the reason"), buttons.refuse(receipt.id)),),
    )
    if receipt.picture_key is None:
        return Outgoing(text, rows)
    name = f"receipt-{receipt.id}.{receipt.picture_key.rpartition('.')[2]}"
    stored = Stored(f"receipt:{receipt.id}", receipt.picture_key, receipt.picture_key, name, otherwise=text)
    return Outgoing(text, rows, stored=stored)


def review_text(_: Language, receipt: receipts.Receipt) -> str:
    """What was read, what speaks against it, what it would bring: HTML, short enough for a caption."""
    head = _("🔎 <b>Receipt no. {number}</b> by {party} waits for you.", number=receipt.id, party=receipt.party)
    command = f"<code>{CONSOLE} show {receipt.id}</code>"
    read, doubts = _read(_, receipt).split("\n"), _doubts(_, receipt).split("\n")
    while True:
        parts = [head, "\n".join(read), "\n".join(doubts), _bonus(_, receipt), command]
        text = "\n\n".join(part for part in parts if part)
        if len(text) <= LONGEST_CAPTION or len(read) + len(doubts) <= 2:
            return text
        (read if len(read) >= len(doubts) else doubts).pop()


def payout_failed(it: Occasion) -> Outgoing:
    receipt, _ = _receipt(it), it.say
    text = _(
        "⚠️ Payout {payout} of {amount} for receipt {receipt} ({party}) was refused: {reason}. Nothing was paid.",
        payout=it.params["payout_id"],
        amount=_.money(receipt.bonus) if receipt.bonus else "?",
        receipt=receipt.id,
        party=it.party,
        reason=it.params["reason"] or "-",
    )
    return Outgoing(f"{text}\n<code>{CONSOLE} show {receipt.id}</code>")


def payout_undecided(it: Occasion) -> Outgoing:
    receipt, _ = _receipt(it), it.say
    text = _(
        "❓ Nobody knows whether payout {payout} of {amount} for receipt {receipt} ({party}) was made. It is not tried"
        " again by itself. Look it up in the provider's cabinet and say in the console what you saw.",
        payout=it.params["payout_id"],
        amount=_.money(receipt.bonus) if receipt.bonus else "?",
        receipt=receipt.id,
        party=it.party,
    )
    return Outgoing(f"{text}\n<code>{CONSOLE} show {receipt.id}</code>")


def payout_contradicted(it: Occasion) -> Outgoing:
    receipt, _ = _receipt(it), it.say
    text = _(
        "❗️ Payout {payout} for receipt {receipt} ({party}) has ended as {state}, and the provider now says {said}."
        " Nothing was changed: look at the provider's own list.",
        payout=it.params["payout_id"],
        receipt=receipt.id,
        party=it.party,
        state=it.params["state"],
        said=it.params["said"],
    )
    return Outgoing(f"{text}\n<code>{CONSOLE} show {receipt.id}</code>")


def payouts_capped(it: Occasion) -> Outgoing:
    text = it.say(
        "⏸ {count} payouts have begun today, as many as a day may see. The others wait for tomorrow.",
        count=it.params["most"],
    )
    return Outgoing(text)


def _read(_: Language, receipt: receipts.Receipt) -> str:
    reading = receipt.reading
    if reading is None or not (facts_of(_, reading) or reading.lines):
        return _("Nothing could be read.")
    lines = [f"{one_line(line.name)} — {sum_of(_, line.sum, reading.currency)}" for line in reading.lines[:SHOWN]]
    if len(reading.lines) > SHOWN:
        lines.append("…")
    head = _("Read: {what}", what=", ".join(facts_of(_, reading)))
    return "\n".join([head, *(f"• {html.escape(line, quote=False)}" for line in lines)])


def _doubts(_: Language, receipt: receipts.Receipt) -> str:
    lines = []
    for reason in doubts_of(receipt):
        why = why_no_bonus(_, reason)
        lines.append(f"• {why.text} ({reason})" if why.is_known else f"• {reason}")
    return "\n".join(lines)


def _bonus(_: Language, receipt: receipts.Receipt) -> str:
    bonus = (receipt.decision or {}).get("bonus")
    if receipt.bonus is not None:
        return _("Approved, it brings {amount}.", amount=_.money(receipt.bonus))
    if bonus:
        return _("Approved, it brings {amount}.", amount=_.money(Money(bonus["minor"], bonus["currency"])))
    return ""


def _receipt(it: Occasion) -> receipts.Receipt:
    return receipts.any_receipt(it.tx, it.params["receipt_id"])
