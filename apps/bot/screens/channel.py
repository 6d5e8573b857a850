"""The way into a private chat, again."""

from __future__ import annotations

from apps.bot.keyboards import keyboard, link, to_menu
from apps.bot.screen import Screen
from services.platform.i18n import Language


def render_way_in(_: Language, title: str, address: str) -> Screen:
    """`address` is the owner's own link to the chat called `title`."""
    text = _("🔗 Your link to <b>{chat}</b>.", chat=title)
    how = _("Tap the button and ask to join: the bot lets you in at once.")
    return Screen(f"{text}\n\n{how}", keyboard([link(_.label("Join"), address)], to_menu(_)))
