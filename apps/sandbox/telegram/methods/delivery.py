"""Getting updates: by polling or by webhook, never both."""

import asyncio
from collections.abc import Mapping
from typing import Any

from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

DEFAULT_CONNECTIONS = 40


async def get_updates(world: World, args: Json, _uploads: Mapping[str, Upload]) -> list[Json]:
    """Telegram Bot API, getUpdates."""
    world.updates.allow(args.get("allowed_updates"))
    try:
        return await world.updates.get(args.get("offset", 0), args.get("limit", 100), args.get("timeout", 0))
    except asyncio.CancelledError:  # the server stops: updates stay in the queue
        return []


async def set_webhook(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, setWebhook."""
    world.updates.allow(args.get("allowed_updates"))
    if args.get("drop_pending_updates"):
        world.updates.clear()
    settings = {"url": args["url"], "max_connections": args.get("max_connections", DEFAULT_CONNECTIONS)}
    settings |= {name: args[name] for name in ("secret_token", "ip_address") if name in args}
    await world.webhook.set(settings if args["url"] else {"url": ""})
    return True


async def delete_webhook(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, deleteWebhook."""
    if args.get("drop_pending_updates"):
        world.updates.clear()
    await world.webhook.set({"url": ""})
    return True


async def get_webhook_info(world: World, _args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getWebhookInfo."""
    return world.webhook.info()
