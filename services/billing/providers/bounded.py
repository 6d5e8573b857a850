"""A provider that hangs must not take everybody's threads with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import BoundedSemaphore
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
B = TypeVar("B")
PATIENCE = 2.0  # seconds in line


class Bounded(PaymentProvider):
    """`inner`, of whose calls at most `at_once` are under way in this process and as many again wait in line, for
    PATIENCE. Who finds the line full, or waits in vain, is told NotSent(BUSY) and comes again."""

    def __init__(self, inner: PaymentProvider, at_once: int) -> None:
        self.inner = inner
        self.code, self.currency, self.merchant = inner.code, inner.currency, inner.merchant
        self.expects_test, self.capabilities = inner.expects_test, inner.capabilities
        self._calls, self._line = BoundedSemaphore(at_once), BoundedSemaphore(at_once * 2)

    @property
    def fiscal(self) -> Fiscal | None:  # type: ignore[override]  # read only: it is the inner one's
        return self.inner.fiscal

    def request(self, order: Order) -> dict[str, Any]:
        return self.inner.request(order)

    def known_id(self, request: dict[str, Any]) -> str | None:
        return self.inner.known_id(request)

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        return self._in_turn(lambda: self.inner.create(request, key), NotSent(BUSY))

    def fetch(self, external_id: str) -> Outcome:
        return self._in_turn(lambda: self.inner.fetch(external_id), NotSent(BUSY))

    def operations(self, since: datetime, until: datetime) -> Sequence[Operation]:
        listed = self._in_turn(lambda: self.inner.operations(since, until), None)
        if listed is None:
            raise TryLater(f"{self.code}: {BUSY}", after=5.0)
        return listed

    def capture(self, external_id: str, amount: Money, key: uuid.UUID) -> Outcome:
        return self._in_turn(lambda: self.inner.capture(external_id, amount, key), NotSent(BUSY))

    def cancel(self, external_id: str, key: uuid.UUID) -> Outcome:
        return self._in_turn(lambda: self.inner.cancel(external_id, key), NotSent(BUSY))

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        return self.inner.refund_request(order)

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:
        return self._in_turn(lambda: self.inner.refund(request, key), NotSent(BUSY))

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        return self._in_turn(lambda: self.inner.fetch_refund(external_id), NotSent(BUSY))

    def read_notification(self, raw: RawNotice) -> Notice:
        return self.inner.read_notification(raw)

    def evidence(self, kind: str, body: dict[str, Any]) -> Evidence | None:
        return self.inner.evidence(kind, body)

    def check(self) -> str:
        return self.inner.check()

    def close(self) -> None:
        self.inner.close()

    def _in_turn(self, call: Callable[[], A], busy: B) -> A | B:
        if not self._line.acquire(blocking=False):
            return busy
        try:
            if not self._calls.acquire(timeout=PATIENCE):
                return busy
            try:
                return call()
            finally:
                self._calls.release()
        finally:
            self._line.release()
