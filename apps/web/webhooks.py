"""Doors for others: what comes in is stored first and answered at once; 503 asks for it again."""

from __future__ import annotations

import secrets

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from apps.threads import in_thread
from apps.web import bodies
from apps.web.addresses import client_address
from services import billing
from services.billing import Capability, RawNotice
from services.kit import Kit
from services.platform import inbox
from services.platform.documents import BadDocument, read_object
from services.platform.errors import Forbidden, NotFound, TryLater

LARGEST = 1024 * 1024  # bytes: far above every update and notification
LARGEST_ID = 2**63 - 1
BY_GET = {"robokassa"}  # whose cabinet lets the shop choose the method

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
    update = read_object(await bodies.read(request, LARGEST), limit=LARGEST)
    update_id = update.get("update_id")
    if type(update_id) is not int or not 0 <= update_id <= LARGEST_ID:
        raise BadDocument("no update_id")
    await in_thread(_store_update, kit, update)
    return Response(status_code=200)


async def payment_provider(request: Request) -> Response:
    """A provider's notification, in the form its adapter knows. What is not signed is not believed, so nothing in it
    needs to be secret."""
    return await _receive(request, request.path_params["provider"])


async def yookassa(request: Request) -> Response:
    """The same for YooKassa alone, at an address of the API."""
    return await _receive(request, "yookassa")


async def _receive(request: Request, code: str) -> Response:
    kit: Kit = request.app.state.kit
    provider = kit.providers.get(code)
    if provider is None or Capability.WEBHOOK not in provider.capabilities:
        raise NotFound("no such provider")
    if request.method != "POST" and not (request.method == "GET" and code in BY_GET):
        raise HTTPException(405, headers={"Allow": "POST"})
    raw = RawNotice(await bodies.read(request, LARGEST), dict(request.headers), dict(request.query_params))
    try:
        accepted = await in_thread(_store_notification, kit, provider, raw)
    except billing.BadNotification as error:
        address = client_address(request, kit.settings.trusted_proxy_hops)
        log.warning("notification_rejected", provider=code, error=str(error), client_address=str(address))
        raise
    return PlainTextResponse(accepted.answer)


def _store_update(kit: Kit, update: dict[str, object]) -> None:
    bot_id = int(kit.settings.telegram_bot_token.get_secret_value().split(":")[0])
    try:
        with kit.db.begin() as tx:
            inbox.store(tx, bot_id, [update], kit.clock.now())
    except SQLAlchemyError as error:
        raise TryLater(f"could not store an update: {type(error).__name__}") from None


def _store_notification(kit: Kit, provider: billing.PaymentProvider, raw: RawNotice) -> billing.Accepted:
    """Committed when it returns: only then may the provider hear its answer."""
    try:
        with kit.db.begin() as tx:
            accepted = billing.accept_notification(tx, provider, raw, kit.clock.now())
    except SQLAlchemyError as error:
        raise TryLater(f"could not store a notification: {type(error).__name__}") from None
    log.info("notification_stored", provider=provider.code, announced=accepted.announced)
    return accepted
