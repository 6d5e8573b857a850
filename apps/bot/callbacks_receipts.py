"""The buttons of receipts, as in callbacks.py. `receipts`, `receipt`, `phone`, `typereceipt`, `receiptyes` and
`receiptno` also stand under notifications."""

from __future__ import annotations

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from apps.bot.callback_values import Id

Reason = Annotated[str, Field(pattern=r"^[a-z_]{1,24}$")]


class Receipts(CallbackData, prefix="receipts"):
    """What receipts earn, and how to send them."""


class ReadReceiptTerms(CallbackData, prefix="receiptterms"):
    """What is kept of receipts; asks for consent where there is none."""


class AgreeToReceipts(CallbackData, prefix="receiptok"):
    pass


class GivePhone(CallbackData, prefix="phone"):
    """The person will share or write the number that bonuses are paid to."""


class TypeReceipt(CallbackData, prefix="typereceipt"):
    """The person will write what stands on a receipt."""


class MyReceipts(CallbackData, prefix="myreceipts"):
    """The own ones; `before` is the last that was seen, 0 begins with the newest."""

    before: Id


class SeeReceipt(CallbackData, prefix="receipt"):
    receipt_id: Id


class MySums(CallbackData, prefix="mysums"):
    """What the own receipts have brought."""


class Reviews(CallbackData, prefix="reviews"):
    """For operators, as everything below: all that wait."""


class SeeReview(CallbackData, prefix="review"):
    receipt_id: Id


class Approve(CallbackData, prefix="receiptyes"):
    receipt_id: Id


class Refuse(CallbackData, prefix="receiptno"):
    """Asks for the reason."""

    receipt_id: Id


class RefuseFor(CallbackData, prefix="receiptnofor"):
    receipt_id: Id
    reason: Reason
