"""The own receipts: a list, and what they have brought."""

from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks
from apps.bot import callbacks_receipts as words
from apps.bot.keyboards import button, keyboard
from apps.bot.screen import Screen
from apps.bot.screens.receipts import to_receipts
from apps.bot.screens.words import plain
from services.notifications import facts_of
from services.platform.i18n import Language
from services.platform.money import Money
from services.receipts import Receipt, Statistics

PAGE = 5
EARNED = ("approved", "paying", "paid", "pay_failed")


def render_my_receipts(
    _: Language, receipts: Sequence[Receipt], zone: str, *, older: int | None, is_first: bool
) -> Screen:
    """One page, the newest first; `older` begins the next."""
    title = _("🧾 <b>My receipts</b>")
    none = _("There are none yet. Take a picture of a receipt and send it here.")
    lines = [_line(_, one, zone) for one in receipts] or [none if is_first else _("There is nothing older.")]
    see = [button(f"{_mark(one)} {one.id}", words.SeeReceipt(receipt_id=one.id)) for one in receipts]
    pages = [] if is_first else [button(_.label("‹ Newest"), words.MyReceipts(before=0))]
    if older is not None:
        pages.append(button(_.label("Older ›"), words.MyReceipts(before=older)))
    payments = [
        button(_.label("My bonuses"), words.MySums()),
        button(_.label("Payment history"), callbacks.History(page=0)),
    ]
    return Screen("\n\n".join([title, *lines]), keyboard(see, pages, payments, to_receipts(_)))


def render_sums(_: Language, month: Statistics, ever: Statistics) -> Screen:
    parts = [
        _("📊 <b>My bonuses</b>"),
        "\n".join([_("<b>This month</b>"), *_sums(_, month)]),
        "\n".join([_("<b>In all</b>"), *_sums(_, ever)]),
    ]
    mine = [button(_.label("My receipts"), words.MyReceipts(before=0))]
    return Screen("\n\n".join(parts), keyboard(mine, to_receipts(_)))


def state_of(_: Language, receipt: Receipt) -> str:
    """Part of a sentence."""
    match receipt.state:
        case "receiving" | "received" | "read":
            return _("being read")
        case "review":
            return _("a person looks at it")
        case "approved" | "paying":
            return _("accepted, being paid")
        case "paid":
            return _("paid")
        case "pay_failed":
            return _("accepted, not paid yet")
        case "reversed":
            return _("taken back")
        case _rejected:
            return _("no bonus")


def _line(_: Language, receipt: Receipt, zone: str) -> str:
    bonus = f", <b>{_.money(receipt.bonus)}</b>" if receipt.bonus and receipt.state in EARNED else ""
    head = _("{mark} No. {number}: {state}", mark=_mark(receipt), number=receipt.id, state=state_of(_, receipt))
    facts = facts_of(_, receipt.reading) if receipt.reading else []
    sent = _("sent on {date}", date=_.date(receipt.submitted_at, zone))
    return f"{head}{bonus}\n{plain(', '.join(facts)) or sent}"


def _mark(receipt: Receipt) -> str:
    match receipt.state:
        case "paid" | "approved" | "paying":
            return "✅"
        case "review":
            return "🔎"
        case "pay_failed":
            return "⚠️"
        case "reversed":
            return "↩️"
        case "rejected":
            return "✖️"
        case _open:
            return "⏳"


def _sums(_: Language, seen: Statistics) -> list[str]:
    accepted = sum(seen.by_state.get(state, 0) for state in EARNED)
    lines = [
        _("Sent: {count}", count=seen.count),
        _("Accepted: {count}", count=accepted),
        _("Paid: {sums}", sums=_joined(_, seen.paid)),
    ]
    if any(one.minor for one in seen.owed):
        lines.append(_("On its way: {sums}", sums=_joined(_, seen.owed)))
    return lines


def _joined(_: Language, sums: Sequence[Money]) -> str:
    return " + ".join(_.money(one) for one in sums if one.minor) or "0"
