"""Documented rules of the Bot API that the schema cannot express: keyboards, links, commands, attached files."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from apps.sandbox.telegram.shapes import SUBSCRIPTION_SECONDS

MAX_BUTTONS = 100
MAX_COMMANDS = 100
MOST_MEMBERS = 99_999  # of one invite link
DEAREST_SUBSCRIPTION = 10_000  # Stars
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")


def violations(method: str, args: dict[str, Any], parts: Collection[str]) -> list[str]:
    """What in `args`, valid by the schema, Telegram would still refuse. `parts` names the uploaded files."""
    markup = args.get("reply_markup", {})
    errors = [*_keyboard(markup.get("inline_keyboard", []), inline=True)]
    errors += _pay_buttons(method, markup.get("inline_keyboard", []))
    errors += _keyboard(markup.get("keyboard", []), inline=False)
    errors += [f"attach://{name} names no part of the request" for name in sorted(attached(args)) if name not in parts]
    if method == "setMyCommands":
        errors += _commands(args["commands"])
    if method in ("sendInvoice", "createInvoiceLink"):
        errors += _invoice(args)
    if method == "answerPreCheckoutQuery" and not args["ok"] and not args.get("error_message"):
        errors.append("error_message: it is required if ok is False")
    if method == "getStarTransactions":
        errors += _listing(args)
    if method == "createChatInviteLink":
        errors += _invite_link(args)
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


def _pay_buttons(method: str, rows: list[list[dict[str, Any]]]) -> Iterator[str]:
    """Only invoices have a Pay button, as the first of all; one with other buttons must have it (PayButton)."""
    pays = ["pay" in button for row in rows for button in row]
    if method == "sendInvoice" and pays and not pays[0]:
        yield "reply_markup: the first button of an invoice must be a Pay button"
    if any(pays[1:]) or (any(pays) and method not in ("sendInvoice", "editMessageReplyMarkup")):
        yield "BUTTON_TYPE_INVALID: a Pay button must be the first one of an invoice"


def _invoice(args: dict[str, Any]) -> Iterator[str]:
    """What holds for payments in Stars (sendInvoice, createInvoiceLink). Other currencies are not stood in for."""
    amounts = [price["amount"] for price in args["prices"]]
    if args["currency"] != "XTR":
        return
    if args.get("provider_token"):
        yield "PAYMENT_PROVIDER_INVALID: provider_token must be empty for Telegram Stars"
    if len(amounts) != 1:
        yield f"prices: {len(amounts)} items, exactly one is allowed for Telegram Stars"
    if any(type(amount) is not int or amount < 1 for amount in amounts):
        yield "CURRENCY_TOTAL_AMOUNT_INVALID: Stars are whole"
    if "max_tip_amount" in args or "suggested_tip_amounts" in args:
        yield "tips are not supported for Telegram Stars"
    if "subscription_period" in args and args["subscription_period"] != SUBSCRIPTION_SECONDS:
        yield f"SUBSCRIPTION_PERIOD_INVALID: it must be {SUBSCRIPTION_SECONDS}"
    if "subscription_period" in args and sum(amounts) > DEAREST_SUBSCRIPTION:
        yield f"CURRENCY_TOTAL_AMOUNT_INVALID: a subscription costs {DEAREST_SUBSCRIPTION} Stars at most"


def _listing(args: dict[str, Any]) -> Iterator[str]:
    if not 1 <= args.get("limit", 100) <= 100:
        yield "limit: 1 to 100 are allowed"
    if args.get("offset", 0) < 0:
        yield "offset: it must not be negative"


def _invite_link(args: dict[str, Any]) -> Iterator[str]:
    if not 0 <= args.get("member_limit", 0) <= MOST_MEMBERS:
        yield f"member_limit: 1 to {MOST_MEMBERS} are allowed"
    if args.get("member_limit") and args.get("creates_join_request"):
        yield "member limit can't be specified for links requiring administrator approval"


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
