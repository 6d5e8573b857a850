from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.screen import show
from apps.bot.screens.guide import render_guide, render_systems
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="guide")
    router.callback_query.register(connect, callbacks.Connect.filter())
    router.callback_query.register(guide, callbacks.Guide.filter())
    return router


async def connect(callback: CallbackQuery, callback_data: callbacks.Connect, _: Language) -> None:
    await show(callback, render_systems(_, callback_data.subscription_id))


async def guide(callback: CallbackQuery, callback_data: callbacks.Guide, _: Language) -> None:
    await show(callback, render_guide(_, callback_data.system, callback_data.subscription_id))
