"""How the seller's own system of the sandbox world looks."""

import json
from collections.abc import Sequence
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
    "redirect": "307 to another address, nothing was done",
    "out_of_stock": "409, nothing is left",
    "400": "refused for good",
    "401": "the signature is not believed",
    "409": "409 without a word: the same call is being worked on",
    "410": "gone",
    "429": "too many calls, nothing was done",
    "body": "200 with a body that was ordered, nothing was done",
}
_STYLE = """<style>
.seller .strip { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1.5rem; }
.seller .strip p { margin: 0; flex: 1 1 100%; }
.seller article { border: 1px solid #8884; border-radius: 12px; padding: .8rem 1rem; margin: 0 0 .8rem; }
.seller h2 { font-size: 1rem; margin: 0 0 .4rem; display: flex; gap: .6rem; flex-wrap: wrap; }
.seller h2 small { margin-left: auto; font-weight: 400; opacity: .75; }
.seller pre { margin: .3rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; }
.seller button[aria-pressed="true"] { outline: 2px solid #d33; }
</style>"""
# The page keeps itself fresh, and a fault is one request.
_SCRIPT = """<script>
const seller = document.querySelector(".seller");
async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch(location)).text(), "text/html");
  seller.innerHTML = page.querySelector(".seller").innerHTML;
}
seller.addEventListener("click", async ({ target }) => {
  const mode = target.dataset.mode;
  if (mode === undefined) return;
  await fetch("faults", mode ? { method: "POST", body: JSON.stringify({ mode }) } : { method: "DELETE" });
  await refresh();
});
setInterval(() => document.hidden || refresh().catch(() => {}), 2000);
</script>"""


def calls_page(calls: Sequence[dict[str, Any]], refused: int, fault: str | None) -> HTMLResponse:
    """`calls`: newest first; `refused`: how many were not signed; `fault`: the mode on order."""
    shown = "".join(map(_call, calls)) or empty("No call yet.")
    not_signed = f"<p>{refused} calls were not signed as they should be.</p>" if refused else ""
    return page("Seller", f'{_STYLE}<div class="seller">{_faults(fault)}{not_signed}{shown}</div>{_SCRIPT}')


def _faults(fault: str | None) -> str:
    buttons = "".join(
        f'<button type="button" data-mode="{mode}" title="{escape(meaning)}" '
        f'aria-pressed="{"true" if mode == fault else "false"}">{mode}</button>'
        for mode, meaning in MODES.items()
    )
    state = f"Every call: {escape(MODES[fault])}." if fault else "Every call is answered as it should be."
    end = '<button type="button" data-mode="">back to normal</button>' if fault else ""
    return f'<div class="strip"><p>{state}</p>{buttons}{end}</div>'


def _call(call: dict[str, Any]) -> str:
    told, times = call["told"], f" · {call['times']} times" if call["times"] > 1 else ""
    return (
        f"<article><h2>{escape(told['event'])} <code>{escape(call['key'])}</code>"
        f"<small>{escape(call['at'][11:19])}{times}</small></h2>"
        f"<pre>{_json(told)}</pre><pre>→ {_json(call['answer'])}</pre></article>"
    )


def _json(value: object) -> str:
    return escape(json.dumps(value, ensure_ascii=False))
