"""A provider that hangs must not take everybody's threads with it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import Any, TypeVar

from services.billing.providers.base import (
    BUSY,
    Evidence,
    Fiscal,
    Notice,
    NotSent,
    Operation,
    Order,
    Outcome,
    PaymentProvider,
    RawNotice,
    RefundOrder,
    RefundOutcome,
)
from services.platform.errors import TryLater
from services.platform.money import Money

A = TypeVar("A")
PATIENCE = 2.0  # seconds in line
AGAIN = 1.0  # seconds until the first of those who were sent away comes again
APART = 0.1  # seconds between them


class Bounded(PaymentProvider):
    """`inner`, of whose calls at most `at_once` are under way in this process; a quarter as many wait in line, for
    PATIENCE. Who finds the line full, or waits in vain, is told NotSent(BUSY) and when to come again: each at a moment
    of their own, or a thousand would be sent away every second, and nobody else had a turn."""

    def __init__(self, inner: PaymentProvider, at_once: int) -> None:
        self.inner = inner
        self.code, self.currency, self.merchant = inner.code, inner.currency, inner.merchant
        self.expects_test, self.capabilities = inner.expects_test, inner.capabilities
        self.minimum = inner.minimum
        self._calls, self._line = BoundedSemaphore(at_once), BoundedSemaphore(at_once + max(1, at_once // 4))
        self._appointments, self._latest = Lock(), 0.0

    @property
    def fiscal(self) -> Fiscal | None:  # type: ignore[override]  # read only: it is the inner one's
        return self.inner.fiscal

    def request(self, order: Order) -> dict[str, Any]:
        return self.inner.request(order)

    def known_id(self, request: dict[str, Any]) -> str | None:
        return self.inner.known_id(request)

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        return self._in_turn(lambda: self.inner.create(request, key))

    def fetch(self, external_id: str) -> Outcome:
        return self._in_turn(lambda: self.inner.fetch(external_id))

    def operations(self, since: datetime, until: datetime) -> Sequence[Operation]:
        listed = self._in_turn(lambda: self.inner.operations(since, until))
        if isinstance(listed, NotSent):
            raise TryLater(f"{self.code}: {BUSY}", after=listed.after)
        return listed

    def capture(self, external_id: str, amount: Money, key: uuid.UUID) -> Outcome:
        return self._in_turn(lambda: self.inner.capture(external_id, amount, key))

    def cancel(self, external_id: str, key: uuid.UUID) -> Outcome:
        return self._in_turn(lambda: self.inner.cancel(external_id, key))

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        return self.inner.refund_request(order)

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:
        return self._in_turn(lambda: self.inner.refund(request, key))

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        return self._in_turn(lambda: self.inner.fetch_refund(external_id))

    def read_notification(self, raw: RawNotice) -> Notice:
        return self.inner.read_notification(raw)

    def evidence(self, kind: str, body: dict[str, Any]) -> Evidence | None:
        return self.inner.evidence(kind, body)

    def check(self) -> str:
        return self.inner.check()

    def close(self) -> None:
        self.inner.close()

    def _in_turn(self, call: Callable[[], A]) -> A | NotSent:
        if not self._line.acquire(blocking=False):
            return self._sent_away()
        try:
            if not self._calls.acquire(timeout=PATIENCE):
                return self._sent_away()
            try:
                return call()
            finally:
                self._calls.release()
        finally:
            self._line.release()

    def _sent_away(self) -> NotSent:
        with self._appointments:
            now = time.monotonic()
            self._latest = max(self._latest + APART, now + AGAIN)
            return NotSent(BUSY, after=self._latest - now)
