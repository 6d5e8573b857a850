"""Gifts: bought on the card of a tariff, listed for their buyer, accepted by whoever brings the code."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.links import bot_url
from apps.bot.routers.shop import offer_to
from apps.bot.screen import show
from apps.bot.screens import gifts as screens
from apps.threads import in_thread
from services import catalog, gifts, identity, provisioning
from services.gifts import Code, Gift
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="gifts")
    router.message.register(gift_command, Command("gift"))
    router.callback_query.register(give_away, callbacks.GiveAway.filter())
    router.callback_query.register(gifts_page, callbacks.Gifts.filter())
    router.callback_query.register(show_gift, callbacks.ShowGift.filter())
    router.callback_query.register(accept, callbacks.AcceptGift.filter())
    return router


async def gift_command(message: Message, command: CommandObject, user: User, _: Language, kit: Kit) -> None:
    """/gift CODE; without a code, the own gifts."""
    if command.args:
        await open_gift(message, user, _, kit, command.args)
    else:
        await open_gifts(message, user, _, kit, 0)


async def open_gift(message: Message, user: User, _: Language, kit: Kit, typed: str) -> None:
    """Who gives what, and the button to accept it. Raises GiftNotFound, GiftTaken or GiftOver."""
    found, giver, code = await in_thread(_look_up, kit, typed)
    await show(message, screens.render_accept(_, found, giver, code, is_own=found.buyer == user.party))


async def accept(
    callback: CallbackQuery, callback_data: callbacks.AcceptGift, user: User, _: Language, kit: Kit
) -> None:
    """Raises GiftNotFound, GiftTaken or GiftOver."""
    claimed = await in_thread(_claim, kit, user, callback_data.gift_code)
    await show(callback, screens.render_accepted(_, claimed))


async def give_away(
    callback: CallbackQuery, callback_data: callbacks.GiveAway, user: User, _: Language, kit: Kit
) -> None:
    """Raises NotForSale or SoldOut."""
    offer = await in_thread(offer_to, kit, user, callback_data.slug)
    if offer.none_to_give:
        raise provisioning.SoldOut(callback_data.slug)
    if not offer.giving:
        raise catalog.NotForSale(callback_data.slug)
    await show(callback, screens.render_give_away(_, offer, kit.settings.gift_days))


async def gifts_page(
    callback: CallbackQuery, callback_data: callbacks.Gifts, user: User, _: Language, kit: Kit
) -> None:
    await open_gifts(callback, user, _, kit, callback_data.page)


async def open_gifts(event: Message | CallbackQuery, user: User, _: Language, kit: Kit, page: int) -> None:
    found, names = await in_thread(_gifts, kit, user, page)
    here, is_last = found[: screens.PAGE], len(found) <= screens.PAGE
    await show(event, screens.render_gifts(_, here, names, page, kit.settings.time_zone, is_last=is_last))


async def show_gift(
    callback: CallbackQuery, callback_data: callbacks.ShowGift, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """The code of an own one that waits; the list where it does no more. Raises GiftNotFound."""
    found, code = await in_thread(_own, kit, user, callback_data.gift_id)
    if code is None:
        await open_gifts(callback, user, _, kit, 0)
    else:
        await show(callback, screens.render_gift(_, found, code, await bot_url(kit, bot), kit.settings.time_zone))


def _look_up(kit: Kit, typed: str) -> tuple[Gift, str, str]:
    with kit.db.begin() as tx:
        found = gifts.look_up(tx, kit.cipher, typed, kit.clock.now())
        giver = identity.user(tx, found.buyer.id).first_name if found.buyer.kind == "user" else ""
        return found, giver, gifts.code_of(tx, kit.cipher, found.id).plain


def _claim(kit: Kit, user: User, code: str) -> Gift:
    with kit.db.begin() as tx:
        return gifts.claim(tx, kit.cipher, user.party, code, kit.clock.now())


def _gifts(kit: Kit, user: User, page: int) -> tuple[list[Gift], dict[int, str]]:
    """With the first names of those who accepted. One more than fits tells that there is another page."""
    with kit.db.begin() as tx:
        found = gifts.gifts_of(tx, user.party, offset=page * screens.PAGE, limit=screens.PAGE + 1)
        names = {
            one.id: identity.user(tx, one.claimed_by.id).first_name
            for one in found
            if one.claimed_by is not None and one.claimed_by.kind == "user"
        }
    return found, names


def _own(kit: Kit, user: User, gift_id: int) -> tuple[Gift, Code | None]:
    with kit.db.begin() as tx:
        found = gifts.own_gift(tx, user.party, gift_id)
        return found, gifts.code_of(tx, kit.cipher, gift_id) if found.state == "waiting" else None
