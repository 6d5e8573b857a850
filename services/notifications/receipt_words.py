"""How a receipt stands, in its owner's words: the same under the picture and in the history."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from services.identity import Phone
from services.notifications.reasons_receipts import why_no_bonus
from services.platform.i18n import Language
from services.platform.money import EXPONENTS, Money
from services.receipts import Reading, Receipt

SHOWN = 6  # products
LONGEST = 60  # characters of a name
PAID_TO_PHONES = frozenset({"portmone", "manual"})


def receipt_text(_: Language, receipt: Receipt, phone: str | None) -> str:
    """HTML. `phone` is the owner's, masked; None where none was given."""
    parts = [f"<b>{_headline(_, receipt)}</b>", _outcome(_, receipt, phone), found(_, receipt)]
    return "\n\n".join(part for part in parts if part)


def shown_phone(phone: Phone | None) -> str | None:
    """Masked, and never broken over two lines."""
    return phone.masked.replace(" ", "\u00a0") if phone else None


def is_paid_to_phone(receipt: Receipt) -> bool:
    return (receipt.decision or {}).get("payout") in PAID_TO_PHONES


def waits_for_phone(receipt: Receipt, phone: str | None) -> bool:
    """Its bonus can go nowhere yet."""
    return receipt.state in ("approved", "paying") and is_paid_to_phone(receipt) and phone is None


def found(_: Language, receipt: Receipt) -> str:
    """What stands on it, as far as it was read: a line. HTML."""
    if receipt.reading is None:
        return ""
    facts = facts_of(_, receipt.reading)
    return _("On the receipt: {what}", what=", ".join(facts)) if facts else ""


def facts_of(_: Language, reading: Reading) -> list[str]:
    """Shop, day and total, those that are known. Plain text."""
    day = day_of(_, reading.date, reading.time)
    shop = one_line(reading.merchant) if reading.merchant else ""
    return [part for part in (shop, day, sum_of(_, reading.total, reading.currency)) if part]


def day_of(_: Language, day: date | None, at: time | None = None) -> str:
    """As it is printed there; it has no zone."""
    if day is None:
        return ""
    written = _.date(datetime.combine(day, time(12), UTC), "UTC")
    return f"{written}, {at:%H:%M}" if at else written


def sum_of(_: Language, total: Decimal | None, currency: str | None) -> str:
    if total is None:
        return ""
    if currency not in EXPONENTS:
        return f"{total}"
    return _.money(Money(int(total.scaleb(EXPONENTS[currency])), currency))


def products_of(receipt: Receipt) -> list[str]:
    """What earned: "Цитрамон ×2". Plain text."""
    names = []
    for one in (receipt.decision or {}).get("matched", ()):
        count = one.get("quantity") or 1
        name = one_line(str(one.get("name") or one.get("sku") or ""))
        names.append(f"{name} ×{count}" if count > 1 else name)
    names = list(dict.fromkeys(filter(None, names)))
    return names[:SHOWN] + (["…"] if len(names) > SHOWN else [])


def doubts_of(receipt: Receipt) -> list[str]:
    """Codes: of the reading, then of the rules."""
    reading = receipt.reading.reasons if receipt.reading else ()
    return list(dict.fromkeys([*reading, *(receipt.decision or {}).get("reasons", ())]))


def one_line(name: str) -> str:
    """Printed words inside our sentence: one line, not endless, and unable to turn the text around them."""
    words = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def bulleted(lines: Sequence[str]) -> str:
    return "\n".join(f"• {html.escape(line, quote=False)}" for line in lines)


def _headline(_: Language, receipt: Receipt) -> str:
    number = receipt.id
    match receipt.state:
        case "receiving" | "received" | "read":
            return _("🧾 Receipt no. {number}: reading, a few seconds…", number=number)
        case "review":
            return _("🔎 Receipt no. {number}: a person looks at it", number=number)
        case "approved" | "paying":
            return _("✅ Receipt no. {number}: accepted", number=number)
        case "paid":
            return _("✅ Receipt no. {number}: the bonus is paid", number=number)
        case "pay_failed":
            return _("⚠️ Receipt no. {number}: the bonus could not be paid", number=number)
        case "reversed":
            return _("↩️ Receipt no. {number}: the bonus was taken back", number=number)
        case _rejected:
            return _("✖️ Receipt no. {number}: no bonus", number=number)


def _outcome(_: Language, receipt: Receipt, phone: str | None) -> str:
    match receipt.state:
        case "receiving" | "received" | "read":
            return ""
        case "review":
            return _review(_, receipt)
        case "approved" | "paying" | "paid":
            return "\n".join(part for part in (_bonus(_, receipt), _way(_, receipt, phone)) if part)
        case "pay_failed":
            return "\n".join(part for part in (_bonus(_, receipt), _failed(_, receipt)) if part)
        case "reversed":
            return _("A person has found that it did not meet the terms. A mistake? Write to support: /support")
        case _rejected:
            why = why_no_bonus(_, receipt.reason)
            return f"{why.text} {why.advice}" if why.advice else why.text


def _review(_: Language, receipt: Receipt) -> str:
    waits = _("Usually within a day. The answer comes here; you do not need to do anything.")
    known = [why for reason in doubts_of(receipt) if (why := why_no_bonus(_, reason)).is_known]
    return f"{known[0].text} {waits}" if known else waits


def _bonus(_: Language, receipt: Receipt) -> str:
    amount = _.money(receipt.bonus) if receipt.bonus else "…"
    if names := products_of(receipt):
        return _("Bonus: <b>{amount}</b>, for {products}.", amount=amount, products=", ".join(names))
    return _("Bonus: <b>{amount}</b>.", amount=amount)


def _way(_: Language, receipt: Receipt, phone: str | None) -> str:
    is_paid = receipt.state == "paid"
    if not is_paid_to_phone(receipt):
        return _("It is on your balance.") if is_paid else _("It comes to your balance in a moment.")
    if is_paid:
        return _("It was paid to the phone {phone}.", phone=phone) if phone else _("It was paid to your phone.")
    if waits_for_phone(receipt, phone):
        return _("Which phone shall it be paid to? Give your number, and we pay it there.")
    return _("It is being paid to the phone {phone}.", phone=phone) if phone else _("It is being paid to your phone.")


def _failed(_: Language, receipt: Receipt) -> str:
    if is_paid_to_phone(receipt):
        return _(
            "The operator did not take the payment. Look whether the number is right (/change_phone) and write to"
            " support, so that we pay again: /support"
        )
    return _("Write to support, so that we pay again: /support")
