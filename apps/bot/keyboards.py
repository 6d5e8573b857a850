"""Inline keyboards, row by row, and the two ways home that most screens end with."""

from __future__ import annotations

from aiogram.filters.callback_data import CallbackData
from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from apps.bot import callbacks
from services.platform.i18n import Language

Row = list[InlineKeyboardButton]


def keyboard(*rows: Row) -> InlineKeyboardMarkup:
    """Rows without buttons are left out."""
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def button(text: str, data: CallbackData | str) -> InlineKeyboardButton:
    """`data` as text is what another button carried, to press it again."""
    return InlineKeyboardButton(text=text, callback_data=data if isinstance(data, str) else data.pack())


def link(text: str, url: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, url=url)


def copy(text: str, content: str) -> InlineKeyboardButton:
    """Puts `content` (256 characters) on the clipboard."""
    return InlineKeyboardButton(text=text, copy_text=CopyTextButton(text=content))


def to_menu(_: Language) -> Row:
    return [button(_.label("Main menu"), callbacks.Menu())]


def back(_: Language, data: CallbackData) -> Row:
    return [button(_.label("‹ Back"), data)]
