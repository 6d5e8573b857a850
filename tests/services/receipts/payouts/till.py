"""Payouts as tests need them: one promised in a line, and a provider that does as it is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import identity, ledger
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.outbox import OutboxEvent
from services.receipts import PayoutDue, ReceiptAccepted, payouts
from services.receipts.models import ReceiptRow
from services.receipts.payouts.models import PayoutRow
from services.receipts.payouts.providers.balance import BalancePayouts
from services.receipts.payouts.providers.base import Capability, Listed, Order, Paid, PayoutProvider, PayoutProviders
from services.receipts.payouts.providers.manual import ManualPayouts

CIPHER = Cipher("a secret of the tests")
PHONE = "380671234567"
_people = itertools.count(900_000)


@dataclass
class Told(PayoutProvider):
    """A wire that remembers its calls and answers with what it is told: an answer, or an exception."""

    name: str = "portmone"
    capabilities: Capability = Capability.PHONE | Capability.CALLBACK
    currencies: frozenset[str] | None = frozenset({"UAH"})
    orders: list[Order] = field(default_factory=list)
    answer: Callable[[Order], Paid | Listed] = lambda order: Paid(f"bill-{order.reference}")

    def pay(self, order: Order) -> Paid | Listed:
        self.orders.append(order)
        return self.answer(order)

    def check(self) -> str:
        return "told"

    def close(self) -> None:
        """Nothing is open."""


def raises(error: Exception) -> Callable[[Order], Paid | Listed]:
    def fail(_order: Order) -> Paid | Listed:
        raise error

    return fail


def wired(wire: Told | None = None) -> PayoutProviders:
    return {"balance": BalancePayouts(), "manual": ManualPayouts(), "portmone": wire or Told()}


def person(tx: Session, now: datetime, phone: str | None = PHONE) -> str:
    """A new one; the party."""
    user = identity.greet(tx, telegram_id=next(_people), first_name="Olha", username=None, language_code="uk", now=now)
    if phone:
        identity.keep_phone(tx, CIPHER, user.id, phone, now, is_own=True)
    return str(user.party)


def accepted(tx: Session, now: datetime, payout: str = "portmone", *, party: str = "", minor: int = 500) -> int:
    """A receipt that has earned something, and its payout; the payout's id."""
    party = party or person(tx, now)
    receipt = ReceiptRow(party=party, source="telegram", state="paying", submitted_at=now, changed_at=now, attempts=1)
    tx.add(receipt)
    tx.flush()
    event = ReceiptAccepted(
        receipt_id=receipt.id, party=party, campaign="autumn", minor=minor, currency="UAH", payout=payout
    )
    payout_id = payouts.order_payout(tx, CIPHER, event, now)
    assert payout_id
    return payout_id


class Within:
    """A Database whose transactions are savepoints of the test's own: cheap, and gone with it."""

    def __init__(self, tx: Session) -> None:
        self.tx = tx

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with self.tx.begin_nested():
            yield self.tx


def pay(
    db: Database | Within, payout_id: int, now: datetime, providers: PayoutProviders, most: int | None = None
) -> None:
    payouts.pay(cast(Database, db), CIPHER, PayoutDue(payout_id=payout_id), now, providers, most)


def row(tx: Session, payout_id: int) -> PayoutRow:
    return tx.get_one(PayoutRow, payout_id, populate_existing=True)


def events(tx: Session, name: str) -> int:
    """How many of that name were told."""
    return tx.scalar(select(func.count()).select_from(OutboxEvent).where(OutboxEvent.name == f"receipts.{name}")) or 0


def balances(tx: Session, party: str, currency: str = "UAH") -> dict[str, int]:
    """What is owed, spent and due, in minor units; accounts that stand at zero are left out."""
    accounts = ("cashback:autumn", f"payout:{party}", f"wallet:{party}", "clearing:portmone", "clearing:manual")
    found = {
        name.split(":")[0] if name.endswith(party) else name: ledger.balance(tx, name, currency).minor
        for name in accounts
    }
    return {name: minor for name, minor in found.items() if minor}
