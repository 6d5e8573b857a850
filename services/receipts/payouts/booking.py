"""A payout in the ledger. Promised: our cost of the campaign against what we owe. Paid: what we owe against the balance
or whoever paid for us. Given up: the promise reversed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import ledger
from services.receipts.payouts.models import PayoutRow

PROMISED, PAID = "cashback", "payout"


def reference(row: PayoutRow) -> str:
    """One for each time that it was promised."""
    return f"receipt:{row.receipt_id}" if row.round == 0 else f"receipt:{row.receipt_id}:{row.round}"


def cost_of(campaign: str) -> str:
    return f"cashback:{campaign}"


def owed_to(party: str) -> str:
    return f"payout:{party}"


def paid_from(row: PayoutRow) -> str:
    """The balance, which is the person's, or what we owe to who paid for us."""
    return f"wallet:{row.party}" if row.provider == "balance" else f"clearing:{row.provider}"


def promise(tx: Session, row: PayoutRow, now: datetime) -> None:
    entries = [ledger.Entry(cost_of(row.campaign), row.amount), ledger.Entry(owed_to(row.party), -row.amount)]
    ledger.post(tx, kind=PROMISED, reference=reference(row), entries=entries, now=now)


def pay_out(tx: Session, row: PayoutRow, now: datetime) -> None:
    entries = [ledger.Entry(owed_to(row.party), row.amount), ledger.Entry(paid_from(row), -row.amount)]
    ledger.post(tx, kind=PAID, reference=reference(row), entries=entries, now=now)


def give_up(tx: Session, row: PayoutRow, now: datetime) -> None:
    """Nothing is owed any more. Once for each promise."""
    ledger.reverse(tx, kind=PROMISED, reference=reference(row), now=now)


def take_back(tx: Session, row: PayoutRow, now: datetime) -> None:
    """What was paid, and the promise; a balance may go below zero."""
    ledger.reverse(tx, kind=PAID, reference=reference(row), now=now)
    give_up(tx, row, now)
