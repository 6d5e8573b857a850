"""Whoever has paid and got nothing for days takes the money back, or waits on."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks_life as life
from apps.bot.screen import show
from apps.bot.screens.money_back import render_done, render_over, render_question, render_waiting
from apps.threads import in_thread
from services import billing, provisioning
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="money_back")
    router.callback_query.register(ask, life.MoneyBack.filter())
    router.callback_query.register(take, life.MoneyBackNow.filter())
    router.callback_query.register(wait, life.WaitOn.filter())
    return router


async def ask(callback: CallbackQuery, callback_data: life.MoneyBack, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    payment = await in_thread(_payment, kit, user, callback_data.grant_id)
    await show(callback, render_question(_, callback_data.grant_id, payment) if payment else render_over(_))


async def take(callback: CallbackQuery, callback_data: life.MoneyBackNow, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    try:
        refund = await in_thread(_take, kit, user, callback_data.grant_id)
    except (provisioning.AccessNotFailed, billing.NotRefundable):
        await show(callback, render_over(_))
    else:
        await show(callback, render_done(_, refund))


async def wait(callback: CallbackQuery, callback_data: life.WaitOn, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    payment = await in_thread(_payment, kit, user, callback_data.grant_id)
    await show(callback, render_waiting(_) if payment else render_over(_))


def _payment(kit: Kit, user: User, grant_id: int) -> billing.Payment | None:
    with kit.db.begin() as tx:
        return provisioning.refundable(tx, user.party, grant_id)


def _take(kit: Kit, user: User, grant_id: int) -> billing.Refund:
    with kit.db.begin() as tx:
        refund_id = provisioning.take_money_back(tx, kit.providers, user.party, grant_id, kit.clock.now())
        return billing.refund(tx, refund_id)
