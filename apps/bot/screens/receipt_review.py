"""For operators: receipts that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks_receipts as words
from apps.bot.keyboards import button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.receipt_history import state_of
from apps.bot.screens.words import plain
from services.notifications import facts_of, review_text, why_no_bonus
from services.platform.i18n import Language
from services.receipts import Receipt

SHOWN = 20  # the console lists them all
# In the order in which they are offered; services.receipts.REASONS.
REASONS = (
    *("no_product", "duplicate_receipt", "not_fiscal", "unreadable", "screenshot"),
    *("too_old", "refund", "not_receipt", "fraud", "other"),
)


def render_reviews(_: Language, waiting: Sequence[Receipt]) -> Screen:
    if not waiting:
        return Screen(_("🔎 No receipt waits for a person."), keyboard(to_menu(_)))
    text = _("🔎 Receipts that wait for a person, the oldest first:")
    rows = [[button(_name(_, one), words.SeeReview(receipt_id=one.id))] for one in waiting[:SHOWN]]
    return Screen(text, keyboard(*rows, to_menu(_)))


def render_review(_: Language, receipt: Receipt, note: str | None = None) -> Screen:
    """`note` (HTML) is said first."""
    others = [button(_.label("Other receipts"), words.Reviews())]
    if receipt.state != "review":
        text = _("Receipt no. {number}: {state}.", number=receipt.id, state=state_of(_, receipt))
        return Screen("\n\n".join(part for part in (note, text) if part), keyboard(others))
    text = review_text(_, receipt)
    yes = [button(_.label("Approve"), words.Approve(receipt_id=receipt.id))]
    no = [button(_.label("Reject: choose the reason"), words.Refuse(receipt_id=receipt.id))]
    return Screen(f"{note}\n\n{text}" if note else text, keyboard(yes, no, others))


def render_reasons(_: Language, receipt: Receipt) -> Screen:
    """Which reason the person is told."""
    text = _("Receipt no. {number}: why is it rejected? The person reads this.", number=receipt.id)
    facts = plain(", ".join(facts_of(_, receipt.reading))) if receipt.reading else ""
    lines = [f"• {reason_label(_, reason)}: {why_no_bonus(_, reason).text}" for reason in REASONS]
    rows = [
        [
            button(reason_label(_, reason), words.RefuseFor(receipt_id=receipt.id, reason=reason))
            for reason in REASONS[start : start + 2]
        ]
        for start in range(0, len(REASONS), 2)
    ]
    back = [button(_.label("‹ Back"), words.SeeReview(receipt_id=receipt.id))]
    return Screen("\n\n".join(part for part in (text, facts, "\n".join(lines)) if part), keyboard(*rows, back))


def reason_label(_: Language, reason: str) -> str:
    match reason:
        case "unreadable":
            return _.label("Unreadable")
        case "not_receipt":
            return _.label("Not a receipt")
        case "not_fiscal":
            return _.label("Not fiscal")
        case "duplicate_receipt":
            return _.label("A duplicate")
        case "too_old":
            return _.label("Too old")
        case "no_product":
            return _.label("No such product")
        case "screenshot":
            return _.label("A screenshot")
        case "refund":
            return _.label("Returned goods")
        case "fraud":
            return _.label("A forgery")
        case _other:
            return _.label("Another reason")


def approved(_: Language, receipt: Receipt) -> str:
    amount = _.money(receipt.bonus) if receipt.bonus else "?"
    return _("✅ Approved: {amount}. The person is told.", amount=amount)


def refused(_: Language) -> str:
    return _("✖️ Rejected. The person is told.")


def decided_already(_: Language) -> str:
    return _("It was decided already.")


def not_payable(_: Language, reason: str, receipt_id: int) -> str:
    return _(
        "⚠️ It cannot be approved as it is: {why} ({reason})\nWhat was read can be put right in the console:"
        " <code>{command}</code>",
        why=why_no_bonus(_, reason).text,
        reason=reason,
        command=f"python -m apps.console receipts correct {receipt_id}",
    )


def _name(_: Language, receipt: Receipt) -> str:
    facts = ", ".join(facts_of(_, receipt.reading)) if receipt.reading else ""
    return f"{receipt.id} · {facts}"[:64]
