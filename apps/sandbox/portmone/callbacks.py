"""Callbacks to the shop: <rsp> documents posted to an address with a token, each tried once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import httpx

from services.platform.tls import trusted

# What follows a bill by itself: (what is said, seconds before) of each callback.
PLANS: dict[str, tuple[tuple[str, float], ...]] = {
    "never": (),
    "once": (("ok", 0),),
    "twice": (("ok", 0), ("ok", 0)),
    "late": (("ok", 30),),
    "fail": (("fail", 0),),
    "contradict": (("ok", 0), ("fail", 1)),
}
SHOWN = 50
TOKEN = "sandbox-portmone-token"


def document(bill: dict[str, Any], status: str, code: str = "1007") -> str:
    """An <rsp> about a bill; `code` is of a failure."""
    inside = "".join(
        f"<{tag}>{escape(bill[name])}</{tag}>"
        for tag, name in (
            ("billId", "id"),
            ("contractNumber", "phone"),
            ("amount", "amount"),
            ("currency", "currency"),
            ("comment", "comment"),
        )
    )
    error = f"<error code={quoteattr(code)}>The operator refused</error>" if status == "fail" else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<rsp status="{status}">{error}<bill>{inside}</bill></rsp>'


class Callbacks:
    def __init__(self, url: str | None, now: Callable[[], datetime]) -> None:
        self.url, self.plan = url, "once"
        self.sent: list[dict[str, Any]] = []
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=30, verify=trusted(), trust_env=False) as self._client:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def follow(self, bill: dict[str, Any]) -> None:
        """By the plan that is set."""
        delay = 0.0
        for status, pause in PLANS[self.plan]:
            delay += pause
            self.send(document(bill, status), bill["id"], delay=delay)

    def send(self, body: str, bill_id: str, *, delay: float = 0, token: str = TOKEN) -> None:
        if self.url is None:
            return
        task = asyncio.create_task(self._send(body, bill_id, delay, token))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, body: str, bill_id: str, delay: float, token: str) -> None:
        await asyncio.sleep(delay)
        headers = {"Content-Type": "text/xml", "x-portmone-token": token}
        try:
            answer = await self._client.post(self.url or "", content=body.encode(), headers=headers)
            status: int | None = answer.status_code
        except httpx.HTTPError:
            status = None
        self.sent.append({"bill": bill_id, "body": body, "status": status, "at": self._now().isoformat()})
        del self.sent[:-SHOWN]
