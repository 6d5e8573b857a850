from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from apps.sandbox import yookassa
from services.billing.providers.base import NextAction, Order, RawNotice
from services.billing.providers.yookassa import YooKassa
from tests.contracts.sandbox_shop import NOBODY, SandboxShop, order


class YooKassaShop(SandboxShop):
    def __init__(self, directory: Path, *, shop_id: str = "100500", secret_key: str = "test_SANDBOX") -> None:
        self._credentials = {"shop_id": shop_id, "secret_key": secret_key}
        self.secrets = (secret_key,)
        super().__init__(directory, partial(yookassa.create_app, **self._credentials), "notification_url")
        self.api = f"{self.url}/v3"
        self.provider = self.twin()

    def twin(self, *, nowhere: bool = False, refused: bool = False, holds: bool = False) -> YooKassa:
        credentials = self._credentials | ({"secret_key": "wrong"} if refused else {})
        api_url = f"{NOBODY}/v3" if nowhere else self.api
        made = YooKassa(**credentials, api_url=api_url, expects_test=True, two_stage=holds)
        self.stack.callback(made.close)
        return made

    def order(self, **changes: Any) -> Order:
        return order(**changes)

    def pay(self, order: Order, opened: NextAction, *, decline: bool = False) -> str:
        assert opened.external_id
        outcome = {"outcome": "decline", "reason": "insufficient_funds"} if decline else {"outcome": "success"}
        self.switch(f"/payments/{opened.external_id}/pay", **outcome)
        return opened.external_id

    def told(self, external_id: str) -> RawNotice:
        bodies = [str(one["body"]) for one in self.deliveries()]
        return RawNotice(next(body.encode() for body in bodies if json.loads(body)["object"]["id"] == external_id))

    def unknown_id(self) -> str:
        return "00000000-0000-0000-0000-000000000000"

    def seen(self) -> int:
        return len(self.listed("payments"))

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """All "payments" or "refunds" it has, as YooKassa shows them."""
        credentials = (self._credentials["shop_id"], self._credentials["secret_key"])
        items: list[dict[str, Any]] = self.control.get(f"/v3/{kind}?limit=100", auth=credentials).json()["items"]
        return items
