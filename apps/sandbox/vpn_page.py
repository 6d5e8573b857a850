"""How the VPN servers of the sandbox world look."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from apps.sandbox.pages import empty, page

MODES = {
    "down": "the connection is cut, nothing was done",
    "500": "internal error, nothing was done",
    "500_after": "internal error, but it was done",
    "slow": "done at once, the answer comes late",
    "dropped_after": "the connection is cut, but it was done",
    "html": "200 with somebody's welcome page, nothing was done",
}
_STYLE = """<style>
.vpn .strip { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1.5rem; }
.vpn .strip p { margin: 0; flex: 1 1 100%; }
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
.vpn button[aria-pressed="true"] { outline: 2px solid #d33; }
</style>"""
# The page keeps itself fresh, and a fault is one request.
_SCRIPT = """<script>
const vpn = document.querySelector(".vpn");
async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch(location)).text(), "text/html");
  vpn.innerHTML = page.querySelector(".vpn").innerHTML;
}
vpn.addEventListener("click", async ({ target }) => {
  const mode = target.dataset.mode;
  if (mode === undefined) return;
  await fetch("faults", mode ? { method: "POST", body: JSON.stringify({ mode }) } : { method: "DELETE" });
  await refresh();
});
setInterval(() => document.hidden || refresh().catch(() => {}), 2000);
</script>"""


def servers_page(servers: Sequence[tuple[str, str, dict[str, Any]]], fault: str | None) -> HTMLResponse:
    """`servers`: code, public key and the kept list of each; `fault`: the mode on order."""
    cards = "".join(_card(*server) for server in servers)
    body = f'<div class="vpn">{_faults(fault)}<div class="grid">{cards}</div></div>'
    return page("VPN servers", _STYLE + body + _SCRIPT)


def _faults(fault: str | None) -> str:
    buttons = "".join(
        f'<button type="button" data-mode="{mode}" title="{escape(meaning)}" aria-pressed="{_flag(mode == fault)}">'
        f"{mode}</button>"
        for mode, meaning in MODES.items()
    )
    state = f"Every request: {escape(MODES[fault])}." if fault else "All servers answer as they should."
    end = '<button type="button" data-mode="">back to normal</button>' if fault else ""
    return f'<div class="strip"><p>{state}</p>{buttons}{end}</div>'


def _flag(value: bool) -> str:
    return "true" if value else "false"


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
