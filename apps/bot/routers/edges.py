"""Where the storefront ends: groups, other people's buttons, people who left, and words we do not know."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import CommandStart
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from apps.bot.filters import Foreign, InPrivate
from apps.bot.links import bot_url
from apps.bot.screen import answer, show
from apps.bot.screens.failure import not_yours
from apps.bot.screens.menu import render_group, render_hint, render_stale
from apps.threads import in_thread
from services import identity
from services.kit import Kit
from services.platform.i18n import Language


def not_private() -> Router:
    """Before everything else."""
    router = Router(name="not_private")
    router.message.register(greet_group, CommandStart(), ~InPrivate())
    router.callback_query.register(refuse_foreign, Foreign(), flags={"answers": True})
    router.my_chat_member.register(note_membership, InPrivate())
    return router


def last_resort() -> Router:
    """After everything else."""
    router = Router(name="last_resort")
    router.message.register(hint)
    router.callback_query.register(stale_button)
    return router


async def greet_group(message: Message, _: Language, kit: Kit, bot: Bot) -> None:
    await show(message, render_group(_, await bot_url(kit, bot)))


async def refuse_foreign(callback: CallbackQuery, _: Language) -> None:
    await answer(callback, not_yours(_), alert=True)


async def note_membership(event: ChatMemberUpdated, kit: Kit) -> None:
    """Whoever let us in again was greeted already."""
    if event.new_chat_member.status == "kicked":
        await in_thread(_mark_unreachable, kit, event.from_user.id)


async def hint(message: Message, _: Language) -> None:
    await show(message, render_hint(_))


async def stale_button(callback: CallbackQuery, _: Language) -> None:
    await show(callback, render_stale(_))


def _mark_unreachable(kit: Kit, telegram_id: int) -> None:
    with kit.db.begin() as tx:
        identity.mark_unreachable(tx, telegram_id, kit.clock.now())
