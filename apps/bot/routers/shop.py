from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from sqlalchemy.orm import Session

from apps.bot import callbacks
from apps.bot.routers.trial import is_trial, open_trial, trials_open_to
from apps.bot.routers.typed import Typed, typed_code
from apps.bot.screen import show
from apps.bot.screens.shop import Offer, render_card, render_catalogue
from apps.threads import in_thread
from services import billing, catalog, ledger, provisioning, subscriptions
from services.catalog import Period
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.platform.money import Money

BALANCE = "balance"
# What Telegram can charge by itself: every 2592000 seconds, at most so many Stars (Bot API 10.3, createInvoiceLink).
RENEWABLE, DEAREST = Period(30, "day"), 10_000


def routes() -> Router:
    router = Router(name="shop")
    router.message.register(open_shop, Command("shop"))
    router.callback_query.register(open_shop, callbacks.Shop.filter())
    router.callback_query.register(tariff_chosen, callbacks.Card.filter())
    return router


async def open_shop(event: Message | CallbackQuery, user: User, _: Language, kit: Kit, note: str | None = None) -> None:
    """`note` (HTML) is said first."""
    trials = await in_thread(trials_open_to, kit, user)
    await show(event, render_catalogue(_, await in_thread(offers_to, kit, user), trials, note))


async def tariff_chosen(
    callback: CallbackQuery, callback_data: callbacks.Card, user: User, _: Language, kit: Kit
) -> None:
    await open_card(callback, user, _, kit, callback_data.slug)


async def open_card(
    event: Message | CallbackQuery, user: User, _: Language, kit: Kit, slug: str, note: str | None = None
) -> None:
    """`note` (HTML) is said first. A trial's card is its offer. Raises NotForSale."""
    try:
        offer = await in_thread(offer_to, kit, user, slug)
    except catalog.NotForSale:
        if not await in_thread(is_trial, kit, slug):
            raise
        await open_trial(event, user, _, kit, slug)
        return
    places = {server.code: server.location for server in kit.settings.vpn_servers}
    codes = offer.tariff.locations or tuple(places)
    names = list(dict.fromkeys(places[code] for code in codes if code in places))
    change = await in_thread(change_of, kit, user, offer.tariff)
    await show(event, render_card(_, offer, names, note, change, kit.settings.time_zone))


def offers_to(kit: Kit, user: User) -> list[Offer]:
    """What this person can buy: tariffs with a price in the currency of a provider that is offered, with what the promo
    code does to it that the person has typed."""
    now = kit.clock.now()
    with kit.db.begin() as tx:
        audiences = billing.audiences(tx, user.party)
        tariffs = catalog.list_tariffs(tx, audiences)
        offered = {code: kit.providers[code] for code in billing.offered(tx, kit.providers)}
        balance = _balance(tx, user, offered)
        typed = typed_code(tx, user, audiences, now)
    return [offer for tariff in tariffs if (offer := _offer(tariff, offered, balance, typed, now)).prices]


def offer_to(kit: Kit, user: User, slug: str) -> Offer:
    """With whether anything is left of it. Raises NotForSale, also for what never existed: to a person it is the
    same."""
    for offer in offers_to(kit, user):
        if offer.tariff.slug == slug:
            own, gift = (_is_left(kit, user, offer, purpose) for purpose in ("subscription", "gift"))
            return replace(offer, sold_out=not own, none_to_give=not gift)
    raise catalog.NotForSale(slug[:80])


def in_stock(kit: Kit, user: User) -> billing.MaySell:
    """For billing: raises SoldOut."""
    return lambda tx, sold: provisioning.require_stock(tx, kit.provisioners, sold, user.party, kit.clock.now())


def change_of(kit: Kit, user: User, tariff: catalog.Tariff) -> int | None:
    """The person's running subscription of the same product with other limits: to buy this tariff is to change its."""
    with kit.db.begin() as tx:
        owned = subscriptions.subscriptions_of(tx, user.party)
    own = next((one for one in owned if one.product == tariff.product), None)
    if own is None or own.state not in ("active", "canceled") or own.ends_at <= kit.clock.now():
        return None
    is_same = own.terms.tariff == tariff.slug or catalog.terms(tariff, own.terms.price).gives_the_same_as(own.terms)
    return None if is_same else own.id


def ways_for(kit: Kit, user: User, price: Money) -> list[str]:
    """The codes of those providers by which this person can pay so much."""
    with kit.db.begin() as tx:
        offered = {code: kit.providers[code] for code in billing.offered(tx, kit.providers)}
        balance = _balance(tx, user, offered)
    fitting = [code for code, provider in offered.items() if provider.currency == price.currency]
    return [code for code in fitting if code != BALANCE or (balance is not None and price <= balance)]


def balance_of(kit: Kit, user: User) -> Money | None:
    """What the person could spend here, where that is something."""
    with kit.db.begin() as tx:
        return _balance(tx, user, kit.providers)


def _is_left(kit: Kit, user: User, offer: Offer, purpose: str) -> bool:
    sold = replace(catalog.terms(offer.tariff, offer.price), purpose=purpose)
    with kit.db.begin() as tx:
        try:
            in_stock(kit, user)(tx, sold)
        except provisioning.SoldOut:
            return False
    return True


def _offer(
    tariff: catalog.Tariff,
    offered: Mapping[str, billing.PaymentProvider],
    balance: Money | None,
    typed: Typed,
    now: datetime,
) -> Offer:
    """The balance is a way to pay only where it is enough."""
    listed = {code: price for code, one in offered.items() if (price := tariff.prices.get(one.currency))}
    cheaper = typed.for_tariff(tariff, {code: offered[code] for code in listed}, now)
    prices = {
        code: cheaper.prices.get(code, full)
        for code, full in listed.items()
        if code != BALANCE or (balance is not None and cheaper.prices.get(code, full) <= balance)
    }
    able = {code: offered[code].capabilities for code in prices}
    return Offer(
        tariff,
        prices,
        saving=tuple(code for code in prices if billing.Capability.SAVED_METHOD in able[code]),
        renewing=tuple(
            code
            for code in prices
            if billing.Capability.RENEWS in able[code] and tariff.period == RENEWABLE and listed[code].minor <= DEAREST
        ),
        balance=balance,
        code=typed.code,
        listed={code: listed[code] for code in prices if code in cheaper.prices},
        smallest=tuple(code for code in prices if code in cheaper.smallest),
        refusal=cheaper.refusal,
    )


def _balance(tx: Session, user: User, offered: Mapping[str, billing.PaymentProvider]) -> Money | None:
    """What we owe the person is a credit, which the ledger shows below zero."""
    if BALANCE not in offered:
        return None
    owed = -ledger.balance(tx, f"wallet:{user.party}", offered[BALANCE].currency)
    return owed if owed.minor > 0 else None
