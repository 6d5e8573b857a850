from __future__ import annotations

from collections.abc import Iterable

from aiogram import Router
from aiogram.types import CallbackQuery
from sqlalchemy.orm import Session

from apps.bot import callbacks
from apps.bot.screen import show
from apps.bot.screens.guide import WAYS, render_guide, render_nothing_to_set_up, render_systems
from apps.bot.screens.link_apps import Way
from apps.threads import in_thread
from services import catalog, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language

ON_SALE = {"all", "new", "existing"}


def routes() -> Router:
    router = Router(name="guide")
    router.callback_query.register(connect, callbacks.Connect.filter())
    router.callback_query.register(guide, callbacks.Guide.filter())
    return router


async def connect(callback: CallbackQuery, callback_data: callbacks.Connect, user: User, _: Language, kit: Kit) -> None:
    """Raises SubscriptionNotFound."""
    number = callback_data.subscription_id
    ways = await in_thread(_ways, kit, user, number)
    await show(callback, render_systems(_, number) if ways else render_nothing_to_set_up(_, number))


async def guide(callback: CallbackQuery, callback_data: callbacks.Guide, user: User, _: Language, kit: Kit) -> None:
    """Raises SubscriptionNotFound."""
    number = callback_data.subscription_id
    ways = await in_thread(_ways, kit, user, number)
    await show(
        callback,
        render_guide(_, callback_data.system, number, ways) if ways else render_nothing_to_set_up(_, number),
    )


def _ways(kit: Kit, user: User, subscription_id: int) -> set[Way]:
    """How apps are told of what the person has: of a subscription or (0) of all, and of what is on sale where there is
    none."""
    with kit.db.begin() as tx:
        if subscription_id:
            return _of(tx, subscriptions.own_subscription(tx, user.party, subscription_id).terms.access)
        live = [one for one in subscriptions.subscriptions_of(tx, user.party) if one.is_live]
        if live:
            return _of(tx, (name for one in live for name in one.terms.access))
        return _of(tx, (name for tariff in catalog.list_tariffs(tx, ON_SALE) for name in tariff.access))


def _of(tx: Session, goods: Iterable[str]) -> set[Way]:
    kinds = {catalog.good(tx, name).kind for name in set(goods)}
    return {way for kind, way in WAYS.items() if kind in kinds}
