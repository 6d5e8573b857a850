from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.callbacks import Form, Way
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.links import bot_url
from apps.bot.routers.checkout import attempt, consent, open_payment, open_ways, show_opened, show_result
from apps.bot.routers.preview import held
from apps.bot.routers.shop import BALANCE, in_stock
from apps.bot.routers.wallet import open_wallet
from apps.bot.screen import answer, show
from apps.bot.screens import payment as screens
from apps.bot.screens.terms import render_terms_before_payment
from apps.bot.screens.wallet import top_up_is_closed
from apps.threads import in_outside_thread, in_thread
from services import billing, catalog, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.errors import TryLater
from services.platform.i18n import Language

OnTheWay = (
    callbacks.Pay
    | callbacks.Save
    | callbacks.Subscribe
    | callbacks.PayGift
    | callbacks.ReadTerms
    | callbacks.ReadTermsToSubscribe
    | callbacks.ReadTermsToGift
    | callbacks.Agree
    | callbacks.AgreeToSubscribe
    | callbacks.AgreeToGift
    | callbacks.AgreeToSave
)


def routes() -> Router:
    router = Router(name="payment")
    router.callback_query.register(pay, callbacks.Pay.filter())
    router.callback_query.register(pay, callbacks.Save.filter())
    router.callback_query.register(pay, callbacks.Subscribe.filter())
    router.callback_query.register(pay, callbacks.PayGift.filter())
    router.callback_query.register(read_terms, callbacks.ReadTermsToGift.filter())
    router.callback_query.register(agree, callbacks.AgreeToGift.filter())
    router.callback_query.register(read_terms, callbacks.ReadTerms.filter())
    router.callback_query.register(read_terms, callbacks.ReadTermsToSubscribe.filter())
    router.callback_query.register(agree, callbacks.Agree.filter())
    router.callback_query.register(agree, callbacks.AgreeToSubscribe.filter())
    router.callback_query.register(agree_to_save, callbacks.AgreeToSave.filter())
    router.callback_query.register(retry, callbacks.Retry.filter())
    router.callback_query.register(check, callbacks.Check.filter(), flags={"answers": True})
    return router


async def pay(
    callback: CallbackQuery,
    callback_data: callbacks.Pay | callbacks.Save | callbacks.Subscribe | callbacks.PayGift,
    user: User,
    _: Language,
    kit: Kit,
    bot: Bot,
) -> None:
    await open_payment(callback, user, _, kit, bot, _way(callback_data))


async def read_terms(
    callback: CallbackQuery,
    callback_data: callbacks.ReadTerms | callbacks.ReadTermsToSubscribe | callbacks.ReadTermsToGift,
    _: Language,
) -> None:
    await show(callback, render_terms_before_payment(_, _way(callback_data)))


async def agree(
    callback: CallbackQuery,
    callback_data: callbacks.Agree | callbacks.AgreeToSubscribe | callbacks.AgreeToGift,
    user: User,
    _: Language,
    kit: Kit,
    bot: Bot,
) -> None:
    await in_thread(consent, kit, user)
    await open_payment(callback, user, _, kit, bot, _way(callback_data))


async def agree_to_save(
    callback: CallbackQuery, callback_data: callbacks.AgreeToSave, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await in_thread(_consent_to_saving, kit, user)
    await open_payment(callback, user, _, kit, bot, _way(callback_data))


async def retry(
    callback: CallbackQuery, callback_data: callbacks.Retry, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """Another attempt at the same invoice while its price holds; else today's card. Raises PaymentNotFound, or
    NotForSale or SoldOut when there is nothing to buy any more."""
    payment, invoice = await in_thread(attempt, kit, user, callback_data.payment_id)
    way, now = screens.paid_by(payment, invoice), kit.clock.now()
    if payment.state == "succeeded":
        await show_result(callback, payment, user, _, kit)
        return
    if isinstance(way, Way) and way.offer_id is not None and not await in_thread(_holds, kit, user, way.offer_id):
        await open_ways(callback, user, _, kit, way)
        return
    minute = f"{now:%Y%m%d%H%M}"  # no second attempt by a second tap, where there is no page to find again
    try:
        opened = await in_outside_thread(
            billing.retry,
            kit.db,
            kit.providers,
            party=user.party,
            payment_id=payment.id,
            description=_.own(invoice.quote.name)[:128],
            return_url=await bot_url(kit, bot),
            now=now,
            reference=f"bot:{user.party}:retry:{payment.id}:{minute}" if payment.provider == BALANCE else None,
            may_sell=in_stock(kit, user),
        )
    except billing.InvoiceClosed:
        _payment, closed = await in_thread(attempt, kit, user, payment.id)
        is_top_up = isinstance(way, TopUpWay)
        note = top_up_is_closed(_) if is_top_up else screens.invoice_is_closed(_, closed)
        await _choose_again(callback, user, _, kit, way, note)
    except (billing.ProviderOff, catalog.NotForSale):
        await _choose_again(callback, user, _, kit, way, screens.not_offered(_))
    except billing.PaymentDeclined as declined:
        await show(callback, screens.render_declined(_, declined.reason, way, callback.data))
    except billing.CheckoutFailed:
        await show(callback, screens.render_not_opened(_, way, callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, way)


async def _choose_again(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, way: Way | TopUpWay, note: str
) -> None:
    if isinstance(way, TopUpWay):
        await open_wallet(callback, user, _, kit, note)
    else:
        await open_ways(callback, user, _, kit, way, note)


async def check(callback: CallbackQuery, callback_data: callbacks.Check, user: User, _: Language, kit: Kit) -> None:
    """Asks the provider at once. Raises PaymentNotFound."""
    try:
        payment = await in_outside_thread(
            billing.check_payment, kit.db, kit.providers, user.party, callback_data.payment_id, kit.clock.now()
        )
    except TryLater:
        await answer(callback, screens.no_answer_from_provider(_), alert=True)
        return
    match payment.state:
        case "succeeded" | "canceled" | "failed":
            await answer(callback)
            await show_result(callback, payment, user, _, kit)
        case "authorized":
            await answer(callback, screens.being_confirmed(_), alert=True)
        case _waiting:
            await answer(callback, screens.not_paid_yet(_), alert=True)


FORMS: dict[type[CallbackData], Form] = {
    callbacks.Save: "save",
    callbacks.AgreeToSave: "save",
    callbacks.Subscribe: "renew",
    callbacks.ReadTermsToSubscribe: "renew",
    callbacks.AgreeToSubscribe: "renew",
    callbacks.PayGift: "gift",
    callbacks.ReadTermsToGift: "gift",
    callbacks.AgreeToGift: "gift",
}


def _way(word: OnTheWay) -> Way:
    return Way(word.provider, word.slug, FORMS.get(type(word), "once"))


def _holds(kit: Kit, user: User, offer_id: int) -> bool:
    try:
        held(kit, user, offer_id)
    except subscriptions.OfferOver:
        return False
    return True


def _consent_to_saving(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        billing.consent_to_saving(tx, user.party, kit.clock.now())
