"""How the page of a download looks: one column, the phone's own letters, nothing from other hosts, no scripts."""

from __future__ import annotations

import html
import secrets

from babel.numbers import format_decimal
from starlette.responses import HTMLResponse, Response

from services import provisioning
from services.platform.i18n import BABEL, Language

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 17px/1.45 system-ui, sans-serif;
  background: #f4f5f7; color: #16181d; }
main { box-sizing: border-box; width: min(100%, 26rem); padding: 2rem 1.25rem; text-align: center; }
h1 { font-size: 1.3rem; margin: .6rem 0 .3rem; overflow-wrap: anywhere; }
p { margin: .4rem 0 1.4rem; opacity: .75; }
.sign { font-size: 2.6rem; line-height: 1; }
button { font: inherit; font-weight: 600; width: 100%; padding: .95rem; border: 0; border-radius: .8rem;
  background: #2a6df4; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid #16181d; outline-offset: 2px; }
small { display: block; margin-top: 1rem; opacity: .7; }
@media (prefers-color-scheme: dark) { body { background: #15171b; color: #eceef2; } }
"""


def render_file(_: Language, document: provisioning.documents.Document, storage: str | None) -> Response:
    """`storage`: where the button leads in the end. Browsers ask for leave to follow it there."""
    size = _("{number} MB", number=_megabytes(_, document.size))
    lasts = _("The link works for one day. A new one is always to be had in the bot.")
    download = _("Download")
    body = (
        f'<div class="sign">📎</div><h1>{html.escape(document.name)}</h1><p>{size}</p>'
        f'<form method="post"><button>{download}</button></form><small>{lasts}</small>'
    )
    return _page(_, document.name, body, 200, form_action=f"'self' {storage or ''}".strip())


def render_gone(_: Language) -> Response:
    title = _("This link does not work any more")
    text = _("It was used up, or is too old. Take a new one in the bot, at your subscription.")
    return _page(_, title, _notice("🔒", title, text), 404)


def render_not_now(_: Language) -> Response:
    title = _("Not now")
    text = _("The file cannot be had at the moment. Please try again in a few minutes.")
    return _page(_, title, _notice("⏳", title, text), 503)


def _notice(sign: str, title: str, text: str) -> str:
    return f'<div class="sign">{sign}</div><h1>{title}</h1><p>{text}</p>'


def _page(_: Language, title: str, body: str, status: int, *, form_action: str = "'none'") -> Response:
    nonce = secrets.token_urlsafe(12)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; form-action {form_action}; frame-ancestors 'none'"
    text = (
        f'<!doctype html><html lang="{_.code}"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<style nonce="{nonce}">{STYLE}</style></head><body><main>{body}</main></body></html>'
    )
    headers = {
        "Content-Security-Policy": f"{policy}; base-uri 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(text, status, headers | ({"Retry-After": "60"} if status == 503 else {}))


def _megabytes(_: Language, size: int) -> str:
    return format_decimal(max(round(size / 1_000_000, 1), 0.1), locale=BABEL[_.code])
