"""A receipt's one message: how it stands at the moment when it is told, whatever was the news."""

from __future__ import annotations

from dataclasses import replace

from services import identity, receipts
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.notifications.reasons_receipts import TYPEABLE
from services.notifications.receipt_words import is_paid_to_phone, receipt_text, shown_phone, waits_for_phone
from services.notifications.told_receipts import as_paid, message_of

READING = frozenset({"receiving", "received", "read"})


def standing(it: Occasion) -> Outgoing:
    receipt = _receipt(it)
    masked = shown_phone(identity.phone(it.tx, it.cipher, it.party.id))
    return Outgoing(
        receipt_text(it.say, receipt, masked),
        _rows(it, receipt, masked),
        edits=message_of(it.tx, receipt),
        anew=bool(it.params.get("anew")),
    )


def again(it: Occasion) -> Outgoing | None:
    """Said once more after a doubt, where that changes a message and makes no second one."""
    return standing(it) if message_of(it.tx, _receipt(it)) is not None and not it.params.get("anew") else None


def reminder(it: Occasion) -> Outgoing | None:
    """None when they have sent one meanwhile."""
    if receipts.history(it.tx, it.party, limit=1):
        return None
    text = it.say(
        "🧾 You have not sent a receipt yet. Take a photo of one from the shop, send it here, and get a part of the"
        " money back. Which purchases count, tells the button below."
    )
    return Outgoing(text, ((Button(it.say.label("Cashback for receipts"), buttons.RECEIPTS),),))


def _rows(it: Occasion, receipt: receipts.Receipt, phone: str | None) -> tuple[tuple[Button, ...], ...]:
    _ = it.say
    if receipt.state in READING:
        return ()
    rows = []
    if waits_for_phone(receipt, phone):
        rows.append((Button(_.label("Give my number"), buttons.PHONE),))
    elif receipt.state == "pay_failed" and is_paid_to_phone(receipt):
        rows.append((Button(_.label("Change my number"), buttons.PHONE),))
    elif receipt.state == "rejected" and receipt.reason in TYPEABLE:
        rows.append((Button(_.label("Type it in"), buttons.TYPE_RECEIPT),))
        rows.append((Button(_.label("How to take a good picture"), buttons.RECEIPTS),))
    rows.append((Button(_.label("Details"), buttons.receipt(receipt.id)),))
    return tuple(rows)


def _receipt(it: Occasion) -> receipts.Receipt:
    """As the news says, where the row itself does not know it yet."""
    receipt = as_paid(it.tx, receipts.receipt(it.tx, it.party, it.params["receipt_id"]))
    match it.params.get("news"):
        case "paid" if receipt.state in ("approved", "paying", "pay_failed"):
            return replace(receipt, state="paid")
        case "unpaid" if receipt.state in ("approved", "paying"):
            return replace(receipt, state="pay_failed")
        case _other:
            return receipt
