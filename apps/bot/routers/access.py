"""What a subscription gives, shown, sent again and replaced. Nothing of other people's is found."""

from __future__ import annotations

import dataclasses

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot import callbacks_access as words
from apps.bot.outgoing import send
from apps.bot.screen import answer, chat_of, show
from apps.bot.screens import access as screens
from apps.bot.screens.access_buttons import Card
from apps.bot.screens.subscription import phase, render_ended, render_preparing, render_stands_still
from apps.threads import in_thread
from services import notifications, provisioning, subscriptions
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.provisioning import Access, Capability
from services.subscriptions import Subscription


def routes() -> Router:
    router = Router(name="access")
    router.callback_query.register(open_goods, callbacks.Config.filter())
    router.callback_query.register(show_access, words.ShowAccess.filter(), flags={"answers": True})
    router.callback_query.register(send_again, words.SendAccess.filter())
    router.callback_query.register(ask_to_replace, words.Replace.filter())
    router.callback_query.register(replace, words.ReplaceNow.filter())
    return router


async def open_goods(
    callback: CallbackQuery, callback_data: callbacks.Config, user: User, _: Language, kit: Kit
) -> None:
    """Straight to the only good, or to all of them. Raises SubscriptionNotFound."""
    one, given = await in_thread(_goods, kit, user, callback_data.subscription_id)
    if one.state == "paused":
        await show(callback, render_stands_still(_, one))
    elif phase(one, kit.clock.now()) == "expired":
        await show(callback, render_ended(_, one.id))
    elif not given:
        await show(callback, render_preparing(_))
    elif len(given) == 1:
        await open_access(callback, user, _, kit, given[0].grant_id)
    else:
        await show(callback, screens.render_goods(_, one, given))


async def open_access(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, grant_id: int, note: str | None = None
) -> bool:
    """`note` (HTML) is said first. False as in `show`. Raises AccessNotFound."""
    card = await in_thread(card_of, kit, user, grant_id)
    return await _show(callback, _, kit, card, note)


async def show_access(
    callback: CallbackQuery, callback_data: words.ShowAccess, user: User, _: Language, kit: Kit
) -> None:
    """Raises AccessNotFound."""
    card = await in_thread(card_of, kit, user, callback_data.grant_id)
    if card.access.state == "preparing" and callback.message:
        is_new = await _show(callback, _, kit, card)
        await answer(callback, None if is_new else screens.not_ready(_))
        return
    await answer(callback)
    await _show(callback, _, kit, card)


async def send_again(
    callback: CallbackQuery, callback_data: words.SendAccess, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """Raises AccessNotFound."""
    card = await in_thread(card_of, kit, user, callback_data.grant_id)
    if card.access.state != "ready":
        await _show(callback, _, kit, card, screens.cannot(_))
        return
    messages = await in_thread(notifications.show_again, _, card.access)
    await send(bot, chat_of(callback), messages)


async def ask_to_replace(
    callback: CallbackQuery, callback_data: words.Replace, user: User, _: Language, kit: Kit
) -> None:
    """Raises AccessNotFound."""
    card = await in_thread(card_of, kit, user, callback_data.grant_id)
    if card.access.state != "ready" or Capability.ROTATE not in card.can:
        await _show(callback, _, kit, card, screens.cannot(_))
        return
    await show(callback, screens.render_replace(_, card))


async def replace(callback: CallbackQuery, callback_data: words.ReplaceNow, user: User, _: Language, kit: Kit) -> None:
    """Tapped twice, it is done once and said twice. Raises AccessNotFound."""
    card = await in_thread(card_of, kit, user, callback_data.grant_id)
    note = screens.cannot(_)
    if card.access.state == "ready" and Capability.ROTATE in card.can:
        await in_thread(_rotate, kit, user, callback_data)
        note = screens.replaced(_)
    await _show(callback, _, kit, card, note)


async def _show(callback: CallbackQuery, _: Language, kit: Kit, card: Card, note: str | None = None) -> bool:
    settings = kit.settings
    screen = screens.render_access(_, card, kit.clock.now(), settings.time_zone, settings.support_username, note)
    return await show(callback, screen)


def card_of(kit: Kit, user: User, grant_id: int) -> Card:
    """Raises AccessNotFound."""
    with kit.db.begin() as tx:
        access = provisioning.own_access(tx, kit.cipher, user.party, grant_id)
        one = subscriptions.own_subscription(tx, user.party, access.subscription_id)
        if phase(one, kit.clock.now()) == "expired":  # the sweep that ends it may be a minute behind
            access = dataclasses.replace(access, state="ended", artifacts=())
        given = _current(provisioning.access_of(tx, kit.cipher, user.party, one.id))
        provisioner = kit.provisioners.get(access.kind)
        can = provisioner.capabilities if provisioner else Capability.NONE
        offered = (
            provisioning.locations_for(tx, kit.provisioners, user.party, grant_id, kit.clock.now())
            if Capability.LOCATIONS in can and access.state == "ready"
            else ()
        )
        return Card(access, one, can, has_choice=len(offered) > 1, is_alone=len(given) < 2)


def _goods(kit: Kit, user: User, subscription_id: int) -> tuple[Subscription, list[Access]]:
    with kit.db.begin() as tx:
        one = subscriptions.own_subscription(tx, user.party, subscription_id)
        return one, _current(provisioning.access_of(tx, kit.cipher, user.party, subscription_id))


def _current(given: list[Access]) -> list[Access]:
    """Without what earlier tariffs gave, unless there is nothing else."""
    return [one for one in given if one.state != "ended"] or given


def _rotate(kit: Kit, user: User, wish: words.ReplaceNow) -> None:
    with kit.db.begin() as tx:
        provisioning.rotate(
            tx, kit.provisioners, user.party, wish.grant_id, generation=wish.generation, now=kit.clock.now()
        )
