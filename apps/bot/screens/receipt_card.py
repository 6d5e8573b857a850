"""One receipt, and why it was decided so: the steps of the rules in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from apps.bot import callbacks_receipts as words
from apps.bot.keyboards import Row, button, keyboard
from apps.bot.screen import Screen
from apps.bot.screens.words import plain
from services.notifications import (
    TYPEABLE,
    day_of,
    is_paid_to_phone,
    one_line,
    products_of,
    receipt_text,
    sum_of,
    waits_for_phone,
    why_no_bonus,
)
from services.platform.i18n import Language
from services.platform.money import BadAmount, Money
from services.receipts import Receipt

SHOWN = 12  # lines of a receipt
STEPS = 16
MARKS = {"ok": "✓", "no": "✗", "missing": "?", "doubt": "?", "cut": "✂️", "sum": "＝"}
MONEY = re.compile(r"(\d+(?:\.\d+)?) ([A-Z]{3})\b")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
COUNTED = re.compile(r"(\d+) days")


def render_receipt(_: Language, receipt: Receipt, phone: str | None, zone: str) -> Screen:
    sent = _("Sent on {date}", date=_.moment(receipt.submitted_at, zone))
    parts = [receipt_text(_, receipt, phone), _lines(_, receipt), _explanation(_, receipt), sent]
    return Screen("\n\n".join(part for part in parts if part), keyboard(*_rows(_, receipt, phone)))


def _rows(_: Language, receipt: Receipt, phone: str | None) -> list[Row]:
    rows: list[Row] = []
    if waits_for_phone(receipt, phone) or (receipt.state == "pay_failed" and is_paid_to_phone(receipt)):
        label = _.label("Change my number") if phone else _.label("Give my number")
        rows.append([button(label, words.GivePhone())])
    if receipt.state == "rejected" and receipt.reason in TYPEABLE:
        rows.append([button(_.label("Type it in"), words.TypeReceipt())])
    if receipt.is_open:
        rows.append([button(_.label("Refresh"), words.SeeReceipt(receipt_id=receipt.id))])
    return [*rows, [button(_.label("My receipts"), words.MyReceipts(before=0))]]


def _lines(_: Language, receipt: Receipt) -> str:
    """What was bought, as far as it was read."""
    if receipt.reading is None or not receipt.reading.lines:
        return ""
    lines = receipt.reading.lines[:SHOWN]
    bought = [f"• {one_line(line.name)} — {sum_of(_, line.sum, receipt.reading.currency)}" for line in lines]
    more = ["…"] if len(receipt.reading.lines) > SHOWN else []
    return "\n".join([_("<b>Purchases that were read</b>"), *(plain(line) for line in bought), *more])


def _explanation(_: Language, receipt: Receipt) -> str:
    decision = receipt.decision or {}
    leads = decision.get("campaign")
    steps = [step for step in decision.get("trace", ()) if leads is None or step.get("campaign") == leads]
    said = [line for step in steps if (line := _step(_, receipt, step))][:STEPS]
    return "\n".join([_("<b>How it was checked</b>"), *said]) if said else ""


def _step(_: Language, receipt: Receipt, step: Mapping[str, Any]) -> str | None:
    result, rule, reason = str(step.get("result")), str(step.get("rule")), step.get("reason")
    mark = MARKS.get(result, "•")
    saw, wants = _value(_, step.get("saw")), _value(_, step.get("wants"))
    if reason and result in ("no", "missing", "doubt"):
        why = why_no_bonus(_, str(reason))
        return f"{mark} {why.text}{_needed(_, rule, saw, wants)}" if why.is_known else None
    title = _title(_, rule)
    if title is None or (wants == "any" and result == "ok"):
        return None
    match rule:
        case "fiscal" | "trust":
            return f"{mark} {title}"
        case "products":
            saw = ", ".join(products_of(receipt))
        case "bonus_min" | "bonus_max" | "per_receipt":
            saw = wants
        case _other if rule.startswith(("count_", "sum_")) and result == "ok":
            saw = _("{had} of {limit}", had=saw, limit=wants)
    return f"{mark} {title}: {plain(saw)}"


def _needed(_: Language, rule: str, saw: str, wants: str) -> str:
    """How much there was and how much there should be, where that is a matter of numbers."""
    is_number = rule in ("total", "matched_sum", "quantity", "age") or rule.startswith(("count_", "sum_"))
    return f" ({plain(_('{had} of {limit}', had=saw, limit=wants))})" if is_number and saw != "unknown" else ""


def _title(_: Language, rule: str) -> str | None:
    """None for what only the machine wants to know."""
    match rule:
        case "trust":
            return _("Everything important is known for sure")
        case "fiscal":
            return _("It is a fiscal receipt")
        case "merchant":
            return _("Shop")
        case "dates":
            return _("Day of the purchase")
        case "total":
            return _("Total")
        case "products":
            return _("Products of the campaign")
        case "quantity":
            return _("Pieces of them")
        case "matched_sum":
            return _("Their price")
        case "count_day" | "count_week" | "count_month" | "count_total":
            return _("Your receipts before this one")
        case "sum_day" | "sum_week" | "sum_month" | "sum_total":
            return _("Your bonuses before this one")
        case "bonus_min":
            return _("Raised to the smallest bonus")
        case "bonus_max" | "per_receipt" | "budget":
            return _("Cut to the most that is paid")
        case "pays":
            return _("It brings")
        case _other:
            return None


def _value(_: Language, value: object) -> str:
    """Sums, days and numbers of days as people write them. Plain text."""
    text = one_line(str(value if value is not None else ""))

    def day(found: re.Match[str]) -> str:
        try:
            return day_of(_, date.fromisoformat(found[0]))
        except ValueError:
            return found[0]

    def money(found: re.Match[str]) -> str:
        try:
            return _.money(Money.parse(found[1], found[2]))
        except BadAmount:
            return found[0]

    text = DAY.sub(day, text)
    text = COUNTED.sub(lambda found: _.n("{count} day", "{count} days", int(found[1])), text)
    return MONEY.sub(money, text)
