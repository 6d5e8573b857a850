"""A file that was bought: sent again, or a link to download it."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks_goods as words
from apps.bot.screen import show
from apps.bot.screens.documents import render_document, render_link, render_sent
from apps.threads import in_thread
from services import notifications, provisioning
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="documents")
    router.callback_query.register(open_document, words.SeeDocument.filter())
    router.callback_query.register(send, words.SendDocument.filter())
    router.callback_query.register(make_link, words.LinkToDocument.filter())
    return router


async def open_document(
    callback: CallbackQuery, callback_data: words.SeeDocument, user: User, _: Language, kit: Kit
) -> None:
    """Raises AccessNotFound."""
    found = await in_thread(_document, kit, user, callback_data.grant_id)
    await show(callback, render_document(_, found, has_links=kit.settings.public_url is not None))


async def send(callback: CallbackQuery, callback_data: words.SendDocument, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    found, is_sent = await in_thread(_send, kit, user, callback_data.grant_id)
    has_links = kit.settings.public_url is not None
    await show(callback, render_sent(_, found) if is_sent else render_document(_, found, has_links=has_links))


async def make_link(
    callback: CallbackQuery, callback_data: words.LinkToDocument, user: User, _: Language, kit: Kit
) -> None:
    """Raises AccessNotFound."""
    if kit.settings.public_url is None:  # the button is older than that
        found = await in_thread(_document, kit, user, callback_data.grant_id)
        await show(callback, render_document(_, found, has_links=False))
        return
    found, token = await in_thread(_link, kit, user, callback_data.grant_id)
    await show(callback, render_link(_, found, f"{kit.settings.public_url}/d/{token}"))


def _document(kit: Kit, user: User, grant_id: int) -> provisioning.documents.Document:
    with kit.db.begin() as tx:
        return provisioning.documents.document_of(tx, kit.cipher, user.party, grant_id)


def _send(kit: Kit, user: User, grant_id: int) -> tuple[provisioning.documents.Document, bool]:
    with kit.db.begin() as tx:
        is_sent = notifications.send_document(tx, kit.cipher, user.party, grant_id, kit.clock.now())
        return provisioning.documents.document_of(tx, kit.cipher, user.party, grant_id), is_sent


def _link(kit: Kit, user: User, grant_id: int) -> tuple[provisioning.documents.Document, str]:
    with kit.db.begin() as tx:
        token = provisioning.documents.make_download(tx, kit.cipher, user.party, grant_id, kit.clock.now())
        return provisioning.documents.document_of(tx, kit.cipher, user.party, grant_id), token
