from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.screen import show
from apps.bot.screens.cards import forgotten, render_cards, render_forget
from apps.threads import in_thread
from services import billing
from services.billing import SavedMethod
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="cards")
    router.callback_query.register(open_cards, callbacks.Cards.filter())
    router.callback_query.register(ask_to_forget, callbacks.Forget.filter())
    router.callback_query.register(forget, callbacks.ForgetNow.filter())
    return router


async def open_cards(callback: CallbackQuery, user: User, _: Language, kit: Kit, note: str | None = None) -> None:
    """`note` (HTML) is said first."""
    known = await in_thread(cards_of, kit, user)
    await show(callback, render_cards(_, known, kit.settings.time_zone, note))


async def ask_to_forget(
    callback: CallbackQuery, callback_data: callbacks.Forget, user: User, _: Language, kit: Kit
) -> None:
    """Raises MethodNotFound."""
    known = await in_thread(cards_of, kit, user)
    card = next((one for one in known if one.id == callback_data.method_id), None)
    if card is None:
        raise billing.MethodNotFound(f"payment method {callback_data.method_id} of {user.party}")
    await show(callback, render_forget(_, card))


async def forget(
    callback: CallbackQuery, callback_data: callbacks.ForgetNow, user: User, _: Language, kit: Kit
) -> None:
    """Raises MethodNotFound."""
    card = await in_thread(_forget, kit, user, callback_data.method_id)
    await open_cards(callback, user, _, kit, forgotten(_, card.title))


def cards_of(kit: Kit, user: User) -> list[SavedMethod]:
    with kit.db.begin() as tx:
        return billing.methods_of(tx, user.party)


def _forget(kit: Kit, user: User, method_id: int) -> SavedMethod:
    with kit.db.begin() as tx:
        return billing.forget_method(tx, user.party, method_id, kit.clock.now())
