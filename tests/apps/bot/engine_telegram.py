"""Telegrams for the tests of the engine: the sandbox's, and one that answers getUpdates as the test tells it to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.server import server
from apps.sandbox.telegram import create_app
from services.platform.tls import trusted

BOT_ID = 42
TOKEN = "42:SANDBOX"


def message(update_id: int, person: int = 7, text: str = "hello") -> dict[str, Any]:
    """A private message (Telegram Bot API 10.3, Update)."""
    user = {"id": person, "is_bot": False, "first_name": "Anna"}
    chat = {"id": person, "type": "private", "first_name": "Anna"}
    return {
        "update_id": update_id,
        "message": {"message_id": update_id, "date": 1, "from": user, "chat": chat, "text": text},
    }


class Sandbox:
    """A person's and a tester's view of the sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, verify=trusted(), trust_env=False, timeout=60)

    def person(self) -> int:
        return int(self._post("/chat/api/users", {"first_name": "Anna"})["id"])

    def writes(self, person: int, text: str) -> None:
        self._post(f"/chat/api/users/{person}/text", {"text": text})

    def sends(self, person: int, kind: str, *files: tuple[str, bytes, str]) -> None:
        """A photo or a document, or an album of such."""
        parts = [(kind, file) for file in files]
        self.http.post(f"/chat/api/users/{person}/file", files=parts, data={"caption": "look"}).raise_for_status()

    def shares(self, person: int, phone_number: str) -> None:
        self._post(f"/chat/api/users/{person}/contact", {"phone_number": phone_number})

    def push(self, update: dict[str, Any]) -> int:
        return int(self._post("/chat/api/updates", update)["update_id"])

    def bot(self, method: str, **arguments: Any) -> Any:
        return self._post(f"/bot{TOKEN}/{method}", arguments)["result"]

    def answers(self, person: int) -> list[str]:
        news = self.http.get(f"/chat/api/users/{person}/messages", params={"after": "0"}).json()
        return [m["text"] for m in news["messages"] if m["from"]["is_bot"]]

    def calls(self, method: str) -> list[dict[str, Any]]:
        return [call["args"] for call in self.http.get("/log").json() if call["method"] == method]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()


@contextmanager
def sandbox(directory: Path) -> Iterator[Sandbox]:
    with served(create_app(directory, lambda: datetime.now(UTC))) as url:  # noqa: TID251  # outside the house
        telegram = Sandbox(url)
        yield telegram
        telegram.http.close()


class Moody:
    """Answers getUpdates with one prepared answer after the other, then with no updates; keeps what it was asked."""

    def __init__(self, *answers: Response | list[dict[str, Any]]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answers = deque(answers)
        self.app = Starlette(routes=[Route("/bot{token}/getUpdates", self._get_updates, methods=["POST"])])

    async def _get_updates(self, request: Request) -> Response:
        self.asked.append(await request.json())
        answer = self._answers.popleft() if self._answers else []
        return answer if isinstance(answer, Response) else JSONResponse({"ok": True, "result": answer})


def refusal(status: int, description: str, **parameters: int) -> Response:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return JSONResponse(body, status)


def page(status: int) -> Response:
    return HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", status)


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[str]:
    """The address where `app` answers, on a port of the system's choice."""
    web = server(app, port=0)
    thread = threading.Thread(target=web.run)
    thread.start()
    try:
        while not web.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}"
    finally:
        web.should_exit = True
        thread.join()
