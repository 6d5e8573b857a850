"""Doors for others: what comes in is stored first and answered at once; 503 asks for it again."""

from __future__ import annotations

import secrets

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from apps.threads import in_thread
from apps.web.errors import TooLarge
from services import billing
from services.kit import Kit
from services.platform import inbox
from services.platform.documents import BadDocument, read_object
from services.platform.errors import Forbidden, NotFound, TryLater

LARGEST = 1024 * 1024  # bytes: far above every update and notification
LARGEST_ID = 2**63 - 1

log = structlog.get_logger(__name__)


async def telegram(request: Request) -> Response:
    """Telegram Bot API, setWebhook: an Update, with our secret in X-Telegram-Bot-Api-Secret-Token."""
    kit: Kit = request.app.state.kit
    if kit.settings.telegram_mode != "webhook" or kit.settings.telegram_webhook_secret is None:
        raise NotFound("this Kiosk polls")
    given = request.headers.get("x-telegram-bot-api-secret-token", "")
    wanted = kit.settings.telegram_webhook_secret.get_secret_value()
    if not secrets.compare_digest(given.encode(), wanted.encode()):  # bytes: text must be ASCII to be compared
        raise Forbidden("wrong secret")
    update = read_object(await _body(request), limit=LARGEST)
    update_id = update.get("update_id")
    if type(update_id) is not int or not 0 <= update_id <= LARGEST_ID:
        raise BadDocument("no update_id")
    await in_thread(_store_update, kit, update)
    return Response(status_code=200)


async def payment_provider(request: Request) -> Response:
    """A provider's notification. Nothing in it is believed, so nothing in it needs to be secret."""
    kit: Kit = request.app.state.kit
    provider = kit.providers.get(request.path_params["provider"])
    if provider is None:
        raise NotFound("no such provider")
    await in_thread(_store_notification, kit, provider, await _body(request))
    return Response(status_code=200)


async def _body(request: Request) -> bytes:
    """Raises TooLarge while reading, not after; BadDocument when the sender left in the middle."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise TooLarge
    except ClientDisconnect:
        raise BadDocument("cut off") from None
    return bytes(body)


def _store_update(kit: Kit, update: dict[str, object]) -> None:
    bot_id = int(kit.settings.telegram_bot_token.get_secret_value().split(":")[0])
    try:
        with kit.db.begin() as tx:
            inbox.store(tx, bot_id, [update], kit.clock.now())
    except SQLAlchemyError as error:
        raise TryLater(f"could not store an update: {type(error).__name__}") from None


def _store_notification(kit: Kit, provider: billing.PaymentProvider, body: bytes) -> None:
    try:
        with kit.db.begin() as tx:
            announced = billing.accept_notification(tx, provider, body, kit.clock.now())
    except SQLAlchemyError as error:
        raise TryLater(f"could not store a notification: {type(error).__name__}") from None
    log.info("notification_stored", provider=provider.code, announced=announced)
