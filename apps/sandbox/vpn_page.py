"""How the VPN servers of the sandbox world look."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from apps.sandbox.pages import empty, page
from apps.sandbox.standing import SCRIPT, STYLE, StandingFault

_STYLE = """<style>
.vpn .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem;
  align-items: start; }
.vpn .server { border: 1px solid #8884; border-radius: 12px; padding: 1rem 1.1rem; min-width: 0; }
.vpn .server h2 { display: flex; align-items: baseline; gap: .6rem; margin: 0 0 .2rem; font-size: 1.15rem; }
.vpn .server h2 small { margin-left: auto; font-weight: 400; font-size: .85rem; opacity: .75; }
.vpn .server > p { margin: 0 0 .8rem; font-size: .8rem; opacity: .75; overflow-wrap: anywhere; }
.vpn table { width: 100%; border-collapse: collapse; font-size: .85rem; }
.vpn th { text-align: left; font-weight: 600; opacity: .75; }
.vpn th, .vpn td { padding: .35rem .5rem .35rem 0; border-top: 1px solid #8883; vertical-align: top; }
.vpn code { font-family: ui-monospace, Menlo, Consolas, monospace; }
</style>"""


def servers_page(servers: Sequence[tuple[str, str, dict[str, Any]]], fault: StandingFault) -> HTMLResponse:
    """`servers`: code, public key and the kept list of each."""
    cards = "".join(_card(*server) for server in servers)
    faults = fault.buttons("All servers answer as they should.")
    body = f'<div class="vpn live">{faults}<div class="grid">{cards}</div></div>'
    return page("VPN servers", STYLE + _STYLE + body + SCRIPT)


def _card(code: str, public_key: str, kept: dict[str, Any]) -> str:
    rows = "".join(_row(peer) for peer in kept["peers"])
    head = "<tr><th>Public key</th><th>Addresses</th><th>Since, UTC</th></tr>"
    peers = f"<table>{head}{rows}</table>" if rows else empty("No peers yet.")
    count = len(kept["peers"])
    return (
        f'<section class="server"><h2>{escape(code)}<small>revision {kept["revision"]} · '
        f"{count} peer{'' if count == 1 else 's'}</small></h2>"
        f"<p>server key <code>{escape(public_key)}</code></p>{peers}</section>"
    )


def _row(peer: dict[str, Any]) -> str:
    addresses = "<br>".join(escape(address) for address in peer["allowed_ips"])
    since = datetime.fromisoformat(peer["since"]).strftime("%d %b %H:%M:%S") if peer["since"] else ""
    key = escape(peer["public_key"][:10])
    return f"<tr><td><code>{key}…</code></td><td><code>{addresses}</code></td><td>{since}</td></tr>"
