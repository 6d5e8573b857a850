"""A stand-in Telegram under test: a bot, its people, a clock."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from apps.sandbox.server import server

TOKEN = "42:SANDBOX"


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **parts: float) -> None:
        self.time += timedelta(**parts)


class Telegram:
    """A bot and the people it talks to, over HTTP."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def raw(self, method: str, args: dict[str, Any], files: dict[str, Any] | None = None) -> dict[str, Any]:
        if files is None:
            return self.client.post(f"/bot{TOKEN}/{method}", json=args).json()
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in args.items()}
        return self.client.post(f"/bot{TOKEN}/{method}", data=form, files=files).json()

    def call(self, method: str, files: dict[str, Any] | None = None, **args: Any) -> Any:
        answer = self.raw(method, args, files)
        assert answer["ok"], answer
        return answer["result"]

    def refusal(self, method: str, files: dict[str, Any] | None = None, **args: Any) -> tuple[int, str]:
        answer = self.raw(method, args, files)
        assert not answer["ok"]
        return answer["error_code"], answer["description"]

    def person(self, *, started: bool = True, **profile: str) -> int:
        profile = {"first_name": "Anna", "language_code": "uk"} | profile
        user_id: int = self.client.post("/chat/api/users", json=profile).json()["id"]
        if started:
            self.act(user_id, "text", text="/start")
            self.call("getUpdates", offset=self.call("getUpdates")[-1]["update_id"] + 1)
        return user_id

    def act(self, user_id: int, what: str, /, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/chat/api/users/{user_id}/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def chat(self, user_id: int, after: int = 0) -> dict[str, Any]:
        return self.client.get(f"/chat/api/users/{user_id}/messages?after={after}").json()

    def problems(self) -> list[dict[str, Any]]:
        return self.client.get("/problems").json()


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The sandbox's own server on a port of the system's choice. Gives the URL the Bot API is mounted at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = server(Starlette(routes=[Mount("/telegram", app)]), port=0)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/telegram"
        finally:
            running.should_exit = True
            thread.join()


def picture(width: int, height: int) -> bytes:
    data = BytesIO()
    Image.effect_noise((width, height), 40).save(data, "PNG")
    return data.getvalue()
