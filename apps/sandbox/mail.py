"""A mailbox for everybody: takes every e-mail over SMTP, sends none of them on, shows them on a page."""

import asyncio
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import empty, page
from apps.sandbox.shelf import Shelf


class Mailbox:
    """Messages on disk: {"id", "received_at", "from", "to": [...], "raw": the message as it came, latin-1}."""

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        self._shelf, self._now = Shelf(directory), now

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Called by aiosmtpd, which chose the name and the arguments."""
        number = str(len(self._shelf.documents()) + 1)
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = {
            "id": number,
            "received_at": self._now().isoformat(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "raw": raw.decode("latin-1"),  # bytes one to one: JSON has none
        }
        self._shelf.put(number, message)
        return "250 OK"

    def messages(self) -> list[dict[str, Any]]:
        """As `message`, the newest first."""
        return sorted(map(self.message, self._shelf), key=lambda message: int(message["id"]), reverse=True)

    def message(self, number: str) -> dict[str, Any]:
        """{"id", "received_at", "from", "to", "subject", "text", "html", "attachments": [{name, type, size}]}."""
        stored, parsed = self._parsed(number)
        bodies = {kind: parsed.get_body((kind,)) for kind in ("plain", "html")}
        text, html = (body and body.get_content() for body in bodies.values())
        attachments = [
            {"name": part.get_filename("unnamed"), "type": part.get_content_type(), "size": len(_bytes(part))}
            for part in parsed.iter_attachments()
        ]
        shown = {name: value for name, value in stored.items() if name != "raw"}
        subject = str(parsed.get("Subject", ""))
        return shown | {"subject": subject, "text": text, "html": html, "attachments": attachments}

    def attachment(self, number: str, index: int) -> tuple[str, bytes]:
        """Name and content. Raises HTTPException 404."""
        parts = list(self._parsed(number)[1].iter_attachments())
        if index >= len(parts):
            raise HTTPException(404, "there is no such attachment")
        return parts[index].get_filename("unnamed"), _bytes(parts[index])

    def _parsed(self, number: str) -> tuple[dict[str, Any], EmailMessage]:
        if (stored := self._shelf.get(number)) is None:
            raise HTTPException(404, "there is no such e-mail")
        raw = stored["raw"].encode("latin-1")
        return stored, email.message_from_bytes(raw, EmailMessage, policy=email.policy.default)


@asynccontextmanager
async def listening(mailbox: Mailbox, port: int) -> AsyncIterator[int]:
    """SMTP on 127.0.0.1 while the context lasts, with any user name and password; yields the port (0: a free one)."""

    def protocol() -> SMTP:
        return SMTP(mailbox, hostname="sandbox", authenticator=_anybody, auth_require_tls=False, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def create_app(directory: Path, now: Callable[[], datetime], *, smtp_port: int | None = None) -> Starlette:
    """`/` the e-mails, `/{id}` one of them, `/messages` all as JSON.

    While its lifespan runs it listens on `smtp_port` (0: a free port, None: not at all), which then is
    `app.state.smtp_port`.
    """
    mailbox = Mailbox(directory, now)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if smtp_port is None:
            yield
            return
        async with listening(mailbox, smtp_port) as app.state.smtp_port:
            yield

    async def index(request: Request) -> Response:
        rows = "".join(_row(message) for message in mailbox.messages())
        return page("Mail", f'<section><ul class="rows">{rows}</ul></section>' if rows else empty("No e-mail yet."))

    async def messages(request: Request) -> Response:
        return JSONResponse({"messages": mailbox.messages()})

    async def show(request: Request) -> Response:
        return page("Mail", _letter(mailbox.message(request.path_params["id"])))

    async def attachment(request: Request) -> Response:
        name, content = mailbox.attachment(request.path_params["id"], request.path_params["index"])
        disposition = f"attachment; filename*=utf-8''{quote(name)}"
        return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": disposition})

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", index),
            Route("/messages", messages),
            Route("/{id}", show),
            Route("/{id}/{index:int}", attachment),
        ],
    )


def _anybody(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=isinstance(data, LoginPassword))


def _bytes(part: Any) -> bytes:
    content = part.get_content()
    return content.encode() if isinstance(content, str) else bytes(content)


def _when(message: dict[str, Any]) -> str:
    return f"{datetime.fromisoformat(message['received_at']):%d.%m.%Y %H:%M:%S}"


def _row(message: dict[str, Any]) -> str:
    count = len(message["attachments"])
    chip = f'<span class="chip">{count} file{"s" if count > 1 else ""}</span>' if count else ""
    return (
        f'<li><a class="row" href="{message["id"]}"><b>{escape(message["subject"] or "(no subject)")}</b>'
        f'<span class="text">to {escape(", ".join(message["to"]))}</span>{chip}'
        f"<time>{_when(message)[:-3]}</time></a></li>"
    )


# The frame may run nothing and load nothing from outside: an e-mail comes from anywhere.
_FRAME = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    "<style>body { font: 16px/1.5 sans-serif }</style>"
)


def _letter(message: dict[str, Any]) -> str:
    if message["html"]:
        body = f'<iframe class="letter" sandbox srcdoc="{escape(_FRAME + message["html"])}"></iframe>'
    else:
        body = f'<pre class="letter">{escape(message["text"] or "")}</pre>'
    files = "".join(
        f'<li><a href="{message["id"]}/{index}">{escape(part["name"])}</a> {part["size"]:,} bytes</li>'
        for index, part in enumerate(message["attachments"])
    )
    files = f'<ul class="files">{files}</ul>' if files else ""
    facts = {"From": message["from"], "To": ", ".join(message["to"]), "Received": _when(message)}
    lines = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    subject = escape(message["subject"] or "(no subject)")
    return f"<section><h2>{subject}</h2><dl>{lines}</dl>{body}{files}</section>"
