"""Who calls the API: `Authorization: Bearer <key>` (RFC 6750)."""

from __future__ import annotations

from typing import ClassVar

import structlog
from starlette.requests import Request

from apps.threads import in_thread
from apps.web.addresses import client_address
from apps.web.errors import CHALLENGE
from services import identity
from services.identity import Client
from services.kit import Kit
from services.platform.errors import Forbidden, Unauthenticated

log = structlog.get_logger(__name__)


class NoKey(Unauthenticated):
    """There is no credential of the only kind we know."""

    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": CHALLENGE}


class ScopeMissing(Forbidden):
    code: ClassVar[str] = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.headers = {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'}


async def require_client(request: Request, scope: str) -> Client:
    """The client whose key came with the request. Raises NoKey, BadKey or ScopeMissing."""
    kit: Kit = request.app.state.kit
    try:
        client = await in_thread(_authenticate, kit, _key(request))
    except Unauthenticated as error:
        address = client_address(request, kit.settings.trusted_proxy_hops)
        log.warning("authentication_failed", error=str(error), scope=scope, client_address=str(address))
        raise
    if scope not in client.scopes:
        raise ScopeMissing(scope)
    return client


def _key(request: Request) -> str:
    given = request.headers.getlist("authorization")
    kind, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if kind.lower() != "bearer":
        raise NoKey("no Bearer key")
    return key.strip()


def _authenticate(kit: Kit, key: str) -> Client:
    with kit.db.begin() as tx:
        return identity.authenticate(tx, key, kit.clock.now())
