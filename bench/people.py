"""What Telegram tells the bot about the people of the benchmarks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

PEOPLE = range(7_000_001, 7_000_051)

Update = dict[str, Any]
_numbers = itertools.count(1)


def said(person: int, text: str = "hello", *, is_bot: bool = False) -> Update:
    """Telegram Bot API 10.3, Update: a Message in a private chat."""
    user = {"id": person, "is_bot": is_bot, "first_name": "Anna", "language_code": "ru"}
    chat = {"id": person, "type": "private", "first_name": "Anna"}
    message = {"message_id": 1, "date": 1, "from": user, "chat": chat, "text": text}
    return {"update_id": next(_numbers), "message": message}


def tapped(person: int, data: str) -> Update:
    """Telegram Bot API 10.3, Update: a CallbackQuery under a text of the bot."""
    message = said(person)["message"]
    user, message["from"] = message["from"], {"id": 42, "is_bot": True, "first_name": "Kiosk"}
    query = {"id": "1", "from": user, "chat_instance": "1", "message": message, "data": data}
    return {"update_id": next(_numbers), "callback_query": query}


def updates(make: Callable[[int], Update], count: int) -> list[Update]:
    """Of all the people in turn."""
    return [make(person) for person in itertools.islice(itertools.cycle(PEOPLE), count)]
