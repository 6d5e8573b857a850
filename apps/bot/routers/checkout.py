"""From the choice of a way to pay to the screen where it is paid. Used by the handlers of several routers."""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.types import CallbackQuery

from apps.bot.callbacks import Way
from apps.bot.links import bot_url
from apps.bot.routers.shop import BALANCE, offer_to, open_card
from apps.bot.screen import chat_of, show
from apps.bot.screens import payment as screens
from apps.bot.screens.gifts import render_gift_paid
from apps.bot.screens.shop import Offer
from apps.bot.screens.stars import render_invoice_follows
from apps.bot.screens.terms import TERMS_VERSION, render_consent, render_consent_to_saving
from apps.threads import in_outside_thread, in_thread
from services import billing, catalog, gifts, identity, provisioning, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language

DOCUMENT = "terms"
ENDED = ("authorized", "succeeded", "canceled", "failed")


async def open_payment(callback: CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot, way: Way) -> None:
    """The screen to pay on. Before it, where they are missing: the consents to the terms and to a remembered card; for
    money on the balance, a question. Raises NotForSale."""
    offer = await in_thread(offer_to, kit, user, way.slug)
    if not offer.has(way):
        await open_card(callback, user, _, kit, way.slug, screens.not_offered(_))
        return
    if not await in_thread(_has_consented, kit, user):
        await show(callback, render_consent(_, way, offer.prices[way.provider]))
        return
    if way.provider == BALANCE:
        await ask_to_spend(callback, _, kit, offer)
        return
    gift = await in_thread(_gift, kit, way) if way.form == "gift" else None
    try:
        opened = await in_outside_thread(
            billing.checkout,
            kit.db,
            kit.providers[way.provider],
            party=user.party,
            tariff=way.slug,
            quote=gift,
            description=_.own(offer.tariff.name)[:128],
            return_url=await bot_url(kit, bot),
            now=kit.clock.now(),
            save=way.form == "save",
            renews=way.form == "renew",
        )
    except billing.ConsentMissing:
        await show(callback, render_consent_to_saving(_, way))
    except billing.ProviderOff:  # a moment ago
        await open_card(callback, user, _, kit, way.slug, screens.not_offered(_))
    except billing.PaymentDeclined as declined:
        await show(callback, screens.render_declined(_, declined.reason, way.slug, callback.data))
    except billing.CheckoutFailed:
        await show(callback, screens.render_not_opened(_, way.slug, callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, way)


async def ask_to_spend(
    callback: CallbackQuery, _: Language, kit: Kit, offer: Offer, *, is_new_price: bool = False
) -> None:
    assert offer.balance is not None
    at, tariff, price = int(kit.clock.now().timestamp()), offer.tariff, offer.prices[BALANCE]
    name = _.own(tariff.name)
    await show(
        callback, screens.render_spend(_, tariff.slug, name, price, offer.balance, at, is_new_price=is_new_price)
    )


async def show_opened(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot, opened: billing.Checkout, way: Way
) -> None:
    """Where to pay an attempt, or how it has ended."""
    payment, invoice = await in_thread(attempt, kit, user, opened.payment_id)
    able = kit.providers[payment.provider].capabilities
    if opened.pay_url is None or opened.state in ENDED:
        await show_result(callback, payment, user, _, kit)
    elif billing.Capability.MESSAGE in able and way.form != "renew":
        # The screen that stands there already has its invoice below it.
        if await show(callback, render_invoice_follows(_, invoice, payment.id)):
            await _send_invoice(callback, user, kit, bot, payment.id, way.slug)
    else:
        saving: screens.Saving = "no"
        if billing.Capability.SAVED_METHOD in able and way.form != "gift":
            saving = "on" if way.form == "save" else "off"
        await show(callback, screens.render_pay(_, invoice, payment.id, opened.pay_url, way, saving))


async def show_result(callback: CallbackQuery, payment: billing.Payment, user: User, _: Language, kit: Kit) -> None:
    """How an attempt has ended."""
    _payment, invoice = await in_thread(attempt, kit, user, payment.id)
    if payment.decision is not None:
        screen = screens.render_under_review(_)
    elif payment.state == "succeeded" and invoice.quote.purpose == "gift":
        screen = render_gift_paid(_, invoice)
    elif payment.state == "succeeded":
        ready = await in_thread(_is_ready, kit, user, invoice.quote.product)
        screen = screens.render_paid(_, invoice, ready=ready)
    elif payment.state == "authorized":
        screen = screens.render_being_confirmed(_, payment.id)
    else:
        screen = screens.render_not_paid(_, payment, invoice)
    await show(callback, screen)


def attempt(kit: Kit, user: User, payment_id: int) -> tuple[billing.Payment, billing.Invoice]:
    """An own one. Raises PaymentNotFound."""
    with kit.db.begin() as tx:
        payment = billing.payment(tx, user.party, payment_id)
        return payment, billing.invoice(tx, payment.invoice_id)


def consent(kit: Kit, user: User) -> None:
    """To the terms of use."""
    with kit.db.begin() as tx:
        identity.consent(tx, user.id, DOCUMENT, TERMS_VERSION, kit.clock.now())


async def _send_invoice(callback: CallbackQuery, user: User, kit: Kit, bot: Bot, payment_id: int, slug: str) -> None:
    """Its start parameter makes of forwarded copies a link to the tariff: nobody pays for somebody else by mistake."""
    message = await in_thread(_invoice_message, kit, user, payment_id)
    await bot.send_invoice(chat_of(callback), **message, start_parameter=f"buy_{slug}")


def _invoice_message(kit: Kit, user: User, payment_id: int) -> dict[str, Any]:
    with kit.db.begin() as tx:
        return billing.invoice_message(tx, user.party, payment_id)


def _gift(kit: Kit, way: Way) -> catalog.Quote:
    """Raises NotForSale."""
    with kit.db.begin() as tx:
        return gifts.quote(tx, way.slug, kit.providers[way.provider].currency)


def _has_consented(kit: Kit, user: User) -> bool:
    with kit.db.begin() as tx:
        return identity.has_consented(tx, user.id, DOCUMENT, TERMS_VERSION)


def _is_ready(kit: Kit, user: User, product: str) -> bool:
    """Whether what the product gives can be had now."""
    with kit.db.begin() as tx:
        return any(
            access.state == "ready"
            for owned in subscriptions.subscriptions_of(tx, user.party)
            if owned.product == product and owned.ends_at > kit.clock.now()
            for access in provisioning.access_of(tx, kit.provisioners, user.party, owned.id)
        )
