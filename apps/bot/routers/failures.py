"""From errors to words. Nobody is left with a spinner or with silence."""

from __future__ import annotations

from typing import Any

import sentry_sdk
import structlog
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import CallbackQuery, ErrorEvent, Message

from apps.bot.screen import answer, show
from apps.bot.screens.failure import render_crash, render_refusal
from apps.threads import in_thread
from services import identity
from services.identity import User
from services.kit import Kit
from services.platform.errors import KioskError, Misconfigured
from services.platform.i18n import language

NOT_NOW = (TelegramRetryAfter, TelegramNetworkError, TelegramServerError)

log = structlog.get_logger(__name__)


async def explain(failure: ErrorEvent, kit: Kit, **data: Any) -> Any:
    """Tells the person what happened. While Telegram itself does not take our answer, the error goes on to whoever
    feeds the updates."""
    error, event = failure.exception, failure.update.callback_query or failure.update.message
    if isinstance(error, NOT_NOW):
        return UNHANDLED
    if isinstance(error, TelegramForbiddenError):
        if user := data.get("user"):
            await in_thread(_mark_unreachable, kit, user)
        return None
    if not isinstance(error, KioskError) or isinstance(error, Misconfigured):
        log.error("update_failed", error=type(error).__name__, exc_info=error)
        sentry_sdk.capture_exception(error)
    if event is not None and event.from_user is not None:
        await _tell(event, error, data)
    return None


async def _tell(event: Message | CallbackQuery, error: Exception, data: dict[str, Any]) -> None:
    _ = data.get("_") or language(event.from_user.language_code if event.from_user else None)
    pressed = None
    if isinstance(event, CallbackQuery):
        pressed = event.data
        await answer(event)
    screen = render_refusal(_, error, pressed) if isinstance(error, KioskError) else render_crash(_, pressed)
    await show(event, screen)


def _mark_unreachable(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        identity.mark_unreachable(tx, user.telegram_id, kit.clock.now())
