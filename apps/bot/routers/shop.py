from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.screen import show
from apps.bot.screens.shop import Offer, render_card, render_catalogue
from apps.threads import in_thread
from services import billing, catalog
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="shop")
    router.message.register(open_shop, Command("shop"))
    router.callback_query.register(open_shop, callbacks.Shop.filter())
    router.callback_query.register(tariff_chosen, callbacks.Card.filter())
    return router


async def open_shop(event: Message | CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    await show(event, render_catalogue(_, await in_thread(offers_to, kit, user)))


async def tariff_chosen(
    callback: CallbackQuery, callback_data: callbacks.Card, user: User, _: Language, kit: Kit
) -> None:
    await open_card(callback, user, _, kit, callback_data.slug)


async def open_card(event: Message | CallbackQuery, user: User, _: Language, kit: Kit, slug: str) -> None:
    """Raises NotForSale."""
    offer = await in_thread(offer_to, kit, user, slug)
    places = {server.code: server.location for server in kit.settings.vpn_servers}
    codes = offer.tariff.locations or tuple(places)
    await show(event, render_card(_, offer, list(dict.fromkeys(places[code] for code in codes if code in places))))


def offers_to(kit: Kit, user: User) -> list[Offer]:
    """What this person can buy: tariffs with a price in the currency of a provider."""
    with kit.db.begin() as tx:
        tariffs = catalog.list_tariffs(tx, billing.audiences(tx, user.party))
    offers = []
    for tariff in tariffs:
        prices = {
            code: tariff.prices[provider.currency]
            for code, provider in kit.providers.items()
            if provider.currency in tariff.prices
        }
        if prices:
            offers.append(Offer(tariff, prices))
    return offers


def offer_to(kit: Kit, user: User, slug: str) -> Offer:
    """Raises NotForSale, also for what never existed: to a person it is the same."""
    for offer in offers_to(kit, user):
        if offer.tariff.slug == slug:
            return offer
    raise catalog.NotForSale(slug[:80])
