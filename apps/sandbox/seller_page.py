"""How the seller's own system of the sandbox world looks."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from apps.sandbox import standing
from apps.sandbox.pages import empty, page
from apps.sandbox.standing import StandingFault

MODES = standing.MODES | {
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
.seller article { border: 1px solid #8884; border-radius: 12px; padding: .8rem 1rem; margin: 0 0 .8rem; }
.seller h2 { font-size: 1rem; margin: 0 0 .4rem; display: flex; gap: .6rem; flex-wrap: wrap; }
.seller h2 small { margin-left: auto; font-weight: 400; opacity: .75; }
.seller pre { margin: .3rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; }
</style>"""


def calls_page(calls: Sequence[dict[str, Any]], refused: int, fault: StandingFault) -> HTMLResponse:
    """`calls`: newest first; `refused`: how many were not signed."""
    shown = "".join(map(_call, calls)) or empty("No call yet.")
    not_signed = f"<p>{refused} calls were not signed as they should be.</p>" if refused else ""
    faults = fault.buttons("Every call is answered as it should be.")
    body = f'<div class="seller live">{faults}{not_signed}{shown}</div>'
    return page("Seller", standing.STYLE + _STYLE + body + standing.SCRIPT)


def _call(call: dict[str, Any]) -> str:
    told, times = call["told"], f" · {call['times']} times" if call["times"] > 1 else ""
    return (
        f"<article><h2>{escape(told['event'])} <code>{escape(call['key'])}</code>"
        f"<small>{escape(call['at'][11:19])}{times}</small></h2>"
        f"<pre>{_json(told)}</pre><pre>→ {_json(call['answer'])}</pre></article>"
    )


def _json(value: object) -> str:
    return escape(json.dumps(value, ensure_ascii=False))
