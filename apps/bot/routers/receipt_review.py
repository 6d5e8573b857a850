"""Operators decide about receipts in the chat. For everybody else these buttons and words do not exist."""

from __future__ import annotations

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks_receipts as words
from apps.bot.filters import ByOperator
from apps.bot.routers.tasks import FromOperator
from apps.bot.screen import Screen, show
from apps.bot.screens import receipt_review as screens
from apps.threads import in_thread
from services import receipts
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language

LONGEST_CAPTION = 1024  # characters (Telegram Bot API 10.3, editMessageCaption)


def routes() -> Router:
    router = Router(name="receipt_review")
    router.message.filter(FromOperator())
    router.callback_query.filter(ByOperator())
    router.message.register(open_reviews, Command("reviews"))
    router.callback_query.register(open_reviews, words.Reviews.filter())
    router.callback_query.register(see, words.SeeReview.filter())
    router.callback_query.register(approve, words.Approve.filter())
    router.callback_query.register(ask_reason, words.Refuse.filter())
    router.callback_query.register(refuse, words.RefuseFor.filter())
    return router


async def open_reviews(event: Message | CallbackQuery, _: Language, kit: Kit) -> None:
    await show(event, screens.render_reviews(_, await in_thread(_in_review, kit)))


async def see(callback: CallbackQuery, callback_data: words.SeeReview, _: Language, kit: Kit) -> None:
    """Raises ReceiptNotFound."""
    receipt = await in_thread(_receipt, kit, callback_data.receipt_id)
    await _show_there(callback, screens.render_review(_, receipt))


async def approve(callback: CallbackQuery, callback_data: words.Approve, user: User, _: Language, kit: Kit) -> None:
    """Raises ReceiptNotFound."""
    receipt_id = callback_data.receipt_id
    try:
        note = screens.approved(_, await in_thread(_approve, kit, user, receipt_id))
    except receipts.NotInReview:
        note = screens.decided_already(_)
    except receipts.NotPayable as refusal:
        note = screens.not_payable(_, refusal.reason, receipt_id)
    await _show_there(callback, screens.render_review(_, await in_thread(_receipt, kit, receipt_id), note))


async def ask_reason(callback: CallbackQuery, callback_data: words.Refuse, _: Language, kit: Kit) -> None:
    """Raises ReceiptNotFound."""
    receipt = await in_thread(_receipt, kit, callback_data.receipt_id)
    note = screens.decided_already(_)
    screen = (
        screens.render_reasons(_, receipt) if receipt.state == "review" else screens.render_review(_, receipt, note)
    )
    await _show_there(callback, screen)


async def refuse(callback: CallbackQuery, callback_data: words.RefuseFor, user: User, _: Language, kit: Kit) -> None:
    """Raises ReceiptNotFound."""
    receipt_id = callback_data.receipt_id
    try:
        await in_thread(_refuse, kit, user, receipt_id, callback_data.reason)
        note = screens.refused(_)
    except receipts.NotInReview:
        note = screens.decided_already(_)
    await _show_there(callback, screens.render_review(_, await in_thread(_receipt, kit, receipt_id), note))


async def _show_there(callback: CallbackQuery, screen: Screen) -> None:
    """Under the picture, where the button stood there."""
    message = callback.message
    if isinstance(message, Message) and message.document is not None and len(screen.text) <= LONGEST_CAPTION:
        try:
            await message.edit_caption(caption=screen.text, reply_markup=screen.keyboard)
        except TelegramBadRequest as refusal:
            if "message is not modified" in refusal.message:
                return
        else:
            return
    await show(callback, screen)


def _in_review(kit: Kit) -> list[receipts.Receipt]:
    with kit.db.begin() as tx:
        return receipts.in_review(tx, limit=screens.SHOWN)


def _receipt(kit: Kit, receipt_id: int) -> receipts.Receipt:
    with kit.db.begin() as tx:
        return receipts.any_receipt(tx, receipt_id)


def _approve(kit: Kit, user: User, receipt_id: int) -> receipts.Receipt:
    with kit.db.begin() as tx:
        return receipts.approve(tx, kit.cipher, receipt_id, actor=_me(user), now=kit.clock.now())


def _refuse(kit: Kit, user: User, receipt_id: int, reason: str) -> None:
    with kit.db.begin() as tx:
        receipts.refuse(tx, receipt_id, reason, actor=_me(user), now=kit.clock.now())


def _me(user: User) -> str:
    return f"operator:{user.telegram_id}"
