"""A Kiosk whose web process a panel of the sandbox tells of changes."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from apps.web.main import create
from services.platform.tls import trusted
from tests.services.provisioning.remnawave.panel_shop import Shop
from tests.world import Kiosk, wait_for

SECRET = "sandboxwebhooksecretsandboxwebhook"


class Told(Shop):
    """The panel is led to this Kiosk's web process."""

    def __init__(self, kiosk: Kiosk, url: str) -> None:
        super().__init__(kiosk)
        self.url = url
        self.web = httpx.Client(base_url=url, verify=trusted(), trust_env=False)
        self.listen()

    def listen(self) -> None:
        kiosk = self.kiosk
        kiosk.post("/panel/settings", webhook_urls=[f"{self.url}/webhooks/remnawave/main"], webhooks="send")

    def deaf(self) -> None:
        self.kiosk.post("/panel/settings", webhook_urls=[])

    def settle(self) -> None:
        """All that the panel had to tell has been told, and Kiosk has done what it wants to do about it."""
        for _ in range(20):
            wait_for(self._all_told)
            before = self.kiosk.count("outbox_events")
            self.kiosk.drain()
            self.kiosk.world.offset.move(6)  # whoever looked a moment ago looks again
            self.kiosk.hurry()
            if self.kiosk.count("outbox_events") == before and self._all_told() and not self.kiosk.undone():
                return
        raise AssertionError("it never ends")

    def _all_told(self) -> bool:
        deliveries = self.kiosk.http.get("/panel/webhooks").json()["deliveries"]
        return all(one["state"] != "waiting" for one in deliveries)

    def tell(self, event: str = "user.modified", **about: Any) -> httpx.Response:
        user = about.pop("user", None) or {"username": self.there["username"]}
        at = (about.pop("at", None) or self.kiosk.now).isoformat()
        body = json.dumps({"scope": "user", "event": event, "timestamp": at, "data": user, **about}).encode()
        return self.send(body)

    def send(self, body: bytes, signature: str | None = None, code: str = "/main") -> httpx.Response:
        signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest() if signature is None else signature
        return self.web.post(f"/webhooks/remnawave{code}", content=body, headers={"X-Remnawave-Signature": signed})

    def hints(self) -> int:
        return self.kiosk.count("outbox_events", "name = 'provisioning.access_hinted'")

    def writes(self) -> int:
        log = self.kiosk.http.get("/panel/log").json()["requests"]
        return len([one for one in log if one["method"] != "GET"])


@contextmanager
def telling(kiosk: Kiosk) -> Iterator[Told]:
    serving = uvicorn.Server(
        uvicorn.Config(create(kiosk.kit), host="127.0.0.1", port=0, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=serving.run)
    thread.start()
    while not serving.started:
        time.sleep(0.005)
    told = Told(kiosk, f"http://127.0.0.1:{serving.servers[0].sockets[0].getsockname()[1]}")
    told.kiosk.buy(told.anna, "panel-1m")
    told.settle()
    yield told
    told.deaf()
    told.web.close()
    serving.should_exit = True
    thread.join(10)
