from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from apps.sandbox import robokassa
from services.billing.providers.base import NextAction, Order, RawNotice, RefundOutcome, RefundSnapshot
from services.billing.providers.robokassa import Robokassa
from tests.contracts.sandbox_shop import NOBODY, SandboxShop, order

PASSWORDS = ("sandbox-password-1", "sandbox-password-2", "sandbox-password-3")
FORM = {"content-type": "application/x-www-form-urlencoded"}


class RobokassaShop(SandboxShop):
    """With live payments: in its test mode Robokassa tells nothing and refunds nothing."""

    secrets = PASSWORDS

    def __init__(self, directory: Path) -> None:
        self._orders: list[Order] = []
        make = partial(robokassa.create_app, is_test=False, pauses=(60.0,))  # our silence is no OK: it would repeat
        super().__init__(directory, make, "result_url")
        self.provider = self.twin()

    def twin(self, *, nowhere: bool = False, refused: bool = False, holds: bool = False) -> Robokassa:
        assert not holds
        first, second, third = ("wrong", "wrong", "wrong") if refused else PASSWORDS
        url = NOBODY if nowhere else self.url
        made = Robokassa(
            login="kiosk",
            password1=first,
            password2=second,
            password3=third,
            hash_name="SHA256",
            is_test=False,
            expects_test=False,
            pay_url=url,
            services_url=url,
        )
        self.stack.callback(made.close)
        return made

    def order(self, **changes: Any) -> Order:
        self._orders.append(order(**changes))
        return self._orders[-1]

    def pay(self, order: Order, opened: NextAction, *, decline: bool = False) -> str:
        assert opened.external_id
        assert not decline
        assert self.control.get(opened.url, follow_redirects=True).status_code == 200
        self.switch(f"/payments/{opened.external_id}/pay", outcome="success")
        return opened.external_id

    def told(self, external_id: str) -> RawNotice:
        forms = [str(one["form"]) for one in self.deliveries() if one["number"] == external_id]
        return RawNotice(forms[0].encode(), FORM)

    def forged(self) -> Sequence[RawNotice]:
        order = self.order()
        opened = self.provider.create(self.provider.request(order), order.key)
        assert isinstance(opened, NextAction)
        true = self.told(self.pay(order, opened)).body
        number, other = str(order.number).encode(), str(order.number + 1).encode()
        changes = [
            (b"OutSum=299.000000", b"OutSum=999.000000"),
            (b"InvId=" + number, b"InvId=" + other),
            (str(order.key).encode(), b"5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b"),
            (b"SignatureValue=", b"SignatureValue=0"),
            (b"SignatureValue=", b"Nothing="),
        ]
        assert all(text in true for text, _ in changes)
        return [RawNotice(true.replace(text, wrong), FORM) for text, wrong in changes]

    def settled(self, refund: RefundOutcome) -> RefundOutcome:
        if isinstance(refund, RefundSnapshot) and refund.status == "pending":
            return self.provider.fetch_refund(refund.external_id)
        return refund

    def unknown_id(self) -> str:
        return "2147480000"

    def seen(self) -> int:
        return sum(self.control.get(f"/payments/{one.number}").status_code == 200 for one in self._orders)
