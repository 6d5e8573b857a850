from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.routers.payment import open_payment
from apps.bot.routers.shop import offers_to, open_card, open_shop
from apps.bot.screen import chat_of, show
from apps.bot.screens.subscription import (
    config_caption,
    render_ended,
    render_preparing,
    render_qr,
    render_subscriptions,
)
from apps.threads import in_thread
from services import provisioning, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.provisioning import Access
from services.subscriptions import Subscription


def routes() -> Router:
    router = Router(name="subscription")
    router.message.register(open_mine, Command("my"))
    router.callback_query.register(open_mine, callbacks.Mine.filter())
    router.callback_query.register(config, callbacks.Config.filter())
    router.callback_query.register(renew, callbacks.Renew.filter())
    return router


async def open_mine(event: Message | CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    owned = await in_thread(_owned, kit, user)
    await show(event, render_subscriptions(_, owned, kit.clock.now(), kit.settings.time_zone))


async def config(
    callback: CallbackQuery, callback_data: callbacks.Config, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """The keys of a subscription, again. Raises SubscriptionNotFound."""
    owned, given = await in_thread(_access, kit, user, callback_data.subscription_id)
    if owned.ends_at <= kit.clock.now():
        await show(callback, render_ended(_, owned.id))
        return
    ready = [access for access in given if access.state == "ready"]
    if not ready:
        await show(callback, render_preparing(_))
    for access in ready:
        await _send_key(bot, chat_of(callback), _, owned.id, access)


async def renew(
    callback: CallbackQuery, callback_data: callbacks.Renew, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """To the payment of the same tariff, while it is sold. Raises SubscriptionNotFound or CheckoutFailed."""
    tariff = (await in_thread(_own, kit, user, callback_data.subscription_id)).terms.tariff
    offer = next((offer for offer in await in_thread(offers_to, kit, user) if offer.tariff.slug == tariff), None)
    if offer is None:
        await open_shop(callback, user, _, kit)
    elif len(offer.prices) > 1:
        await open_card(callback, user, _, kit, tariff)
    else:
        await open_payment(callback, user, _, kit, bot, next(iter(offer.prices)), tariff)


async def _send_key(bot: Bot, chat_id: int, _: Language, subscription_id: int, access: Access) -> None:
    qr = await in_thread(provisioning.qr_png, access.config)
    await bot.send_document(
        chat_id,
        BufferedInputFile(access.config.encode(), access.file_name),
        caption=config_caption(_, access.location),
    )
    screen = render_qr(_, subscription_id)
    await bot.send_photo(
        chat_id,
        BufferedInputFile(qr, "qr.png"),
        caption=screen.text,
        reply_markup=screen.keyboard,
    )


def _owned(kit: Kit, user: User) -> list[Subscription]:
    with kit.db.begin() as tx:
        return subscriptions.subscriptions_of(tx, user.party)


def _own(kit: Kit, user: User, subscription_id: int) -> Subscription:
    with kit.db.begin() as tx:
        return subscriptions.own_subscription(tx, user.party, subscription_id)


def _access(kit: Kit, user: User, subscription_id: int) -> tuple[Subscription, list[Access]]:
    with kit.db.begin() as tx:
        owned = subscriptions.own_subscription(tx, user.party, subscription_id)
        return owned, provisioning.access_of(tx, kit.provisioners, user.party, subscription_id)
