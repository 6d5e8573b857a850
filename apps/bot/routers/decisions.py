"""Operators decide in the chat about money that came late, twice or in another amount. For everybody else these buttons
do not exist."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.filters import ByOperator
from apps.bot.screen import show
from apps.bot.screens.decisions import cannot_be_done, decided_already, render_held, render_question
from apps.threads import in_thread
from services import billing
from services.identity import User
from services.kit import Kit
from services.platform.errors import KioskError, TryLater
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="decisions")
    router.callback_query.filter(ByOperator())
    router.callback_query.register(open_held, callbacks.Held.filter())
    router.callback_query.register(ask_to_decide, callbacks.Decide.filter())
    router.callback_query.register(decide, callbacks.DecideNow.filter())
    return router


async def open_held(
    callback: CallbackQuery,
    callback_data: callbacks.Held | callbacks.Decide | callbacks.DecideNow,
    _: Language,
    kit: Kit,
    note: str | None = None,
) -> None:
    """Raises PaymentNotFound."""
    payment = await in_thread(_payment, kit, callback_data.payment_id)
    await show(callback, render_held(_, payment, note))


async def ask_to_decide(callback: CallbackQuery, callback_data: callbacks.Decide, _: Language, kit: Kit) -> None:
    """Raises PaymentNotFound."""
    payment = await in_thread(_payment, kit, callback_data.payment_id)
    if payment.decision is None:
        await show(callback, render_held(_, payment))
    else:
        await show(callback, render_question(_, payment, callback_data.choice))


async def decide(
    callback: CallbackQuery, callback_data: callbacks.DecideNow, user: User, _: Language, kit: Kit
) -> None:
    """Raises PaymentNotFound or TryLater."""
    before = await in_thread(_payment, kit, callback_data.payment_id)
    note = None
    if before.decision is None:
        note = decided_already(_)
    else:
        try:
            await in_thread(_decide, kit, user, before.id, callback_data.choice)
        except TryLater:
            raise
        except KioskError as refusal:
            note = cannot_be_done(_, refusal.code)
    await open_held(callback, callback_data, _, kit, note)


def _payment(kit: Kit, payment_id: int) -> billing.Payment:
    with kit.db.begin() as tx:
        return billing.any_payment(tx, payment_id)


def _decide(kit: Kit, user: User, payment_id: int, choice: callbacks.Choice) -> None:
    with kit.db.begin() as tx:
        actor = f"operator:{user.telegram_id}"
        billing.decide(tx, kit.providers, payment_id, choice, actor=actor, now=kit.clock.now())
