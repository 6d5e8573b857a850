"""Receipts into cashback: what they earn, the consent, the own ones and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message
from sqlalchemy.orm import Session

from apps.bot import callbacks_receipts as words
from apps.bot.screen import bot_of, chat_of, show
from apps.bot.screens.receipt_card import render_receipt
from apps.bot.screens.receipt_history import PAGE, render_my_receipts, render_sums
from apps.bot.screens.receipt_phone import ask_for_phone, share_keyboard
from apps.bot.screens.receipt_terms import RECEIPT_TERMS_VERSION, RECEIPTS, render_receipt_terms
from apps.bot.screens.receipts import render_agreed, render_nothing_runs, render_off, render_receipts
from apps.threads import in_thread
from services import billing, identity, notifications, receipts, wallet
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.receipts import Campaign

EVER = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """What receipts are for this person now. `phone` is masked."""

    campaigns: list[Campaign]
    agreed: bool
    phone: str | None
    has_receipts: bool
    is_off: bool  # pictures have nowhere to go
    ever: bool  # there is or was a campaign here

    @property
    def asks_phone(self) -> bool:
        """A running campaign pays to phones."""
        return any(campaign.payout != "balance" for campaign in self.campaigns)

    @property
    def is_open(self) -> bool:
        return bool(self.campaigns) and not self.is_off


class HasReceiptHistory(Filter):
    """Somebody whose history is one of receipts: who has sent some, or may send some and has paid for nothing."""

    async def __call__(self, _message: Message, kit: Kit, user: User) -> bool:
        return await in_thread(_has_history, kit, user)


def routes() -> Router:
    router = Router(name="receipts")
    router.message.register(open_receipts, Command("receipt", "receipts"))
    router.callback_query.register(open_receipts, words.Receipts.filter())
    router.callback_query.register(read_terms, words.ReadReceiptTerms.filter())
    router.callback_query.register(agree, words.AgreeToReceipts.filter())
    router.message.register(my_receipts, Command("history"), HasReceiptHistory())
    router.callback_query.register(my_receipts, words.MyReceipts.filter())
    router.callback_query.register(see, words.SeeReceipt.filter())
    router.message.register(sums, Command("statistics"))
    router.callback_query.register(sums, words.MySums.filter())
    return router


async def open_receipts(
    event: Message | CallbackQuery, user: User, _: Language, kit: Kit, note: str | None = None
) -> None:
    """`note` (HTML) is said first."""
    now = await in_thread(standing, kit, user)
    if await refuse_closed(event, _, now):
        return
    screen = render_receipts(_, now.campaigns, agreed=now.agreed, phone=now.phone, asks_phone=now.asks_phone, note=note)
    await show(event, screen)


async def refuse_closed(event: Message | CallbackQuery, _: Language, now: Standing) -> bool:
    """Says why receipts are not taken now, where they are not."""
    if now.is_open:
        return False
    await show(event, render_off(_) if now.campaigns else render_nothing_runs(_, has_receipts=now.has_receipts))
    return True


async def ask_consent(
    event: Message | CallbackQuery, _: Language, kit: Kit, now: Standing, note: str | None = None
) -> None:
    """`note` (HTML) is said first."""
    await show(
        event,
        render_receipt_terms(
            _, days=kit.settings.receipt_picture_days, asks_phone=now.asks_phone, agreed=now.agreed, note=note
        ),
    )


async def read_terms(callback: CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    await ask_consent(callback, _, kit, await in_thread(standing, kit, user))


async def agree(callback: CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    """On to the phone, where one is needed."""
    now = await in_thread(_agree, kit, user)
    if await refuse_closed(callback, _, now):
        return
    await show(callback, render_agreed(_))
    if now.asks_phone and now.phone is None:
        await ask_phone(callback, user, _, kit, None)


async def ask_phone(
    event: Message | CallbackQuery, user: User, _: Language, kit: Kit, phone: str | None, note: str | None = None
) -> None:
    """A message of its own: the button that shares a number stands below the chat."""
    await in_thread(_ask_phone, kit, user)
    text = ask_for_phone(_, phone, note)
    await bot_of(event).send_message(chat_of(event), text, reply_markup=share_keyboard(_))


async def my_receipts(
    event: Message | CallbackQuery,
    user: User,
    _: Language,
    kit: Kit,
    callback_data: words.MyReceipts | None = None,
) -> None:
    before = callback_data.before if callback_data else 0
    found = await in_thread(_history, kit, user, before or None)
    page = found[:PAGE]
    older = page[-1].id if len(found) > len(page) else None
    await show(event, render_my_receipts(_, page, kit.settings.time_zone, older=older, is_first=not before))


async def see(callback: CallbackQuery, callback_data: words.SeeReceipt, user: User, _: Language, kit: Kit) -> None:
    """Raises ReceiptNotFound."""
    receipt, phone = await in_thread(_receipt, kit, user, callback_data.receipt_id)
    await show(callback, render_receipt(_, receipt, phone, kit.settings.time_zone))


async def sums(event: Message | CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    month, ever = await in_thread(_sums, kit, user)
    await show(event, render_sums(_, month, ever))


def takes_receipts(kit: Kit) -> bool:
    """A campaign runs, and pictures have somewhere to go."""
    with kit.db.begin() as tx:
        return kit.storage is not None and bool(receipts.rules.running(tx, kit.clock.now()))


def standing(kit: Kit, user: User) -> Standing:
    """Whoever looks here does not answer an earlier question any more."""
    with kit.db.begin() as tx:
        receipts.forget(tx, user.party)
        wallet.forget_question(tx, user.party)
        return _standing(tx, kit, user)


def look(kit: Kit, user: User) -> Standing:
    """By the way: what they were asked for is still waited for."""
    with kit.db.begin() as tx:
        return _standing(tx, kit, user)


def masked_phone(tx: Session, kit: Kit, user: User) -> str | None:
    return notifications.shown_phone(identity.phone(tx, kit.cipher, user.id))


def _standing(tx: Session, kit: Kit, user: User) -> Standing:
    campaigns = receipts.rules.running(tx, kit.clock.now())
    return Standing(
        campaigns=campaigns,
        agreed=identity.has_consented(tx, user.id, RECEIPTS, RECEIPT_TERMS_VERSION),
        phone=masked_phone(tx, kit, user),
        has_receipts=bool(receipts.history(tx, user.party, limit=1)),
        is_off=kit.storage is None,
        ever=bool(campaigns or receipts.rules.standings(tx)),
    )


def _ask_phone(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        receipts.ask(tx, user.party, "phone", kit.clock.now())


def _agree(kit: Kit, user: User) -> Standing:
    with kit.db.begin() as tx:
        identity.consent(tx, user.id, RECEIPTS, RECEIPT_TERMS_VERSION, kit.clock.now())
        return _standing(tx, kit, user)


def _has_history(kit: Kit, user: User) -> bool:
    with kit.db.begin() as tx:
        if receipts.history(tx, user.party, limit=1):
            return True
        may_send = kit.storage is not None and receipts.rules.running(tx, kit.clock.now())
        return bool(may_send) and not billing.payments_of(tx, user.party, offset=0, limit=1)


def _history(kit: Kit, user: User, before: int | None) -> list[receipts.Receipt]:
    """One more than a page holds: the sign that there is another page."""
    with kit.db.begin() as tx:
        return receipts.history(tx, user.party, limit=PAGE + 1, before=before)


def _receipt(kit: Kit, user: User, receipt_id: int) -> tuple[receipts.Receipt, str | None]:
    with kit.db.begin() as tx:
        receipt = notifications.as_paid(tx, receipts.receipt(tx, user.party, receipt_id))
        return receipt, masked_phone(tx, kit, user)


def _sums(kit: Kit, user: User) -> tuple[receipts.Statistics, receipts.Statistics]:
    """Of the calendar month, and of all time."""
    now = kit.clock.now()
    local = now.astimezone(ZoneInfo(kit.settings.time_zone))
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with kit.db.begin() as tx:
        return (
            receipts.statistics(tx, month, now, party=user.party),
            receipts.statistics(tx, EVER, now, party=user.party),
        )
