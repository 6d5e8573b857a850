"""Files that were bought."""

from __future__ import annotations

from services import provisioning
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing, Stored
from services.notifications.occasion import Occasion


def document(it: Occasion) -> Outgoing | None:
    """The file itself, or the way to it where it is too large for Telegram. None when access has ended."""
    found = _found(it)
    if found is None:
        return None
    if not found.is_sendable:
        return ready(it)
    _ = it.say
    text = _("📎 <b>{name}</b>\n\nYou can have it again at any time until {until}.", name=title(it), until=it.until())
    sorry = _(
        "📎 <b>{name}</b> is yours, but cannot be sent right now. Please take it in a few minutes:", name=title(it)
    )
    stored = Stored(found.good.name, found.version, found.key, found.name, sorry)
    return Outgoing(text, _rows(it), stored=stored)


def ready(it: Occasion) -> Outgoing | None:
    """Where it is to be had."""
    if _found(it) is None:
        return None
    text = it.say(
        "📎 <b>{name}</b> is yours until {until}. Download it whenever you like:", name=title(it), until=it.until()
    )
    return Outgoing(text, _rows(it))


def title(it: Occasion) -> str:
    found = _found(it)
    return (it.say.own(found.good.title) or found.name) if found else ""


def _rows(it: Occasion) -> tuple[tuple[Button, ...], ...]:
    get = Button(it.say.label("⬇️ Get the file"), buttons.document(it.params["grant_id"]))
    return (get,), (it.my_subscriptions(),)


def _found(it: Occasion) -> provisioning.documents.Document | None:
    try:
        return provisioning.documents.document_of(it.tx, it.cipher, it.party, it.params["grant_id"])
    except provisioning.AccessNotFound:
        return None
