from __future__ import annotations

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks_life as life
from apps.bot.callbacks import Way
from apps.bot.links import bot_url
from apps.bot.routers.checkout import consent, known_by, open_change_payment, show_opened, show_result
from apps.bot.routers.manage import open_manage, own
from apps.bot.routers.preview import held, open_again, open_preview
from apps.bot.routers.shop import BALANCE, in_stock, offers_to
from apps.bot.screen import show
from apps.bot.screens import change as screens
from apps.bot.screens import payment as payment_screens
from apps.bot.screens.terms import render_terms_before_payment
from apps.threads import in_thread
from services import billing, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="change")
    router.callback_query.register(list_tariffs, life.Change.filter())
    router.callback_query.register(preview, life.ChangeTo.filter())
    router.callback_query.register(see_offer, life.SeeOffer.filter())
    router.callback_query.register(change, life.ChangeNow.filter())
    router.callback_query.register(pay, life.PayChange.filter())
    router.callback_query.register(read_terms, life.ReadTermsToChange.filter())
    router.callback_query.register(agree, life.AgreeToChange.filter())
    router.callback_query.register(spend, life.SpendOnChange.filter())
    return router


async def list_tariffs(callback: CallbackQuery, callback_data: life.Change, user: User, _: Language, kit: Kit) -> None:
    """Raises SubscriptionNotFound."""
    one = await in_thread(own, kit, user, callback_data.subscription_id)
    if one.state not in ("active", "canceled") or one.ends_at <= kit.clock.now():
        await show(callback, screens.render_cannot_change(_, one))
        return
    offers = await in_thread(offers_to, kit, user)
    others = [
        offer for offer in offers if offer.tariff.product == one.product and offer.tariff.slug != one.terms.tariff
    ]
    await show(callback, screens.render_tariffs(_, one, others))


async def preview(callback: CallbackQuery, callback_data: life.ChangeTo, user: User, _: Language, kit: Kit) -> None:
    """Raises SubscriptionNotFound, TariffNotFound or NotForSale."""
    one = await in_thread(own, kit, user, callback_data.subscription_id)
    if one.terms.tariff == callback_data.slug:  # an old button: it has been changed since
        await open_manage(callback, user, _, kit, one.id)
        return
    await open_preview(callback, user, _, kit, one.id, callback_data.slug)


async def see_offer(callback: CallbackQuery, callback_data: life.SeeOffer, user: User, _: Language, kit: Kit) -> None:
    await open_again(callback, user, _, kit, callback_data.offer_id)


async def change(callback: CallbackQuery, callback_data: life.ChangeNow, user: User, _: Language, kit: Kit) -> None:
    """Tapped twice, it is done once and said twice."""
    try:
        subscription_id = await in_thread(_change, kit, user, callback_data.offer_id)
    except subscriptions.OfferOver:
        await open_again(callback, user, _, kit, callback_data.offer_id)
    else:
        await open_manage(callback, user, _, kit, subscription_id, screens.changed(_))


async def pay(
    callback: CallbackQuery, callback_data: life.PayChange, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await open_change_payment(callback, user, _, kit, bot, callback_data.provider, callback_data.offer_id)


async def read_terms(callback: CallbackQuery, callback_data: life.ReadTermsToChange, _: Language) -> None:
    way = Way(callback_data.provider, "", offer_id=callback_data.offer_id)
    await show(callback, render_terms_before_payment(_, way))


async def agree(
    callback: CallbackQuery, callback_data: life.AgreeToChange, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await in_thread(consent, kit, user)
    await open_change_payment(callback, user, _, kit, bot, callback_data.provider, callback_data.offer_id)


async def spend(
    callback: CallbackQuery, callback_data: life.SpendOnChange, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """The answer to a question: whatever it led to is shown again. Raises SoldOut."""
    reference = f"bot:{user.party}:offer:{callback_data.offer_id}"
    if (known := await in_thread(known_by, kit, user, reference)) is not None:
        await show_result(callback, known, user, _, kit)
        return
    try:
        offer = await in_thread(held, kit, user, callback_data.offer_id)
    except subscriptions.OfferOver:
        await open_again(callback, user, _, kit, callback_data.offer_id)
        return
    way = Way(BALANCE, offer.quote.tariff, offer_id=offer.id)
    try:
        opened = await in_thread(
            billing.checkout,
            kit.db,
            kit.providers[BALANCE],
            party=user.party,
            quote=offer.quote,
            description=_.own(offer.quote.name)[:128],
            return_url=await bot_url(kit, bot),
            now=kit.clock.now(),
            reference=reference,
            may_sell=in_stock(kit, user),
        )
    except billing.ProviderOff:
        await open_again(callback, user, _, kit, offer.id, payment_screens.not_offered(_))
    except billing.PaymentDeclined:
        failed = await in_thread(known_by, kit, user, reference)
        assert failed is not None
        await show_result(callback, failed, user, _, kit)
    except billing.CheckoutFailed:
        await show(callback, payment_screens.render_not_opened(_, way, callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, way)


def _change(kit: Kit, user: User, offer_id: int) -> int:
    """Returns the subscription's id. Raises OfferOver or SoldOut."""
    with kit.db.begin() as tx:
        in_stock(kit, user)(tx, subscriptions.change_offer(tx, user.party, offer_id, kit.clock.now()).quote)
        subscriptions.change_tariff(tx, user.party, offer_id, kit.clock.now())
        return subscriptions.earlier_offer(tx, user.party, offer_id)[0]
