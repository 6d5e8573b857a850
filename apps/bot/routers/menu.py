from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.routers.gifts import open_gift
from apps.bot.routers.promo import open_code
from apps.bot.routers.receipts import open_receipts
from apps.bot.routers.shop import open_card, open_shop
from apps.bot.routers.subscription import open_mine
from apps.bot.routers.wallet import open_wallet
from apps.bot.screen import show
from apps.bot.screens.menu import Choices, render_language_chosen, render_languages, render_menu, render_welcome
from apps.threads import in_thread
from services import identity, receipts, subscriptions, wallet
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="menu")
    router.message.register(start, CommandStart())
    router.callback_query.register(open_menu, callbacks.Menu.filter())
    router.message.register(choose_language, Command("language"))
    router.callback_query.register(choose_language, callbacks.Languages.filter())
    router.callback_query.register(speak, callbacks.Speak.filter())
    return router


async def start(message: Message, command: CommandObject, user: User, _: Language, kit: Kit) -> None:
    """Deep links: t.me/BOT?start=shop, my, balance, receipts, buy_<slug>, promo_<code> or gift_<code>; other parameters
    only tell where the person came from."""
    match (command.args or "").partition("_"):
        case "shop", "", "":
            await open_shop(message, user, _, kit)
        case "my", "", "":
            await open_mine(message, user, _, kit)
        case "promo", "_", code:
            await open_code(message, user, _, kit, code)
        case "buy", "_", slug:
            await open_card(message, user, _, kit, slug)
        case "balance", "", "":
            await open_wallet(message, user, _, kit)
        case "receipts", "", "":
            await open_receipts(message, user, _, kit)
        case "gift", "_", code:
            await open_gift(message, user, _, kit, code)
        case _other:
            await show(message, render_welcome(_, user.first_name, await in_thread(_choices, kit, user)))


async def open_menu(callback: CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    await show(callback, render_menu(_, await in_thread(_choices, kit, user)))


async def choose_language(event: Message | CallbackQuery, _: Language) -> None:
    await show(event, render_languages(_))


async def speak(callback: CallbackQuery, callback_data: callbacks.Speak, user: User, kit: Kit) -> None:
    chosen = await in_thread(_choose_language, kit, user.id, callback_data.code)
    choices = await in_thread(_choices, kit, user)
    await show(callback, render_language_chosen(chosen.language, choices))


def _choices(kit: Kit, user: User) -> Choices:
    with kit.db.begin() as tx:
        trials = subscriptions.trials_open_to(tx, kit.cipher, user.party)
        takes = kit.storage is not None and bool(receipts.rules.running(tx, kit.clock.now()))
        return Choices(trials=trials, has_wallet=wallet.has_wallet(tx, user.party), takes_receipts=takes)


def _choose_language(kit: Kit, user_id: int, code: str) -> User:
    with kit.db.begin() as tx:
        return identity.choose_language(tx, user_id, code)
