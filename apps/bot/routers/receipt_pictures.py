"""Pictures of receipts, as photos or as files; each of an album is a receipt of its own. The bot answers at once with
one message, which later says what became of the receipt."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

import structlog
from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Message, ReplyParameters

from apps.bot.downloads import Downloads, NotFetched, TooLarge
from apps.bot.filters import HasFile
from apps.bot.routers.receipts import ask_consent, look, refuse_closed
from apps.bot.screen import Screen, replace, show
from apps.bot.screens import receipts as screens
from apps.bot.screens.menu import render_hint
from apps.bot.screens.receipt_terms import agree_first
from apps.threads import in_outside_thread, in_thread
from services import receipts
from services.identity import User
from services.kit import Kit
from services.notifications import why_no_bonus
from services.platform.errors import Misconfigured, TryLater
from services.platform.i18n import Language

TELEGRAM_LARGEST = 20 * 1024 * 1024  # bytes (Telegram Bot API 10.3, getFile)
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".pdf"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of a message. `unique_id` is the same for the same file, whoever sends it; `size` may be unknown."""

    file_id: str
    unique_id: str
    size: int | None
    may_be_picture: bool


def routes() -> Router:
    router = Router(name="receipt_pictures")
    router.message.register(picture, HasFile())
    return router


async def picture(message: Message, user: User, _: Language, kit: Kit, bot: Bot, downloads: Downloads) -> None:
    sent = sent_in(message)
    now = await in_thread(look, kit, user)
    if not now.ever:
        await show(message, render_hint(_))
        return
    if await refuse_closed(message, _, now):
        return
    if not now.agreed:
        await ask_consent(message, _, kit, now, agree_first(_))
        return
    if not sent.may_be_picture:
        await show(message, screens.render_not_taken(_, why_no_bonus(_, "not_a_picture")))
        return
    if sent.size is not None and sent.size > TELEGRAM_LARGEST:
        await show(message, screens.render_not_taken(_, screens.too_large_for_telegram(_)))
        return
    if sent.size is not None and sent.size > receipts.LARGEST:
        await show(message, screens.render_not_taken(_, why_no_bonus(_, "too_large")))
        return
    reply = ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
    answer = await bot.send_message(message.chat.id, screens.got_it(_), reply_parameters=reply)
    taken = await _take(sent, message, answer.message_id, user, _, kit, bot, downloads)
    if isinstance(taken, Screen):
        await replace(answer, taken)
    elif taken.message_id != answer.message_id:  # this update came before: the answer that it had then goes on
        with suppress(TelegramBadRequest):
            await bot.delete_message(answer.chat.id, answer.message_id)


async def _take(
    sent: Sent, message: Message, answer_id: int, user: User, _: Language, kit: Kit, bot: Bot, downloads: Downloads
) -> receipts.Receipt | Screen:
    """Fetches and keeps it; what becomes of it is told by the message with `answer_id`. Else what to say there."""
    try:
        content = await downloads.fetch(bot, sent.file_id, receipts.LARGEST)
        upload = receipts.Upload(
            user.party,
            content,
            file_id=sent.unique_id,
            message_id=answer_id,
            reference=f"telegram:{message.chat.id}:{message.message_id}",
        )
        return await in_outside_thread(_submit, kit, upload)
    except NotFetched:
        return screens.render_not_fetched(_)
    except TooLarge:
        return screens.render_not_taken(_, why_no_bonus(_, "too_large"))
    except receipts.BadPicture as bad:
        return screens.render_not_taken(_, why_no_bonus(_, bad.reason))
    except receipts.TooManyReceipts as many:
        return screens.render_too_many(_, many.after or 60)
    except (TryLater, Misconfigured) as error:
        log.warning("receipt_not_kept", error=str(error))
        return screens.render_not_kept(_)


def sent_in(message: Message) -> Sent:
    """The largest of a photo's sizes, or the document."""
    if message.photo:
        best = max(message.photo, key=lambda size: size.width * size.height)
        return Sent(best.file_id, best.file_unique_id, best.file_size, may_be_picture=True)
    assert message.document is not None
    file = message.document
    kind, suffix = file.mime_type or "", PurePath(file.file_name or "").suffix.lower()
    may_be = kind.startswith("image/") or kind == "application/pdf" or suffix in SUFFIXES
    return Sent(file.file_id, file.file_unique_id, file.file_size, may_be_picture=may_be)


def _submit(kit: Kit, upload: receipts.Upload) -> receipts.Receipt:
    return receipts.submit(kit.db, kit.storage, upload, kit.clock.now())
