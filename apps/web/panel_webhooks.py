"""The door for panels that tell of changes. What they say is stored as a hint and answered at once."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from apps.threads import in_thread
from apps.web import bodies
from apps.web.addresses import client_address
from services import provisioning
from services.kit import Kit
from services.platform import config_panels
from services.platform.errors import Forbidden, Invalid, NotFound, TryLater

LARGEST = 512 * 1024  # bytes: far above every event about one user

log = structlog.get_logger(__name__)


async def remnawave(request: Request) -> Response:
    """Remnawave's webhook: JSON signed in X-Remnawave-Signature. Unknown events are accepted, too."""
    kit: Kit = request.app.state.kit
    code = request.path_params.get("panel", config_panels.FIRST)
    panel = next((one for one in kit.settings.remnawave_panels if one.code == code), None)
    if panel is None or not panel.webhook_secret:
        raise NotFound("no panel may tell anything here")
    body = await bodies.read(request, LARGEST)
    try:
        news = await in_thread(_store, kit, panel, body, request.headers.get("x-remnawave-signature", ""))
    except (Forbidden, Invalid) as error:
        address = client_address(request, kit.settings.trusted_proxy_hops)
        log.warning("hint_rejected", panel=code, error=str(error), client_address=str(address))
        raise
    log.info("hint_received", panel=code, news=news)
    return Response(status_code=200)


def _store(kit: Kit, panel: config_panels.RemnawavePanel, body: bytes, signature: str) -> bool:
    """Committed when it returns: only then may the panel hear its answer."""
    try:
        return provisioning.hear_panel(kit.db, panel, body, signature, kit.clock.now())
    except SQLAlchemyError as error:
        raise TryLater(f"could not store a hint: {type(error).__name__}") from None
