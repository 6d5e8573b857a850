"""Promo codes: typed as a command or as a plain message, or brought by a link."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.filters import LooksLikeCode
from apps.bot.routers.shop import open_card, open_shop
from apps.bot.screen import show
from apps.bot.screens.menu import render_hint
from apps.bot.screens.promo import accepted, render_ask, render_given, render_refused
from apps.threads import in_thread
from services import billing, promotions, subscriptions
from services.catalog import NotForSale
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.promotions import PromoCode, PromoRefused, TooManyGuesses


def routes() -> Router:
    router = Router(name="promo")
    router.message.register(command, Command("promo"))
    router.callback_query.register(drop, callbacks.DropCode.filter())
    return router


def plain_codes() -> Router:
    """After everything that reads messages."""
    router = Router(name="plain_codes")
    router.message.register(maybe_code, LooksLikeCode())
    return router


async def command(message: Message, command: CommandObject, user: User, _: Language, kit: Kit) -> None:
    if command.args:
        await open_code(message, user, _, kit, command.args)
    else:
        await show(message, render_ask(_))


async def maybe_code(message: Message, user: User, _: Language, kit: Kit) -> None:
    """One word that could be a code; where it is none, it was said to nobody in particular."""
    try:
        code = await in_thread(_enter, kit, user, message.text or "")
    except (promotions.PromoUnknown, TooManyGuesses):
        await show(message, render_hint(_))
    except PromoRefused as refused:
        await show(message, render_refused(_, refused, kit.settings.time_zone))
    else:
        await _go_on(message, user, _, kit, code)


async def open_code(message: Message, user: User, _: Language, kit: Kit, typed: str) -> None:
    try:
        code = await in_thread(_enter, kit, user, typed)
    except (PromoRefused, TooManyGuesses) as refused:
        await show(message, render_refused(_, refused, kit.settings.time_zone))
    else:
        await _go_on(message, user, _, kit, code)


async def drop(callback: CallbackQuery, callback_data: callbacks.DropCode, user: User, _: Language, kit: Kit) -> None:
    """Raises NotForSale."""
    await in_thread(_forget, kit, user)
    await open_card(callback, user, _, kit, callback_data.slug)


async def _go_on(message: Message, user: User, _: Language, kit: Kit, code: PromoCode) -> None:
    """To what it can be used for; one that needs no purchase is used at once."""
    if code.needs_purchase:
        await open_shop(message, user, _, kit, accepted(_, code))
        return
    zone = kit.settings.time_zone
    try:
        given = await in_thread(_redeem, kit, user, code.code)
    except (PromoRefused, subscriptions.TrialUsed, NotForSale) as refused:
        await show(message, render_refused(_, refused, zone))
    else:
        await show(message, render_given(_, given, zone))


def _enter(kit: Kit, user: User, typed: str) -> PromoCode:
    with kit.db.begin() as tx:
        audiences = billing.audiences(tx, user.party)
    return promotions.enter(kit.db, user.party, typed, audiences, kit.clock.now())


def _redeem(kit: Kit, user: User, code: str) -> subscriptions.Redeemed:
    with kit.db.begin() as tx:
        audiences = billing.audiences(tx, user.party)
        return subscriptions.redeem(tx, kit.cipher, user.party, code, audiences, kit.clock.now())


def _forget(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        promotions.forget(tx, user.party)
