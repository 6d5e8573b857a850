"""What a ready grant gives, as messages: a file, a link, an invitation, a key, a text. The same words stand in what is
told by itself and in what is sent again on request."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial

from services import catalog, provisioning
from services.notifications import buttons
from services.notifications.channels.base import Attachment, Button, Outgoing
from services.platform.i18n import Language

# Kinds for which an app has to be set up.
WITH_APPS = frozenset({"wireguard", "remnawave"})
TOGETHER = frozenset({"link", "invite", "key", "text"})  # artifacts that make one message
LONGEST_CAPTION = 1000  # characters with their markup; Telegram takes 1024 without
LONGEST_TEXT = 4000  # of 4096
LONGEST_COPY = 256  # CopyTextButton, Telegram Bot API 10.3

Rows = tuple[tuple[Button, ...], ...]


def title(_: Language, good: catalog.Good) -> str:
    """What a person calls it (plain text): the operator's word, or else that of its kind."""
    names = {
        "wireguard": "WireGuard",
        "remnawave": "VPN",
        "channel": _.label("Private channel"),
        "licence": _.label("Licence key"),
        "file": _.label("File"),
        "link": _.label("Link"),
        "text": _.label("Text"),
        "manual": _.label("Personal delivery"),
        "workspace": _.label("Team workspace"),
    }
    return _.own(good.title) or names.get(good.kind, good.name)


def is_shown(access: provisioning.Access) -> bool:
    """There is something for `shown` to show."""
    return any(one.kind == "file" or one.kind in TOGETHER for one in access.artifacts)


def shown(_: Language, access: provisioning.Access, heading: str, rows: Rows = ()) -> list[Outgoing]:
    """All of it, `heading` (HTML) first, with `rows` of buttons below. Nothing where there is nothing to show.
    Documents are not sent here."""
    return [message() for message in messages(_, access, heading, rows)]


def messages(_: Language, access: provisioning.Access, heading: str, rows: Rows = ()) -> list[Callable[[], Outgoing]]:
    """The same to be made one by one: a code takes 50 ms to draw, and each message is sent by itself."""
    file = access.artifact("file")
    made = [] if file is None else [partial(_file, _, file, heading, rows), partial(_code, _, file)]
    others = [one for one in access.artifacts if one.kind in TOGETHER]
    if others:
        made.append(partial(_together, _, access, others, "" if file else heading, rows))
    return list(made)


def again(_: Language, access: provisioning.Access) -> list[Outgoing]:
    """The same once more, because its owner asks for it."""
    name = f"🔑 <b>{html.escape(title(_, access.good), quote=False)}</b>"
    heading = f"{name}, {html.escape(access.location, quote=False)}" if access.location else name
    return shown(_, access, heading, rows(_, access))


def rows(_: Language, access: provisioning.Access) -> Rows:
    """What stands below: how to connect, where that is a question, and the way home."""
    how = Button(_.label("How to connect"), buttons.instructions(access.subscription_id))
    home = Button(_.label("My subscription"), buttons.MY_SUBSCRIPTIONS)
    return ((how,), (home,)) if access.kind in WITH_APPS else ((home,),)


def _file(_: Language, file: provisioning.Artifact, heading: str, rows: Rows) -> Outgoing:
    open_it = _("Open this file in the WireGuard app, or scan the code in the next message.")
    return Outgoing(f"{heading}\n\n{open_it}", rows, Attachment(file.name, file.content.encode()))


def _code(_: Language, file: provisioning.Artifact) -> Outgoing:
    text = _("For a phone: in the WireGuard app tap “+”, then scan this code.")
    picture = Attachment(file.name.replace(".conf", ".png"), provisioning.qr_png(file.content), is_photo=True)
    return Outgoing(text, (), picture)


def _together(
    _: Language, access: provisioning.Access, artifacts: list[provisioning.Artifact], heading: str, rows: Rows
) -> Outgoing:
    """One message. What is too long for a caption goes without its picture, what is too long for a message as a file
    of text."""
    own = tuple((button,) for one in artifacts for button in _buttons(_, one))
    link = next((one for one in artifacts if one.kind == "link"), None)
    text = _joined(heading, *(_said(_, one, access.kind, has_code=one is link) for one in artifacts))
    if link is not None and len(text) <= LONGEST_CAPTION:
        return Outgoing(text, own + rows, Attachment("qr.png", provisioning.qr_png(link.content), is_photo=True))
    text = _joined(heading, *(_said(_, one, access.kind, has_code=False) for one in artifacts))
    if len(text) <= LONGEST_TEXT:
        return Outgoing(text, own + rows)
    whole = _joined(*(one.content for one in artifacts)).encode()
    return Outgoing(heading or _("The text is in the file."), own + rows, Attachment("text.txt", whole))


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _said(_: Language, one: provisioning.Artifact, kind: str, *, has_code: bool) -> str:
    """`has_code`: its QR code stands above."""
    match one.kind:
        case "link" if not has_code:
            return _("Your link: <code>{link}</code>", link=one.content)
        case "link" if kind in WITH_APPS:
            return _("Your link: <code>{link}</code>\nCopy it into your app, or scan this code.", link=one.content)
        case "link":
            return _("Your link: <code>{link}</code>\nOpen it, or scan this code on another device.", link=one.content)
        case "invite":
            return _("Tap the button and ask to join: the bot lets you in at once.")
        case "key":
            return _("Your key: <code>{key}</code>\nTap it to copy it. Show it to nobody.", key=one.content)
        case _text:
            return html.escape(one.content, quote=False)


def _buttons(_: Language, one: provisioning.Artifact) -> list[Button]:
    is_page = one.content.startswith(("https://", "http://"))
    match one.kind:
        case "link":
            opens = [Button(_.label("Open the link"), url=one.content)] if is_page else []
            return [*_copy(_.label("Copy the link"), one.content), *opens]
        case "invite":
            return [Button(_.label("Join"), url=one.content)] if is_page else []
        case "key":
            return _copy(_.label("Copy the key"), one.content)
        case _text:
            return []


def _copy(label: str, content: str) -> list[Button]:
    return [Button(label, copy=content)] if len(content) <= LONGEST_COPY else []
