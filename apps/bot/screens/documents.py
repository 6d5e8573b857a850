from __future__ import annotations

from apps.bot import callbacks, callbacks_goods
from apps.bot.keyboards import Row, back, button, keyboard, link
from apps.bot.screen import Screen
from services import provisioning
from services.platform.i18n import Language


def render_document(_: Language, document: provisioning.documents.Document, *, has_links: bool) -> Screen:
    """The ways to it that there are."""
    text = _("📎 <b>{name}</b>\n\nHow would you like to have it?", name=_name(_, document))
    rows = [_send_it(_, document), _link_to(_, document) if has_links else []]
    return Screen(text, keyboard(*rows, back(_, callbacks.Mine())))


def render_sent(_: Language, document: provisioning.documents.Document) -> Screen:
    """It comes as a message of its own."""
    text = _("📎 <b>{name}</b> is on its way to this chat.", name=_name(_, document))
    return Screen(text, keyboard(back(_, callbacks_goods.SeeDocument(grant_id=document.grant_id))))


def render_link(_: Language, document: provisioning.documents.Document, url: str) -> Screen:
    text = _(
        "📎 <b>{name}</b>\n\nYour link works for one day and for a few downloads. It opens the file to anybody who has"
        " it, so please keep it to yourself.",
        name=_name(_, document),
    )
    rows = [[link(_.label("⬇️ Download"), url)], _send_it(_, document)]
    return Screen(text, keyboard(*rows, back(_, callbacks.Mine())))


def _send_it(_: Language, document: provisioning.documents.Document) -> Row:
    if not document.is_sendable:
        return []
    return [button(_.label("Send it here"), callbacks_goods.SendDocument(grant_id=document.grant_id))]


def _link_to(_: Language, document: provisioning.documents.Document) -> Row:
    return [button(_.label("Get a link"), callbacks_goods.LinkToDocument(grant_id=document.grant_id))]


def _name(_: Language, document: provisioning.documents.Document) -> str:
    return _.own(document.good.title) or document.name
