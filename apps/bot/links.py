"""Addresses at Telegram."""

from __future__ import annotations

from aiogram import Bot

from services.kit import Kit


async def bot_url(kit: Kit, bot: Bot) -> str:
    """The bot's own: where groups and payment pages lead to."""
    return f"{kit.settings.telegram_link_url}/{(await bot.me()).username}"


def support_url(username: str) -> str:
    """`username` with or without its @."""
    return f"https://t.me/{username.removeprefix('@')}"
