"""The storefront as one aiogram Dispatcher. It keeps no state of its own: buttons carry everything."""

from __future__ import annotations

import structlog
from aiogram import Bot, Dispatcher, Router
from aiogram.exceptions import AiogramError
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats

from apps.bot.downloads import Downloads
from apps.bot.filters import InPrivate
from apps.bot.middlewares import answer_first, introduce
from apps.bot.routers import (
    access,
    balance,
    cards,
    change,
    channels,
    decisions,
    documents,
    edges,
    failures,
    gifts,
    guide,
    invite,
    manage,
    menu,
    money_back,
    payment,
    places,
    promo,
    receipt_phone,
    receipt_pictures,
    receipt_review,
    receipts,
    renewal,
    shop,
    stars,
    subscription,
    support,
    tasks,
    trial,
    wallet,
)
from apps.bot.routers.receipts import takes_receipts
from apps.bot.screens.menu import essence
from apps.bot.screens.support import commands
from apps.threads import in_thread
from services.kit import Kit
from services.platform.i18n import LANGUAGES, language

log = structlog.get_logger(__name__)


def build(kit: Kit) -> Dispatcher:
    """Feed it updates of the kinds in `updates.ALLOWED_UPDATES`, one person's in their order. It raises only while
    Telegram itself does not take our answers: every other failure was told to the person and logged."""
    dispatcher = Dispatcher(kit=kit, downloads=Downloads(), disable_fsm=True)
    dispatcher.update.outer_middleware(introduce)
    dispatcher.callback_query.middleware(answer_first)
    dispatcher.startup.register(introduce_bot)
    dispatcher.errors.register(failures.explain)
    private = Router(name="private")
    private.message.filter(InPrivate())
    private.include_routers(
        *(
            module.routes()
            for module in (
                *(tasks, receipt_review),  # operators' words first: nobody else's get there
                *(stars, menu, trial, shop, promo, payment, balance, wallet, subscription, manage, change, renewal),
                *(receipts, receipt_phone, receipt_pictures),
                *(access, places, cards, gifts, invite, guide, support, decisions, documents, money_back),
            )
        ),
        promo.plain_codes(),
        edges.last_resort(),
    )
    dispatcher.include_routers(edges.not_private(), channels.routes(), private)
    return dispatcher


async def introduce_bot(bot: Bot, kit: Kit) -> None:
    """The menu of commands and the words above the Start button, for each language and for people of any other. Nice
    to have: failing stops nothing."""
    with_receipts = await in_thread(takes_receipts, kit)
    try:
        for code in (None, *LANGUAGES):
            menu_of = [
                BotCommand(command=name, description=text)
                for name, text in commands(language(code), with_receipts=with_receipts).items()
            ]
            await bot.set_my_commands(menu_of, scope=BotCommandScopeAllPrivateChats(), language_code=code)
            await bot.set_my_description(essence(language(code)), language_code=code)
    except AiogramError as error:
        log.warning("bot_not_introduced", error=type(error).__name__)
