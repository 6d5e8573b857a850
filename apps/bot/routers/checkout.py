"""From the choice of a way to pay to the screen where it is paid. Used by the handlers of several routers."""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.callbacks import Way
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.links import bot_url
from apps.bot.routers.preview import held, open_again, open_preview
from apps.bot.routers.shop import BALANCE, balance_of, change_of, in_stock, offer_to, open_card, ways_for
from apps.bot.screen import chat_of, show
from apps.bot.screens import payment as screens
from apps.bot.screens.gifts import render_gift_paid
from apps.bot.screens.shop import Offer, instead_of_buying, lost_code
from apps.bot.screens.stars import render_invoice_follows
from apps.bot.screens.terms import DOCUMENT, TERMS_VERSION, render_consent, render_consent_to_saving
from apps.threads import in_outside_thread, in_thread
from services import billing, catalog, gifts, identity, provisioning, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.promotions import PromoRefused

ENDED = ("authorized", "succeeded", "canceled", "failed")


async def open_payment(callback: CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot, way: Way) -> None:
    """The screen to pay on. Before it, where they are missing: the consents to the terms and to a remembered card; for
    money on the balance, a question. Who has other limits is shown the change. Raises NotForSale or SoldOut."""
    offer = await in_thread(offer_to, kit, user, way.slug)
    change = await in_thread(change_of, kit, user, offer.tariff)
    if change is not None and way.form != "gift":
        await open_preview(callback, user, _, kit, change, way.slug, instead_of_buying(_))
    elif offer.none_to_give if way.form == "gift" else offer.sold_out:
        raise provisioning.SoldOut(way.slug)
    elif not offer.has(way):
        await open_ways(callback, user, _, kit, way, screens.not_offered(_))
    elif not await in_thread(has_consented, kit, user):
        await show(callback, render_consent(_, way, offer.price_of(way)))
    elif way.provider == BALANCE:
        await ask_to_spend(callback, _, kit, offer)
    else:
        note, promo = lost_code(_, offer, way, kit.settings.time_zone), offer.promo_of(way)
        if way.form == "gift":
            gift = await in_thread(_gift, kit, way)
            await _open(callback, user, _, kit, bot, way, _.own(offer.tariff.name), quote=gift)
            return
        await _open(callback, user, _, kit, bot, way, _.own(offer.tariff.name), note, tariff=way.slug, promo=promo)


async def open_change_payment(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot, provider: str, offer_id: int
) -> None:
    """The same for a change of tariff, at the price that was offered; an offer that is over is made anew. Raises
    SoldOut."""
    try:
        offer = await in_thread(held, kit, user, offer_id)
    except subscriptions.OfferOver:
        await open_again(callback, user, _, kit, offer_id)
        return
    way, name = Way(provider, offer.quote.tariff, offer_id=offer.id), _.own(offer.quote.name)
    if not offer.price.minor or provider not in await in_thread(ways_for, kit, user, offer.price):
        await open_ways(callback, user, _, kit, way, screens.not_offered(_) if offer.price.minor else None)
    elif not await in_thread(has_consented, kit, user):
        await show(callback, render_consent(_, way, offer.price))
    elif provider == BALANCE:
        balance = await in_thread(balance_of, kit, user) or offer.price
        yes = life.SpendOnChange(offer_id=offer.id)
        await show(callback, screens.render_spend(_, way, name, offer.price, balance, yes))
    else:
        await _open(callback, user, _, kit, bot, way, name, quote=offer.quote)


async def open_ways(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, way: Way, note: str | None = None
) -> None:
    """All the ways to pay for the same. `note` (HTML) is said first. Raises NotForSale."""
    if way.offer_id is not None:
        await open_again(callback, user, _, kit, way.offer_id, note)
    else:
        await open_card(callback, user, _, kit, way.slug, note)


async def _open(
    callback: CallbackQuery,
    user: User,
    _: Language,
    kit: Kit,
    bot: Bot,
    way: Way,
    name: str,
    note: str | None = None,
    **what: Any,
) -> None:
    """`what` is bought: a tariff, maybe with a promo code, or a quote. `note` (HTML) explains the price. Raises
    SoldOut."""
    try:
        opened = await in_outside_thread(
            billing.checkout,
            kit.db,
            kit.providers[way.provider],
            party=user.party,
            description=name[:128],
            return_url=await bot_url(kit, bot),
            now=kit.clock.now(),
            save=way.form == "save",
            renews=way.form == "renew",
            may_sell=in_stock(kit, user),
            **what,
        )
    except billing.ConsentMissing:
        await show(callback, render_consent_to_saving(_, way))
    except PromoRefused:  # a moment ago; the card says why
        await open_card(callback, user, _, kit, way.slug)
    except billing.ProviderOff:  # a moment ago
        await open_ways(callback, user, _, kit, way, screens.not_offered(_))
    except billing.PaymentDeclined as declined:
        await show(callback, screens.render_declined(_, declined.reason, way, callback.data))
    except billing.CheckoutFailed:
        await show(callback, screens.render_not_opened(_, way, callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, way, note)


async def ask_to_spend(
    callback: CallbackQuery, _: Language, kit: Kit, offer: Offer, *, is_new_price: bool = False
) -> None:
    assert offer.balance is not None
    at, slug, price = int(kit.clock.now().timestamp()), offer.tariff.slug, offer.prices[BALANCE]
    yes, way = callbacks.Spend(slug=slug, at=at, minor=price.minor), Way(BALANCE, slug)
    name = _.own(offer.tariff.name)
    await show(callback, screens.render_spend(_, way, name, price, offer.balance, yes, is_new_price=is_new_price))


async def show_opened(
    callback: CallbackQuery,
    user: User,
    _: Language,
    kit: Kit,
    bot: Bot,
    opened: billing.Checkout,
    way: Way | TopUpWay,
    note: str | None = None,
) -> None:
    """Where to pay an attempt, or how it has ended. `note` (HTML) explains the price."""
    payment, invoice = await in_thread(attempt, kit, user, opened.payment_id)
    able = kit.providers[payment.provider].capabilities
    if opened.pay_url is None or opened.state in ENDED:
        await show_result(callback, payment, user, _, kit)
    elif billing.Capability.MESSAGE in able and way.form != "renew":
        # The screen that stands there already has its invoice below it.
        if await show(callback, render_invoice_follows(_, invoice, payment.id, way, note)):
            start = "balance" if invoice.quote.purpose == "topup" else f"buy_{way.slug}"
            await _send_invoice(callback, user, kit, bot, payment.id, start)
    else:
        saving: screens.Saving = "no"
        if billing.Capability.SAVED_METHOD in able and invoice.quote.purpose == "subscription":
            saving = "on" if way.form == "save" else "off"
        await show(callback, screens.render_pay(_, invoice, payment.id, opened.pay_url, way, saving, note))


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


def known_by(kit: Kit, user: User, reference: str) -> billing.Payment | None:
    """The own attempt that a checkout with this reference made, if there is one."""
    with kit.db.begin() as tx:
        try:
            return billing.payment_by_reference(tx, user.party, reference)
        except billing.PaymentNotFound:
            return None


def consent(kit: Kit, user: User) -> None:
    """To the terms of use."""
    with kit.db.begin() as tx:
        identity.consent(tx, user.id, DOCUMENT, TERMS_VERSION, kit.clock.now())


async def _send_invoice(callback: CallbackQuery, user: User, kit: Kit, bot: Bot, payment_id: int, start: str) -> None:
    """Its `start` parameter makes of forwarded copies a link to what is sold: nobody pays for somebody else by
    mistake."""
    message = await in_thread(_invoice_message, kit, user, payment_id)
    await bot.send_invoice(chat_of(callback), **message, start_parameter=start)


def _invoice_message(kit: Kit, user: User, payment_id: int) -> dict[str, Any]:
    with kit.db.begin() as tx:
        return billing.invoice_message(tx, user.party, payment_id)


def _gift(kit: Kit, way: Way) -> catalog.Quote:
    """Raises NotForSale."""
    with kit.db.begin() as tx:
        return gifts.quote(tx, way.slug, kit.providers[way.provider].currency)


def has_consented(kit: Kit, user: User) -> bool:
    """To the terms of use."""
    with kit.db.begin() as tx:
        return identity.has_consented(tx, user.id, DOCUMENT, TERMS_VERSION)


def _is_ready(kit: Kit, user: User, product: str) -> bool:
    """Whether what the product gives can be had now."""
    with kit.db.begin() as tx:
        return any(
            access.state == "ready"
            for owned in subscriptions.subscriptions_of(tx, user.party)
            if owned.product == product and owned.is_on and owned.access_until > kit.clock.now()
            for access in provisioning.access_of(tx, kit.cipher, user.party, owned.id)
        )
