"""YooKassa, API v3, by its official SDK (source: yookassa.ru/developers)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog

from services.billing.providers.base import (
    Capability,
    Declined,
    Notice,
    Operation,
    Order,
    Outcome,
    PaymentProvider,
    RawNotice,
    RefundOrder,
    RefundOutcome,
    Unknown,
    Unsupported,
)
from services.billing.providers.yookassa import reading, writing
from services.billing.providers.yookassa.client import Answer, Client
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import Money

__all__ = ["YooKassa"]

PAGE = 100  # the most that YooKassa gives at once
MOST_PAGES = 1000

log = structlog.get_logger(__name__)


class YooKassa(PaymentProvider):
    code = "yookassa"
    currency = "RUB"
    minimum = Money(100, "RUB")
    capabilities = (
        Capability.PAGE
        | Capability.SAME_KEY
        | Capability.FETCH
        | Capability.LIST
        | Capability.WEBHOOK
        | Capability.HOLD
        | Capability.SAVED_METHOD
        | Capability.REFUND
        | Capability.PARTIAL_REFUND
        | Capability.REFUND_SAME_KEY
        | Capability.FISCAL
    )

    def __init__(
        self, *, shop_id: str, secret_key: str, api_url: str, expects_test: bool, two_stage: bool = False
    ) -> None:
        """`expects_test`: payments of a test shop count only where this is True, real ones only where it is not.
        `two_stage`: what buyers pay is held until it is captured."""
        self.merchant = shop_id
        self.expects_test = expects_test
        self._two_stage = two_stage
        self._client = Client(shop_id, secret_key, api_url)

    def request(self, order: Order) -> dict[str, Any]:
        """Raises Invalid, also for a receipt whose lines do not sum to the amount; Unsupported."""
        if order.renews:
            raise Unsupported("YooKassa does not charge by itself: a remembered card is charged by us")
        return writing.payment(order, two_stage=self._two_stage)

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        answer = self._client.ask("POST", "/payments", key=key, body=request)
        return reading.opened(answer) if isinstance(answer, dict) else answer

    def fetch(self, external_id: str) -> Outcome:
        answer = self._about(external_id, "GET", "/payments/{}")
        return reading.snapshot(answer) if isinstance(answer, dict) else answer

    def operations(self, since: datetime, until: datetime) -> list[Operation]:
        """Payments and refunds created from `since` on and before `until`. What cannot be read is left out with a line
        in the log: one strange object must not hide the others. Raises TryLater, Misconfigured."""
        found: list[Operation] = []
        for path, read in (("/payments", reading.snapshot), ("/refunds", reading.refund_snapshot)):
            for thing in self._listed(path, since, until):
                seen = read(thing) if isinstance(thing, dict) else Unknown("not an object")
                if isinstance(seen, Unknown):
                    external_id = str(thing.get("id"))[:64] if isinstance(thing, dict) else None
                    log.warning("yookassa_unreadable", path=path, external_id=external_id, error=seen.error)
                else:
                    found.append(seen)
        return found

    def capture(self, external_id: str, amount: Money, key: uuid.UUID) -> Outcome:
        """Less than is held gives the rest back to the buyer."""
        body = writing.capture(amount)
        answer = self._about(external_id, "POST", "/payments/{}/capture", key=key, body=body)
        return reading.snapshot(answer) if isinstance(answer, dict) else answer

    def cancel(self, external_id: str, key: uuid.UUID) -> Outcome:
        answer = self._about(external_id, "POST", "/payments/{}/cancel", key=key)
        return reading.snapshot(answer) if isinstance(answer, dict) else answer

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        """Raises Invalid, also for a receipt whose lines do not sum to the amount."""
        return writing.refund(order)

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:
        answer = self._client.ask("POST", "/refunds", key=key, body=request)
        return reading.refund_snapshot(answer) if isinstance(answer, dict) else answer

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        answer = self._about(external_id, "GET", "/refunds/{}")
        return reading.refund_snapshot(answer) if isinstance(answer, dict) else answer

    def read_notification(self, raw: RawNotice) -> Notice:
        return reading.notice(raw)

    def check(self) -> str:
        answer = self._client.ask("GET", "/me")
        if isinstance(answer, Declined):
            raise Misconfigured(f"YooKassa refuses: {answer.code}")
        if not isinstance(answer, dict):
            raise TryLater(f"YooKassa does not answer: {answer}")
        test = answer.get("test") is True
        if test != self.expects_test:
            raise Misconfigured(f"the shop is {'a test' if test else 'a live'} shop: wrong for this APP_ENV")
        if answer.get("status") != "enabled":
            raise Misconfigured("the shop is not enabled")
        return f"shop {self.merchant} is enabled ({'test' if test else 'live'})"

    def close(self) -> None:
        self._client.close()

    def _about(self, external_id: str, method: str, path: str, **more: Any) -> Answer:
        """An id may come from a notification, so from anybody, and goes into an address."""
        if not reading.ID.fullmatch(external_id):
            return Declined("not_found", retryable=False)
        return self._client.ask(method, path.format(external_id), **more)

    def _listed(self, path: str, since: datetime, until: datetime) -> Iterator[Any]:
        query = {"created_at.gte": _written(since), "created_at.lt": _written(until), "limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            page = self._client.ask("GET", path, query=query)
            if isinstance(page, Declined):
                raise Misconfigured(f"YooKassa refuses to list {path}: {page.code}")
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise TryLater(f"YooKassa does not list {path}: {page if not isinstance(page, dict) else 'unreadable'}")
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return
            query["cursor"] = str(cursor)
        raise TryLater(f"{path}: more than {MOST_PAGES} pages; ask about a shorter span")


def _written(moment: datetime) -> str:
    """ "2026-11-21T10:00:00.000Z". Both ends of a span are cut to the millisecond alike, so spans still join."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
