from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.routers.shop import BALANCE
from apps.bot.screen import show
from apps.bot.screens.renewal import Settings, is_off_now, is_on_now, render_renewal, why_it_cannot
from apps.threads import in_thread
from services import billing, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="renewal")
    router.callback_query.register(open_renewal, callbacks.AutoRenew.filter())
    router.callback_query.register(turn_on, callbacks.AutoRenewOn.filter())
    router.callback_query.register(turn_off, callbacks.AutoRenewOff.filter())
    return router


async def open_renewal(
    callback: CallbackQuery,
    callback_data: callbacks.AutoRenew | callbacks.AutoRenewOn | callbacks.AutoRenewOff,
    user: User,
    _: Language,
    kit: Kit,
    note: str | None = None,
) -> None:
    """`note` (HTML) is said first. Raises SubscriptionNotFound."""
    settings = await in_thread(_settings, kit, user, callback_data.subscription_id)
    await show(callback, render_renewal(_, settings, kit.settings.time_zone, note))


async def turn_on(
    callback: CallbackQuery, callback_data: callbacks.AutoRenewOn, user: User, _: Language, kit: Kit
) -> None:
    """Raises SubscriptionNotFound or MethodNotFound."""
    try:
        await in_thread(_turn_on, kit, user, callback_data.subscription_id, callback_data.method_id)
    except subscriptions.CannotRenew as refusal:
        note = why_it_cannot(_, refusal.reason)
    else:
        note = is_on_now(_)
    await open_renewal(callback, callback_data, user, _, kit, note)


async def turn_off(
    callback: CallbackQuery, callback_data: callbacks.AutoRenewOff, user: User, _: Language, kit: Kit
) -> None:
    """Raises SubscriptionNotFound."""
    try:
        await in_thread(_turn_off, kit, user, callback_data.subscription_id)
    except subscriptions.CannotRenew as refusal:
        note = why_it_cannot(_, refusal.reason)
    else:
        note = is_off_now(_)
    await open_renewal(callback, callback_data, user, _, kit, note)


def _settings(kit: Kit, user: User, subscription_id: int) -> Settings:
    now, zone = kit.clock.now(), kit.settings.time_zone
    with kit.db.begin() as tx:
        return Settings(
            subscription=subscriptions.own_subscription(tx, user.party, subscription_id),
            renewal=subscriptions.renewal_of(tx, user.party, subscription_id),
            foreseen=subscriptions.foresee(tx, user.party, subscription_id, now, zone),
            cards=[one for one in billing.methods_of(tx, user.party) if one.provider in kit.providers],
            has_balance=BALANCE in kit.providers,
        )


def _turn_on(kit: Kit, user: User, subscription_id: int, method_id: int) -> None:
    """`method_id` 0 is the balance."""
    with kit.db.begin() as tx:
        card = next((one for one in billing.methods_of(tx, user.party) if one.id == method_id), None)
        if method_id and (card is None or card.provider not in kit.providers):
            raise billing.MethodNotFound(f"payment method {method_id} of {user.party}")
        provider = kit.providers[card.provider if card else BALANCE]
        subscriptions.turn_on_renewal(
            tx,
            user.party,
            subscription_id,
            "card" if card else "balance",
            card.id if card else None,
            kit.clock.now(),
            currency=provider.currency,
        )


def _turn_off(kit: Kit, user: User, subscription_id: int) -> None:
    with kit.db.begin() as tx:
        subscriptions.turn_off_renewal(tx, user.party, subscription_id, kit.clock.now())
