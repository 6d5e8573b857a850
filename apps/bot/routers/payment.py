from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.callbacks import Form, Way
from apps.bot.links import bot_url
from apps.bot.routers.checkout import attempt, consent, open_payment, show_opened, show_result
from apps.bot.routers.shop import BALANCE, open_card
from apps.bot.screen import answer, show
from apps.bot.screens import payment as screens
from apps.bot.screens.terms import render_terms_before_payment
from apps.threads import in_outside_thread, in_thread
from services import billing, catalog
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
    NotForSale when there is nothing to buy any more."""
    payment, invoice = await in_thread(attempt, kit, user, callback_data.payment_id)
    slug, now = invoice.quote.tariff, kit.clock.now()
    form: Form = "gift" if invoice.quote.purpose == "gift" else "once"
    if payment.state == "succeeded":
        await show_result(callback, payment, user, _, kit)
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
        )
    except billing.InvoiceClosed:
        _payment, closed = await in_thread(attempt, kit, user, payment.id)
        await open_card(callback, user, _, kit, slug, screens.invoice_is_closed(_, closed))
    except (billing.ProviderOff, catalog.NotForSale):
        await open_card(callback, user, _, kit, slug, screens.not_offered(_))
    except billing.PaymentDeclined as declined:
        await show(callback, screens.render_declined(_, declined.reason, slug, callback.data))
    except billing.CheckoutFailed:
        await show(callback, screens.render_not_opened(_, slug, callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, Way(payment.provider, slug, form))


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


def _consent_to_saving(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        billing.consent_to_saving(tx, user.party, kit.clock.now())
