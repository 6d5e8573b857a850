"""Paying from what the house owes the buyer. A provider like any other, whose other side is our own ledger: money goes
from the buyer's wallet to this provider's clearing account, and settling takes it from there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from services import ledger
from services.billing.providers.base import (
    Capability,
    Declined,
    NotSent,
    Operation,
    Order,
    Outcome,
    PaymentProvider,
    RefundOrder,
    RefundOutcome,
    RefundSnapshot,
    Snapshot,
    Unknown,
)
from services.platform.clock import Clock
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.money import Money

PAID, REFUNDED = "balance_payment", "balance_refund"
CLEARING = "clearing:balance"


class Balance(PaymentProvider):
    """A wallet that does not hold enough declines with "insufficient_balance"."""

    code = "balance"
    merchant = "balance"
    capabilities = (
        Capability.SAME_KEY
        | Capability.FETCH
        | Capability.LIST
        | Capability.REFUND
        | Capability.PARTIAL_REFUND
        | Capability.REFUND_SAME_KEY
    )

    def __init__(self, db: Database, clock: Clock, *, currency: str = "RUB", expects_test: bool) -> None:
        self.currency, self.expects_test, self.minimum = currency, expects_test, Money(1, currency)
        self._db, self._clock = db, clock

    def request(self, order: Order) -> dict[str, Any]:
        return {"wallet": f"wallet:{order.party}", "minor": order.amount.minor, "currency": order.amount.currency}

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        amount = Money(request["minor"], request["currency"])
        entries = [ledger.Entry(request["wallet"], amount), ledger.Entry(CLEARING, -amount)]
        try:
            with self._db.begin() as tx:
                ledger.post(tx, kind=PAID, reference=str(key), entries=entries, now=self._clock.now())
        except ledger.AlreadyPosted:
            pass  # asked again: the answer is the same
        except ledger.Insufficient as error:
            return Declined(error.code, retryable=True)
        except SQLAlchemyError as error:
            return Unknown(type(error).__name__)
        return self._snapshot(str(key), amount)

    def fetch(self, external_id: str) -> Outcome:
        try:
            with self._db.begin() as tx:
                entries = ledger.find(tx, kind=PAID, reference=external_id)
        except SQLAlchemyError as error:
            return NotSent(type(error).__name__)
        return self._snapshot(external_id, entries[0].amount) if entries else Declined("not_found", retryable=False)

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        return {
            "wallet": f"wallet:{order.party}",
            "payment": order.payment_external_id,
            "minor": order.amount.minor,
            "currency": order.amount.currency,
        }

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:
        amount = Money(request["minor"], request["currency"])
        entries = [ledger.Entry(CLEARING, amount), ledger.Entry(request["wallet"], -amount)]
        reference = f"{request['payment']}:{key}"
        try:
            with self._db.begin() as tx:
                if not ledger.find(tx, kind=PAID, reference=request["payment"]):
                    return Declined("not_found", retryable=False)
                ledger.post(tx, kind=REFUNDED, reference=reference, entries=entries, now=self._clock.now())
        except ledger.AlreadyPosted:
            pass
        except SQLAlchemyError as error:
            return Unknown(type(error).__name__)
        return RefundSnapshot(reference, request["payment"], "succeeded", amount, key=str(key))

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        try:
            with self._db.begin() as tx:
                entries = ledger.find(tx, kind=REFUNDED, reference=external_id)
        except SQLAlchemyError as error:
            return NotSent(type(error).__name__)
        if not entries:
            return Declined("not_found", retryable=False)
        payment, _, key = external_id.partition(":")
        return RefundSnapshot(external_id, payment, "succeeded", entries[0].amount, key=key)

    def operations(self, since: datetime, until: datetime) -> Sequence[Operation]:
        try:
            with self._db.begin() as tx:
                posted = ledger.posted_between(tx, CLEARING, since, until)
        except SQLAlchemyError as error:
            raise TryLater(type(error).__name__) from None
        listed: list[Operation] = []
        for entry in posted:
            at = entry.posted_at.astimezone(UTC)
            if entry.kind == PAID:
                listed.append(self._snapshot(entry.reference, -entry.amount, at))
            elif entry.kind == REFUNDED:
                payment, _, key = entry.reference.partition(":")
                listed.append(RefundSnapshot(entry.reference, payment, "succeeded", entry.amount, key=key, at=at))
        return listed

    def check(self) -> str:
        return "buyers can pay from their balance"

    def close(self) -> None:
        """The database is the process's."""

    def _snapshot(self, key: str, amount: Money, at: datetime | None = None) -> Snapshot:
        return Snapshot(key, "succeeded", amount, key, self.merchant, self.expects_test, at=at)
