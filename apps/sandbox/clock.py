"""The time machine: Kiosk's clock can be ahead of the real one, and only ever moves forward.

The whole state is one file, `offset`, with the whole seconds by which Kiosk's clock is ahead, as text.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import page
from apps.sandbox.shelf import write_atomically
from services.platform.clock import wall_clock

HOUR = 3600
BUTTONS = (("+1 hour", 1), ("+6 hours", 6), ("+1 day", 24), ("+3 days", 72), ("+7 days", 168), ("+30 days", 720))


class Offset:
    """How far Kiosk's clock is ahead, in whole seconds."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "offset"

    def read(self) -> int:
        return int(self._path.read_text()) if self._path.exists() else 0

    def move(self, seconds: int) -> int:
        """Move Kiosk's clock forward and return the new offset. Raises ValueError when it would not move forward."""
        if seconds <= 0:
            raise ValueError("time moves forward only")
        offset = self.read() + seconds
        write_atomically(self._path, str(offset).encode())
        return offset

    def reset(self) -> None:
        """Back to the real time, which for Kiosk is a jump into its past."""
        write_atomically(self._path, b"0")

    def now(self) -> datetime:
        """What time it is in the sandbox world: real UTC plus the offset."""
        return wall_clock() + timedelta(seconds=self.read())


def create_app(offset: Offset) -> Starlette:
    """`/` the page, `POST /move`, `POST /reset`, `GET /state`."""

    async def state(request: Request) -> Response:
        return JSONResponse(_state(offset))

    async def move(request: Request) -> Response:
        """{"seconds": n, "step": seconds in one step (all at once), "pause": seconds between steps (0)}."""
        try:
            seconds, step, pause = _order(await request.json())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        while seconds > 0:
            offset.move(min(step, seconds))
            seconds -= step
            if seconds > 0:
                await asyncio.sleep(pause)
        return JSONResponse(_state(offset))

    async def reset(request: Request) -> Response:
        offset.reset()
        return JSONResponse(_state(offset))

    async def index(request: Request) -> Response:
        return _page(offset)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/state", state),
            Route("/move", move, methods=["POST"]),
            Route("/reset", reset, methods=["POST"]),
        ]
    )


def _state(offset: Offset) -> dict[str, Any]:
    return {"offset": offset.read(), "now": offset.now().isoformat(timespec="milliseconds")}


def _order(data: Any) -> tuple[int, int, float]:
    if not isinstance(data, dict) or set(data) - {"seconds", "step", "pause"}:
        raise ValueError('expected {"seconds": n, "step": n, "pause": n}')
    seconds = data.get("seconds")
    step, pause = data.get("step", seconds), data.get("pause", 0)
    if type(seconds) is not int or seconds <= 0:
        raise ValueError("seconds must be a whole number above 0: time moves forward only")
    if type(step) is not int or step <= 0:
        raise ValueError("step must be whole seconds above 0")
    if type(pause) not in (int, float) or not 0 <= pause <= 10:
        raise ValueError("pause must be seconds, 0 to 10")
    return seconds, step, pause


def _page(offset: Offset) -> HTMLResponse:
    template = Template((Path(__file__).parent / "static" / "clock.html").read_text())
    buttons = "".join(f'<button type="button" data-hours="{hours}">{label}</button>' for label, hours in BUTTONS)
    return page("Time machine", template.substitute(buttons=buttons, offset=offset.read()))
