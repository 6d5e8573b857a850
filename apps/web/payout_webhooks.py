"""The door for those who pay for receipts: what became of a payment, told by whoever knows the token."""

from __future__ import annotations

import secrets

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from apps.threads import in_thread
from apps.web import bodies
from apps.web.addresses import client_address
from services import receipts
from services.kit import Kit
from services.platform.errors import Forbidden, NotFound, TryLater

LARGEST = 64 * 1024  # bytes: far above every answer about one bill

log = structlog.get_logger(__name__)


async def portmone(request: Request) -> Response:
    """Portmone's callback: an <rsp> document, with our token in x-portmone-token. Without a token of ours there is no
    such address. Bills that are not ours are accepted, too, and change nothing."""
    kit: Kit = request.app.state.kit
    provider, token = kit.payouts.get("portmone"), kit.settings.portmone_webhook_token
    if provider is None or token is None:
        raise NotFound("nobody may tell anything here")
    given = request.headers.get("x-portmone-token", "")
    # Bytes: text must be ASCII to be compared.
    if not secrets.compare_digest(given.encode(), token.get_secret_value().encode()):
        address = client_address(request, kit.settings.trusted_proxy_hops)
        log.warning("payout_callback_rejected", provider=provider.name, client_address=str(address))
        raise Forbidden("wrong token")
    news = provider.read_callback(await bodies.read(request, LARGEST))
    is_ours = await in_thread(_hear, kit, provider.name, news)
    log.info("payout_callback", provider=provider.name, ours=is_ours, paid=news.is_paid)
    return Response(status_code=200)


def _hear(kit: Kit, provider: str, news: receipts.payouts.News) -> bool:
    """Committed when it returns: only then may the provider hear its answer."""
    try:
        with kit.db.begin() as tx:
            return receipts.payouts.hear(tx, provider, news, kit.clock.now())
    except SQLAlchemyError as error:
        raise TryLater(f"could not store a callback: {type(error).__name__}") from None
