from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from apps.sandbox import storage
from services.platform.db import Database
from services.platform.storage import Storage
from services.provisioning.provisioners.base import Provisioner
from services.provisioning.provisioners.file import File
from tests.apps.sandbox.running_world import running
from tests.contracts.shown_side import Shown, ShownSide

KEY = "handbook.pdf"
NOBODY = "http://127.0.0.1:9"  # nothing listens there


class Opened(ShownSide):
    kind = "file"
    claims = File.capabilities
    modes = ("down", "misconfigured")

    def __init__(self, db: Database, directory: Path) -> None:
        self._stack = ExitStack()
        self._url = self._stack.enter_context(running(storage.create_app(directory)))
        self._bucket(self._url).put(KEY, b"%PDF", "application/pdf")
        super().__init__(db, directory)

    def made(self, url: str | None = None) -> Provisioner:
        return File(self._bucket(url or self._url), has_address=False)

    def options(self) -> Mapping[str, Any]:
        return {"file": KEY, "file_name": "Руководство.pdf"}

    def break_down(self, mode: str) -> None:
        match mode:
            case "down":
                self.provisioner = Shown(self.made(NOBODY), self._shown)
            case "misconfigured":
                self._bucket(self._url).delete(KEY)

    def mend(self) -> None:
        super().mend()
        self._bucket(self._url).put(KEY, b"%PDF", "application/pdf")

    def close(self) -> None:
        self._stack.close()

    @staticmethod
    def _bucket(url: str) -> Storage:
        return Storage(
            endpoint=url, bucket="kiosk", access_key="sandbox", secret_key="sandbox-secret", region="us-east-1"
        )
