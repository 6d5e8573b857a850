from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery
from sqlalchemy.orm import Session

from apps.bot import callbacks_life as life
from apps.bot.screen import show
from apps.bot.screens import manage as screens
from apps.threads import in_thread
from services import subscriptions
from services.identity import Party, User
from services.kit import Kit
from services.platform.i18n import Language
from services.subscriptions import Subscription

UseCase = Callable[[Session, Party, int, datetime], object]


def routes() -> Router:
    router = Router(name="manage")
    router.callback_query.register(manage, life.Manage.filter())
    router.callback_query.register(ask_to_pause, life.Pause.filter())
    router.callback_query.register(pause, life.PauseNow.filter())
    router.callback_query.register(resume, life.Resume.filter())
    router.callback_query.register(ask_to_cancel, life.Cancel.filter())
    router.callback_query.register(cancel, life.CancelNow.filter())
    router.callback_query.register(keep, life.Keep.filter())
    return router


async def open_manage(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, subscription_id: int, note: str | None = None
) -> None:
    """`note` (HTML) is said first. Raises SubscriptionNotFound."""
    one = await in_thread(own, kit, user, subscription_id)
    await show(callback, screens.render_manage(_, one, kit.clock.now(), kit.settings.time_zone, note))


async def manage(callback: CallbackQuery, callback_data: life.Manage, user: User, _: Language, kit: Kit) -> None:
    await open_manage(callback, user, _, kit, callback_data.subscription_id)


async def ask_to_pause(callback: CallbackQuery, callback_data: life.Pause, user: User, _: Language, kit: Kit) -> None:
    """Raises SubscriptionNotFound."""
    one, now = await in_thread(own, kit, user, callback_data.subscription_id), kit.clock.now()
    if one.state != "active" or one.ends_at <= now:
        await open_manage(callback, user, _, kit, one.id, screens.not_now(_))
        return
    await show(callback, screens.render_pause(_, one, now))


async def pause(callback: CallbackQuery, callback_data: life.PauseNow, user: User, _: Language, kit: Kit) -> None:
    await _do(callback, user, _, kit, callback_data.subscription_id, subscriptions.pause, "paused", screens.paused(_))


async def resume(callback: CallbackQuery, callback_data: life.Resume, user: User, _: Language, kit: Kit) -> None:
    await _do(callback, user, _, kit, callback_data.subscription_id, subscriptions.resume, "active", screens.resumed(_))


async def ask_to_cancel(callback: CallbackQuery, callback_data: life.Cancel, user: User, _: Language, kit: Kit) -> None:
    """Raises SubscriptionNotFound."""
    one = await in_thread(own, kit, user, callback_data.subscription_id)
    if one.state != "active":
        await open_manage(callback, user, _, kit, one.id, screens.not_now(_))
        return
    await show(callback, screens.render_cancel(_, one, kit.settings.time_zone))


async def cancel(callback: CallbackQuery, callback_data: life.CancelNow, user: User, _: Language, kit: Kit) -> None:
    number = callback_data.subscription_id
    await _do(callback, user, _, kit, number, subscriptions.cancel, "canceled", screens.canceled(_))


async def keep(callback: CallbackQuery, callback_data: life.Keep, user: User, _: Language, kit: Kit) -> None:
    await _do(callback, user, _, kit, callback_data.subscription_id, subscriptions.keep, "active", screens.kept(_))


def own(kit: Kit, user: User, subscription_id: int) -> Subscription:
    """Raises SubscriptionNotFound, also for other people's."""
    with kit.db.begin() as tx:
        return subscriptions.own_subscription(tx, user.party, subscription_id)


async def _do(
    callback: CallbackQuery,
    user: User,
    _: Language,
    kit: Kit,
    subscription_id: int,
    use_case: UseCase,
    leads_to: str,
    done: str,
) -> None:
    """Tapped twice, it is done once and said twice. Raises SubscriptionNotFound."""
    note = done
    try:
        await in_thread(_carry_out, kit, user, subscription_id, use_case)
    except subscriptions.NotNow:
        one = await in_thread(own, kit, user, subscription_id)
        note = done if one.state == leads_to else screens.not_now(_)
    await open_manage(callback, user, _, kit, subscription_id, note)


def _carry_out(kit: Kit, user: User, subscription_id: int, use_case: UseCase) -> None:
    with kit.db.begin() as tx:
        use_case(tx, user.party, subscription_id, kit.clock.now())
