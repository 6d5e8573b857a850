"""The door to a file that was bought: GET shows a page with a button, POST sends the browser to the file. Programs that
look at links before people do press no buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from apps.threads import in_thread
from apps.web.pages.download import render_file, render_gone, render_not_now
from services import identity, provisioning
from services.kit import Kit
from services.platform.errors import KioskError, TryLater
from services.platform.i18n import LANGUAGES, Language, language

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
REDIRECT_LIVES = timedelta(minutes=5)

log = structlog.get_logger(__name__)


def routes() -> list[Route]:
    return [Route("/d/{token}", see, methods=["GET"]), Route("/d/{token}", redeem, methods=["POST"])]


@dataclass(frozen=True, slots=True)
class Found:
    """`say` is the owner's language."""

    document: provisioning.documents.Document
    say: Language


async def see(request: Request) -> Response:
    """Uses nothing up."""
    kit: Kit = request.app.state.kit
    try:
        found = await in_thread(_see, kit, _token(request))
    except provisioning.documents.DownloadGone:
        return render_gone(_spoken(request))
    except (KioskError, SQLAlchemyError) as error:
        return _not_now(request, error)
    return render_file(found.say, found.document, kit.storage.origin if kit.storage else None)


async def redeem(request: Request) -> Response:
    """Uses the link once, and leads to where the file lies, by an address that holds for minutes."""
    kit: Kit = request.app.state.kit
    try:
        address = await in_thread(_redeem, kit, _token(request))
    except provisioning.documents.DownloadGone:
        return render_gone(_spoken(request))
    except (KioskError, SQLAlchemyError) as error:
        return _not_now(request, error)
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _see(kit: Kit, token: str) -> Found:
    with kit.db.begin() as tx:
        document = provisioning.documents.see_download(tx, kit.cipher, token, kit.clock.now())
        owner = identity.user(tx, document.party.id) if document.party.kind == "user" else None
        return Found(document, owner.language if owner else language(None))


def _redeem(kit: Kit, token: str) -> str:
    """In one transaction with the use: an address that could not be made costs none."""
    if kit.storage is None:
        raise TryLater("there is nowhere to take files from: set STORAGE_*")
    with kit.db.begin() as tx:
        document = provisioning.documents.redeem_download(tx, kit.cipher, token, kit.clock.now())
        return kit.storage.presign(document.key, name=document.name, lives=REDIRECT_LIVES)


def _token(request: Request) -> str:
    """Raises DownloadGone for what no token is."""
    token: str = request.path_params["token"]
    if not TOKEN.fullmatch(token):
        raise provisioning.documents.DownloadGone
    return token


def _not_now(request: Request, error: Exception) -> Response:
    log.warning("download_failed", error=type(error).__name__)
    return render_not_now(_spoken(request))


def _spoken(request: Request) -> Language:
    """Of a link that leads nowhere only the browser's language is known."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in LANGUAGES:
            return language(code)
    return language(None)
