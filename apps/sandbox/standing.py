"""One fault on order: it stands until it is used up or called off. A new order takes its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from apps.sandbox.faults import NoAnswer

# Whoever plays a server knows these; what comes after the work has "after" in its name, and so does "slow".
MODES = {
    "down": "the connection is cut, nothing was done",
    "500": "internal error, nothing was done",
    "500_after": "internal error, but it was done",
    "slow": "done at once, the answer comes late",
    "dropped_after": "the connection is cut, but it was done",
    "html": "200 with somebody's welcome page, nothing was done",
}
AFTER = ("500_after", "dropped_after", "slow")  # the work is done first
STYLE = """<style>
.strip { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1.5rem; }
.strip p { margin: 0; flex: 1 1 100%; }
.strip button[aria-pressed="true"] { outline: 2px solid #d33; }
</style>"""
# The page keeps itself fresh, and a fault is one request. What is shown anew stands in `.live`.
SCRIPT = """<script>
const live = document.querySelector(".live");
async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch(location)).text(), "text/html");
  live.innerHTML = page.querySelector(".live").innerHTML;
}
live.addEventListener("click", async ({ target }) => {
  const mode = target.dataset.mode;
  if (mode === undefined) return;
  await fetch("faults", mode ? { method: "POST", body: JSON.stringify({ mode }) } : { method: "DELETE" });
  await refresh();
});
setInterval(() => document.hidden || refresh().catch(() => {}), 2000);
</script>"""


def welcome() -> HTMLResponse:
    """Of a web server that nobody has set up."""
    return HTMLResponse("<!doctype html><title>Welcome</title><h1>It works!</h1>")


@dataclass
class Fault:
    """The next `times` requests (None: all, until DELETE) meet `mode`; `delay` is the seconds of slow, `body` what
    "body" answers with."""

    mode: str
    times: int | None = None
    delay: float = 15.0
    body: str = ""


class StandingFault:
    """`modes`: what each does, by name. `delay` is the seconds of slow where an order does not say."""

    def __init__(self, modes: Mapping[str, str] = MODES, delay: float = 15.0) -> None:
        self._modes, self._delay = modes, delay
        self._known = ("mode", "times", "delay", *(["body"] if "body" in modes else []))
        self._ordered: Fault | None = None

    @property
    def mode(self) -> str | None:
        return self._ordered.mode if self._ordered else None

    def take(self) -> Fault | None:
        """The fault this request must meet, which is counted as happened."""
        fault = self._ordered
        if fault and fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._ordered = None
        return fault

    async def meet(self, work: Callable[[], Awaitable[Response]], failed: dict[str, Any]) -> Response:
        """What the client of a server with the usual MODES gets; `failed` is the body of its status 500."""
        fault = self.take()
        answer = await work() if fault is None or fault.mode in AFTER else None
        match fault.mode if fault else None:
            case "500" | "500_after":
                return JSONResponse(failed, 500)
            case "html":
                return welcome()
            case "down" | "dropped_after":
                return NoAnswer(0)
            case "slow":
                assert fault
                await asyncio.sleep(fault.delay)
        assert answer
        return answer

    async def endpoint(self, request: Request) -> Response:
        """GET tells the fault on order, POST orders one in place of it, DELETE ends it."""
        if request.method == "POST":
            try:
                self._ordered = self._read(await request.json())
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
        elif request.method == "DELETE":
            self._ordered = None
        order = asdict(self._ordered) if self._ordered else {"mode": None}
        return JSONResponse({name: value for name, value in order.items() if name in self._known})

    def buttons(self, well: str) -> str:
        """Buttons for a page, HTML; `well` is said while nothing is on order."""
        modes = "".join(
            f'<button type="button" data-mode="{mode}" title="{escape(meaning)}" '
            f'aria-pressed="{"true" if mode == self.mode else "false"}">{mode}</button>'
            for mode, meaning in self._modes.items()
        )
        state = f"Every request: {escape(self._modes[self.mode])}." if self.mode else well
        end = '<button type="button" data-mode="">back to normal</button>' if self.mode else ""
        return f'<div class="strip"><p>{state}</p>{modes}{end}</div>'

    def _read(self, order: Any) -> Fault:
        """Raises ValueError, in words, when the order makes no sense."""
        if not isinstance(order, dict) or order.get("mode") not in self._modes or set(order) - set(self._known):
            raise ValueError(f"expected {', '.join(self._known)} with a mode of {', '.join(self._modes)}")
        fault = Fault(**{"delay": self._delay, **order})
        if fault.times is not None and (type(fault.times) is not int or fault.times < 1):
            raise ValueError("times must be a whole number above 0, or null")
        if type(fault.delay) not in (int, float) or not 0 <= fault.delay <= 600 or not isinstance(fault.body, str):
            raise ValueError("delay must be seconds, 0 to 600, and body text")
        return fault
