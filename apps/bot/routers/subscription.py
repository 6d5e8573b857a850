from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.routers.checkout import open_payment
from apps.bot.routers.shop import offers_to, open_card, open_shop
from apps.bot.routers.wallet import open_wallet
from apps.bot.screen import show
from apps.bot.screens.subscription import render_subscriptions
from apps.threads import in_thread
from services import billing, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.subscriptions import Subscription

MANY = 50  # payments to look through


def routes() -> Router:
    router = Router(name="subscription")
    router.message.register(open_mine, Command("my"))
    router.callback_query.register(open_mine, callbacks.Mine.filter())
    router.callback_query.register(renew, callbacks.Renew.filter())
    return router


async def open_mine(event: Message | CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    owned, cards = await in_thread(_owned, kit, user)
    screen = render_subscriptions(_, owned, kit.clock.now(), kit.settings.time_zone, has_cards=cards)
    await show(event, screen)


async def renew(
    callback: CallbackQuery, callback_data: callbacks.Renew, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """To the payment of the same tariff, while it is sold, in the way it was paid last; to the tokens, where they pay.
    Raises SubscriptionNotFound."""
    own, provider = await in_thread(_last_paid, kit, user, callback_data.subscription_id)
    if own.terms.subscription_fee:
        await open_wallet(callback, user, _, kit)
        return
    tariff = own.terms.tariff
    offer = next((offer for offer in await in_thread(offers_to, kit, user) if offer.tariff.slug == tariff), None)
    if offer is None:
        await open_shop(callback, user, _, kit)
        return
    if len(offer.prices) == 1:
        provider = next(iter(offer.prices))
    if provider in offer.prices:
        await open_payment(callback, user, _, kit, bot, Way(provider, tariff))
    else:
        await open_card(callback, user, _, kit, tariff)


def _owned(kit: Kit, user: User) -> tuple[list[Subscription], bool]:
    """With whether cards can be remembered here, or one is."""
    able = any(billing.Capability.SAVED_METHOD in provider.capabilities for provider in kit.providers.values())
    with kit.db.begin() as tx:
        return subscriptions.subscriptions_of(tx, user.party), able or bool(billing.methods_of(tx, user.party))


def _last_paid(kit: Kit, user: User, subscription_id: int) -> tuple[Subscription, str]:
    """With the code of the provider by which it was paid last, or none."""
    with kit.db.begin() as tx:
        own = subscriptions.own_subscription(tx, user.party, subscription_id)
        recent = billing.payments_of(tx, user.party, limit=MANY)
        paid = (one.provider for one, quote in recent if one.state == "succeeded" and quote.product == own.product)
        return own, next(paid, "")
