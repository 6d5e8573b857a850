"""Payments in Telegram Stars."""

import secrets
from collections.abc import Mapping
from typing import Any

from apps.sandbox.telegram import stars
from apps.sandbox.telegram.errors import bad_request, not_stood_in
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.methods.messages import send
from apps.sandbox.telegram.world import World

Json = dict[str, Any]


async def send_invoice(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, sendInvoice. Its picture is not shown."""
    asked = stars.invoice(args)
    shown = {
        "title": asked["title"], "description": asked["description"], "currency": "XTR",
        "total_amount": asked["amount"], "start_parameter": args.get("start_parameter", ""),
    }  # fmt: skip
    message = send(world, args, {"invoice": shown})
    world.store.state.invoice_messages[f"{message['chat']['id']}:{message['message_id']}"] = asked
    return message


async def create_invoice_link(world: World, args: Json, _uploads: Mapping[str, Upload]) -> str:
    """Telegram Bot API, createInvoiceLink. Where Telegram has https://t.me/$SLUG, this one leads to the sandbox."""
    if "business_connection_id" in args:
        raise not_stood_in("business connections")
    slug = secrets.token_urlsafe(12)
    world.store.state.links[slug] = stars.invoice(args)
    world.store.save()
    return f"{world.address.url}/${slug}"


async def answer_pre_checkout_query(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, answerPreCheckoutQuery: once, within 10 seconds."""
    stars.answer(world, args["pre_checkout_query_id"], None if args["ok"] else args["error_message"])
    return True


async def refund_star_payment(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, refundStarPayment."""
    stars.refund(world, args["user_id"], args["telegram_payment_charge_id"])
    return True


async def edit_user_star_subscription(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, editUserStarSubscription: the bot's own word; the person's stays what it was."""
    found = stars.subscription(world, args["user_id"], args["telegram_payment_charge_id"])
    if found is None:
        raise bad_request("CHARGE_NOT_FOUND")
    found["stopped"] = args["is_canceled"]
    world.store.save()
    return True


async def get_star_transactions(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getStarTransactions: the oldest first."""
    offset = args.get("offset", 0)
    return {"transactions": world.store.state.transactions[offset : offset + args.get("limit", 100)]}


async def get_my_star_balance(world: World, _args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getMyStarBalance."""
    return {"amount": stars.balance(world)}
