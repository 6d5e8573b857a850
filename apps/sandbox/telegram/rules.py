"""Documented rules of the Bot API that the schema cannot express: keyboards, links, commands, attached files."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

MAX_BUTTONS = 100
MAX_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")


def violations(method: str, args: dict[str, Any], parts: Collection[str]) -> list[str]:
    """What in `args`, valid by the schema, Telegram would still refuse. `parts` names the uploaded files."""
    markup = args.get("reply_markup", {})
    errors = [*_keyboard(markup.get("inline_keyboard", []), inline=True)]
    errors += _keyboard(markup.get("keyboard", []), inline=False)
    errors += [f"attach://{name} names no part of the request" for name in sorted(attached(args)) if name not in parts]
    if method == "setMyCommands":
        errors += _commands(args["commands"])
    if method == "sendMediaGroup":
        errors += _media_group(args["media"])
    if method == "setWebhook":
        errors += _webhook(args)
    if method == "getUpdates" and not 1 <= args.get("limit", 100) <= 100:
        errors.append("limit: 1 to 100 are allowed")
    return errors


def attached(value: Any) -> set[str]:
    """Names of all parts which `value` refers to by attach://NAME, however deep."""
    if isinstance(value, str):
        return {value.removeprefix("attach://")} if value.startswith("attach://") else set()
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(attached(child) for child in children))


def _keyboard(rows: list[list[Any]], *, inline: bool) -> Iterator[str]:
    buttons = [button if isinstance(button, dict) else {"text": button} for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS:
        yield f"reply_markup: {len(buttons)} buttons, {MAX_BUTTONS} are allowed"
    for button in buttons:
        if not button["text"].strip():
            yield "reply_markup: a button has no text"
        if inline and "url" in button and not _is_link(button["url"], ("http", "https", "tg")):
            yield f"inline keyboard button URL {button['url']!r} is invalid: Wrong HTTP URL"


def _is_link(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.netloc) and not re.search(r"\s", url)


def _commands(commands: list[dict[str, str]]) -> Iterator[str]:
    if len(commands) > MAX_COMMANDS:
        yield f"commands: {len(commands)}, {MAX_COMMANDS} are allowed"
    for command in commands:
        if not _COMMAND.fullmatch(command["command"]):
            yield f"BOT_COMMAND_INVALID: {command['command']!r}"


def _media_group(media: list[dict[str, Any]]) -> Iterator[str]:
    if not 2 <= len(media) <= 10:
        yield f"media: {len(media)} items, 2 to 10 are allowed"


def _webhook(args: dict[str, Any]) -> Iterator[str]:
    # Telegram wants HTTPS; here the bot lives on the same machine.
    if args["url"] and not _is_link(args["url"], ("http", "https")):
        yield "bad webhook: An HTTPS URL must be provided for webhook"
    if "secret_token" in args and not _SECRET_TOKEN.fullmatch(args["secret_token"]):
        yield "secret_token: only A-Z, a-z, 0-9, _ and - are allowed"
    if not 1 <= args.get("max_connections", 40) <= 100:
        yield "max_connections: 1 to 100 are allowed"
