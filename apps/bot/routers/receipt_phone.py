"""The phone that bonuses are paid to, and receipts that are typed in: what people write when they were asked to."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from apps.bot import callbacks_receipts as words
from apps.bot.filters import HasContact
from apps.bot.routers.receipts import Standing, ask_consent, ask_phone, look, refuse_closed, standing
from apps.bot.screen import replace, show
from apps.bot.screens import receipt_phone as screens
from apps.bot.screens.receipt_typed import render_type_receipt, what_is_wrong
from apps.bot.screens.receipts import got_it, render_too_many
from apps.bot.typed_receipt import NotUnderstood, read_typed
from apps.threads import in_thread
from services import identity, notifications, receipts
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language

Asked = Literal["phone", "receipt"]


class AwaitedWords(Filter):
    """Words from somebody who was asked for them, or a number while a bonus waits for one; gives what was `asked`."""

    async def __call__(self, message: Message, kit: Kit, user: User | None = None) -> bool | dict[str, Any]:
        if user is None or message.text is None or message.text.startswith("/"):
            return False
        asked = await in_thread(_asked, kit, user, message.text)
        return {"asked": asked} if asked is not None else False


def routes() -> Router:
    router = Router(name="receipt_phone")
    router.message.register(change_phone, Command("change_phone"))
    router.callback_query.register(change_phone, words.GivePhone.filter())
    router.callback_query.register(type_receipt, words.TypeReceipt.filter())
    router.message.register(contact_shared, HasContact())
    router.message.register(written, AwaitedWords())
    return router


async def change_phone(event: Message | CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    now = await in_thread(standing, kit, user)
    if await _needs_no_phone(event, _, kit, now):
        return
    await ask_phone(event, user, _, kit, now.phone)


async def contact_shared(message: Message, user: User, _: Language, kit: Kit) -> None:
    """Only what Telegram says to be this person's own counts as that; somebody else's is like a typed one."""
    assert message.contact is not None
    assert message.from_user is not None
    now = await in_thread(standing, kit, user)
    if not now.asks_phone and now.phone is None:
        await show(message, screens.render_contact_not_needed(_))
    elif not now.agreed:
        await ask_consent(message, _, kit, now)
    else:
        is_own = message.contact.user_id == message.from_user.id
        await _keep(message, user, _, kit, message.contact.phone_number, is_own=is_own)


async def written(message: Message, asked: Asked, user: User, _: Language, kit: Kit) -> None:
    """What cannot be is asked for again."""
    text = message.text or ""
    if asked == "receipt":
        await _receipt_written(message, user, _, kit, text)
    elif text == screens.not_now(_):
        phone = (await in_thread(standing, kit, user)).phone
        await message.answer(screens.phone_left(_, phone), reply_markup=ReplyKeyboardRemove())
    else:
        await _keep(message, user, _, kit, text, is_own=False)


async def type_receipt(callback: CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    now = await in_thread(standing, kit, user)
    if await refuse_closed(callback, _, now):
        return
    if not now.agreed:
        await ask_consent(callback, _, kit, now)
        return
    await in_thread(_ask_receipt, kit, user)
    await show(callback, render_type_receipt(_, _example_day(kit)))


async def _needs_no_phone(event: Message | CallbackQuery, _: Language, kit: Kit, now: Standing) -> bool:
    """Who has given one may always change it: something may be on its way to it."""
    if now.phone is not None:
        return False
    if await refuse_closed(event, _, now):
        return True
    if not now.asks_phone:
        await show(event, screens.render_no_phone_needed(_))
    elif not now.agreed:
        await ask_consent(event, _, kit, now)
    return not now.asks_phone or not now.agreed


async def _keep(message: Message, user: User, _: Language, kit: Kit, number: str, *, is_own: bool) -> None:
    try:
        phone = await in_thread(_keep_phone, kit, user, number, is_own)
    except identity.BadPhone:
        known = (await in_thread(standing, kit, user)).phone
        await ask_phone(message, user, _, kit, known, screens.bad_phone(_))
        return
    await message.answer(
        screens.phone_kept(_, notifications.shown_phone(phone) or ""), reply_markup=ReplyKeyboardRemove()
    )


async def _receipt_written(message: Message, user: User, _: Language, kit: Kit, text: str) -> None:
    """The answer becomes the message that tells how it stands."""
    try:
        facts = await in_thread(_read, kit, text)
    except NotUnderstood as error:
        await show(message, render_type_receipt(_, _example_day(kit), what_is_wrong(_, error.fault)))
        return
    answer = await message.answer(got_it(_))
    try:
        await in_thread(_submit_typed, kit, user, facts, answer.message_id)
    except receipts.BadFacts:  # a sum that no receipt has
        await replace(answer, render_type_receipt(_, _example_day(kit), what_is_wrong(_, "total")))
    except receipts.TooManyReceipts as many:
        await replace(answer, render_too_many(_, many.after or 60))


def _example_day(kit: Kit) -> str:
    return f"{kit.clock.now().astimezone(ZoneInfo(kit.settings.time_zone)):%d.%m.%Y}"


def _asked(kit: Kit, user: User, text: str) -> Asked | None:
    with kit.db.begin() as tx:
        asked = receipts.asked(tx, user.party, kit.clock.now())
    if asked is None and _is_phone(text):
        now = look(kit, user)
        return "phone" if now.asks_phone and now.agreed and now.phone is None else None
    return asked


def _is_phone(text: str) -> bool:
    try:
        identity.normalise_phone(text)
    except identity.BadPhone:
        return False
    return True


def _ask_receipt(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        receipts.ask(tx, user.party, "receipt", kit.clock.now())


def _keep_phone(kit: Kit, user: User, number: str, is_own: bool) -> identity.Phone:
    """Raises BadPhone."""
    with kit.db.begin() as tx:
        phone = identity.keep_phone(tx, kit.cipher, user.id, number, kit.clock.now(), is_own=is_own)
        receipts.forget(tx, user.party)
        return phone


def _read(kit: Kit, text: str) -> receipts.Facts:
    """Raises NotUnderstood."""
    now = kit.clock.now()
    with kit.db.begin() as tx:
        campaigns = receipts.rules.running(tx, now)
    zone = campaigns[0].time_zone if campaigns else kit.settings.time_zone
    currency = campaigns[0].currency if campaigns else kit.settings.balance_currency
    return read_typed(text, now.astimezone(ZoneInfo(zone)).date(), currency)


def _submit_typed(kit: Kit, user: User, facts: receipts.Facts, answer_id: int) -> None:
    """Raises BadFacts, TooManyReceipts."""
    with kit.db.begin() as tx:
        receipts.submit_typed(tx, user.party, facts, kit.clock.now(), message_id=answer_id)
        receipts.forget(tx, user.party)
