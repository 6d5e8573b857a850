from __future__ import annotations

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.links import bot_url
from apps.bot.routers.shop import offer_to
from apps.bot.screen import answer, show
from apps.bot.screens import payment as screens
from apps.bot.screens.terms import TERMS_VERSION, render_consent, render_terms_before_payment
from apps.threads import in_thread
from services import billing, catalog, identity, provisioning, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.errors import TryLater
from services.platform.i18n import Language

DOCUMENT = "terms"


def routes() -> Router:
    router = Router(name="payment")
    router.callback_query.register(pay, callbacks.Pay.filter())
    router.callback_query.register(read_terms, callbacks.ReadTerms.filter())
    router.callback_query.register(agree, callbacks.Agree.filter())
    router.callback_query.register(check, callbacks.Check.filter(), flags={"answers": True})
    return router


async def pay(
    callback: CallbackQuery, callback_data: callbacks.Pay, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await open_payment(callback, user, _, kit, bot, callback_data.provider, callback_data.slug)


async def read_terms(callback: CallbackQuery, callback_data: callbacks.ReadTerms, _: Language) -> None:
    await show(callback, render_terms_before_payment(_, callback_data.provider, callback_data.slug))


async def agree(
    callback: CallbackQuery, callback_data: callbacks.Agree, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await in_thread(_consent, kit, user)
    await open_payment(callback, user, _, kit, bot, callback_data.provider, callback_data.slug)


async def open_payment(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot, provider: str, slug: str
) -> None:
    """The screen with the provider's page behind a button; before the first payment, the terms.
    Raises NotForSale or CheckoutFailed."""
    offer = await in_thread(offer_to, kit, user, slug)
    if provider not in offer.prices:
        raise catalog.NotForSale(f"{slug} by {provider}")
    if not await in_thread(_has_consented, kit, user):
        await show(callback, render_consent(_, provider, slug, offer.prices[provider]))
        return
    opened = await in_thread(
        billing.checkout,
        kit.db,
        kit.providers[provider],
        party=user.party,
        tariff=slug,
        description=_.own(offer.tariff.name)[:128],
        return_url=await bot_url(kit, bot),
        now=kit.clock.now(),
    )
    invoice = await in_thread(_invoice, kit, opened.invoice_id)
    await show(callback, screens.render_pay(_, invoice, opened.payment_id, opened.pay_url))


async def check(callback: CallbackQuery, callback_data: callbacks.Check, user: User, _: Language, kit: Kit) -> None:
    """Asks the provider at once. Raises PaymentNotFound."""
    try:
        payment = await in_thread(
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


async def show_result(callback: CallbackQuery, payment: billing.Payment, user: User, _: Language, kit: Kit) -> None:
    invoice = await in_thread(_invoice, kit, payment.invoice_id)
    if payment.decision is not None:
        await show(callback, screens.render_under_review(_))
    elif payment.state == "succeeded":
        ready = await in_thread(_is_ready, kit, user, invoice.quote.product)
        await show(callback, screens.render_paid(_, invoice, ready=ready))
    else:
        await show(callback, screens.render_not_paid(_, payment, invoice))


def _has_consented(kit: Kit, user: User) -> bool:
    with kit.db.begin() as tx:
        return identity.has_consented(tx, user.id, DOCUMENT, TERMS_VERSION)


def _consent(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        identity.consent(tx, user.id, DOCUMENT, TERMS_VERSION, kit.clock.now())


def _invoice(kit: Kit, invoice_id: int) -> billing.Invoice:
    with kit.db.begin() as tx:
        return billing.invoice(tx, invoice_id)


def _is_ready(kit: Kit, user: User, product: str) -> bool:
    """Whether what the product gives can be had now."""
    with kit.db.begin() as tx:
        return any(
            access.state == "ready"
            for owned in subscriptions.subscriptions_of(tx, user.party)
            if owned.product == product and owned.ends_at > kit.clock.now()
            for access in provisioning.access_of(tx, kit.provisioners, user.party, owned.id)
        )
