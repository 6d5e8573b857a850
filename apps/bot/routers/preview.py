"""What a change of tariff would cost and bring, worked out now or as it was pinned. Used by several routers."""

from __future__ import annotations

from aiogram.types import CallbackQuery

from apps.bot.routers.manage import open_manage, own
from apps.bot.routers.shop import in_stock, ways_for
from apps.bot.screen import show
from apps.bot.screens import change as screens
from apps.threads import in_thread
from services import billing, catalog, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.subscriptions import ChangeOffer, Subscription


async def open_preview(
    callback: CallbackQuery,
    user: User,
    _: Language,
    kit: Kit,
    subscription_id: int,
    slug: str,
    note: str | None = None,
) -> None:
    """Works the change out as of now, and pins it. `note` (HTML) is said first. Raises SubscriptionNotFound,
    TariffNotFound, NotForSale or SoldOut."""
    one = await in_thread(own, kit, user, subscription_id)
    try:
        offer = await in_thread(_offered, kit, user, one, slug)
    except subscriptions.OtherCurrency:
        await show(callback, screens.render_other_currency(_, one))
    except subscriptions.NotNow:
        await show(callback, screens.render_cannot_change(_, one))
    else:
        await show_offer(callback, user, _, kit, offer, note)


async def show_offer(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, offer: ChangeOffer, note: str | None = None
) -> None:
    one = await in_thread(own, kit, user, offer.subscription_id)
    ways = await in_thread(ways_for, kit, user, offer.price)
    places = {server.code: server.location for server in kit.settings.vpn_servers}
    await show(callback, screens.render_offer(_, one, offer, ways, places, kit.settings.time_zone, note))


async def open_again(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, offer_id: int, note: str | None = None
) -> None:
    """What was offered, while it holds; else what the same would be now, with a word of why; or that it is done. Raises
    OfferOver for somebody else's, and as `open_preview`."""
    try:
        offer = await in_thread(held, kit, user, offer_id)
    except subscriptions.OfferOver:
        subscription_id, slug = await in_thread(_earlier, kit, user, offer_id)
        one = await in_thread(own, kit, user, subscription_id)
        if one.terms.tariff == slug:
            await open_manage(callback, user, _, kit, one.id, screens.changed(_))
        else:
            await open_preview(callback, user, _, kit, one.id, slug, screens.over(_))
    else:
        await show_offer(callback, user, _, kit, offer, note)


def held(kit: Kit, user: User, offer_id: int) -> ChangeOffer:
    """Raises OfferOver."""
    with kit.db.begin() as tx:
        return subscriptions.change_offer(tx, user.party, offer_id, kit.clock.now())


def _offered(kit: Kit, user: User, one: Subscription, slug: str) -> ChangeOffer:
    """In the first currency in which it can be paid and what is left be counted; its own comes first."""
    with kit.db.begin() as tx:
        priced = catalog.tariff(tx, slug).prices
        taken = [kit.providers[code].currency for code in billing.offered(tx, kit.providers)]
    currencies = [currency for currency in dict.fromkeys(taken) if currency in priced]
    currencies.sort(key=lambda currency: currency != one.terms.price.currency)
    if not currencies:
        raise catalog.NotForSale(slug)
    for currency in currencies:
        try:
            return _pinned(kit, user, one.id, slug, currency)
        except subscriptions.OtherCurrency:
            continue
    raise subscriptions.OtherCurrency(f"subscription {one.id} to {slug}")


def _pinned(kit: Kit, user: User, subscription_id: int, slug: str, currency: str) -> ChangeOffer:
    with kit.db.begin() as tx:
        offer = subscriptions.offer_change(
            tx,
            user.party,
            subscription_id,
            slug,
            currency=currency,
            minimum=max(one.minimum for one in kit.providers.values() if one.currency == currency),
            now=kit.clock.now(),
        )
        in_stock(kit, user)(tx, offer.quote)
        return offer


def _earlier(kit: Kit, user: User, offer_id: int) -> tuple[int, str]:
    with kit.db.begin() as tx:
        return subscriptions.earlier_offer(tx, user.party, offer_id)
