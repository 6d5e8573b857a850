from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from apps.sandbox import cryptopay
from services.billing.providers.base import NextAction, Order, RawNotice
from services.billing.providers.cryptopay import CryptoPay
from tests.contracts.sandbox_shop import NOBODY, SandboxShop, order

TOKEN = "42:SANDBOXCRYPTOPAY"
SIGNATURE = "crypto-pay-api-signature"


class CryptoPayShop(SandboxShop):
    secrets = (TOKEN, TOKEN.partition(":")[2])

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, partial(cryptopay.create_app, token=TOKEN), "notification_url")
        self.provider = self.twin()

    def twin(self, *, nowhere: bool = False, refused: bool = False, holds: bool = False) -> CryptoPay:
        assert not holds
        token = "42:SOMETHINGELSE" if refused else TOKEN
        made = CryptoPay(token=token, api_url=NOBODY if nowhere else self.url, currency="RUB", expects_test=True)
        self.stack.callback(made.close)
        return made

    def order(self, **changes: Any) -> Order:
        return order(**changes)

    def pay(self, order: Order, opened: NextAction, *, decline: bool = False) -> str:
        assert opened.external_id
        assert not decline
        self.switch(f"/payments/{opened.external_id}/pay", outcome="success")
        return opened.external_id

    def told(self, external_id: str) -> RawNotice:
        for one in self.deliveries():
            if str(json.loads(one["body"])["payload"]["invoice_id"]) == external_id:
                return RawNotice(one["body"].encode(), {SIGNATURE: one["signature"]})
        raise AssertionError(f"nothing was told of {external_id}")

    def forged(self) -> Sequence[RawNotice]:
        order = self.order()
        opened = self.provider.create(self.provider.request(order), order.key)
        assert isinstance(opened, NextAction)
        true = self.told(self.pay(order, opened))
        signature = true.headers[SIGNATURE]
        return (
            RawNotice(true.body.replace(b"299", b"999"), true.headers),
            RawNotice(json.dumps(json.loads(true.body), indent=1).encode(), true.headers),
            RawNotice(true.body, {}),
            *(RawNotice(true.body, {SIGNATURE: wrong}) for wrong in ("", signature[:-1], "00" * 32, "я" * 64)),
        )

    def unknown_id(self) -> str:
        return "999999999"

    def seen(self) -> int:
        answer = self.control.get("/api/getInvoices", headers={"Crypto-Pay-API-Token": TOKEN}).json()
        return len(answer["result"]["items"])
