from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.routers.receipts import takes_receipts
from apps.bot.screen import show
from apps.bot.screens.history import PAGE, Entry, render_history
from apps.bot.screens.support import render_help, render_support
from apps.bot.screens.terms import render_terms
from apps.threads import in_thread
from services import billing
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="support")
    router.message.register(help_, Command("help"))
    router.callback_query.register(help_, callbacks.Help.filter())
    router.message.register(support, Command("support"))
    router.message.register(terms, Command("terms"))
    router.message.register(history, Command("history"))
    router.callback_query.register(history, callbacks.History.filter())
    return router


async def help_(event: Message | CallbackQuery, _: Language, kit: Kit) -> None:
    with_receipts = await in_thread(takes_receipts, kit)
    await show(event, render_help(_, kit.settings.support_username, with_receipts=with_receipts))


async def support(message: Message, user: User, _: Language, kit: Kit) -> None:
    await show(message, render_support(_, kit.settings.support_username, user.id))


async def terms(message: Message, _: Language) -> None:
    await show(message, render_terms(_))


async def history(
    event: Message | CallbackQuery,
    user: User,
    _: Language,
    kit: Kit,
    callback_data: callbacks.History | None = None,
) -> None:
    page = callback_data.page if callback_data else 0
    found = await in_thread(_payments, kit, user, page)
    screen = render_history(_, found[:PAGE], page, kit.settings.time_zone, is_last=len(found) <= PAGE)
    await show(event, screen)


def _payments(kit: Kit, user: User, page: int) -> list[Entry]:
    """One more than a page holds: the sign that there is another page."""
    with kit.db.begin() as tx:
        found = billing.payments_of(tx, user.party, offset=page * PAGE, limit=PAGE + 1)
        return [(payment, quote, billing.refunds_of(tx, payment.id)) for payment, quote in found]
