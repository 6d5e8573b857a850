"""The port to a tax register, and what its answer does to a reading."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from services.receipts.facts import FiscalCode, Reading

# known: it has this receipt. unknown: it answers that it has none. silent: no answer, or none that can be read.
Outcome = Literal["known", "unknown", "silent"]
# What a register's word does away with, and what it does not: it knows nothing of the picture.
ANSWERED = frozenset({"unconfirmed", "no_total", "no_date", "unreadable", "no_engine", "not_fiscal", "not_receipt"})


@dataclass(frozen=True, slots=True)
class Answer:
    """`total` where the register tells one."""

    outcome: Outcome
    total: Decimal | None = None


class Register(Protocol):
    """Asked over the network: never inside a transaction."""

    def look_up(self, code: FiscalCode) -> Answer:
        """Never raises for what the other side does."""
        ...

    def close(self) -> None: ...


def confirm(reading: Reading, register: Register | None) -> Reading:
    """With tier A where the register knows the receipt and its total, and nothing else is doubtful. A receipt that it
    does not know waits for a person; its silence changes nothing."""
    code = reading.code
    if register is None or code is None or code.kind != "sale" or code.total is None or code.date is None:
        return reading
    answer = register.look_up(code)
    if answer.outcome == "silent":
        return reading
    if answer.outcome == "unknown":
        return _doubted(reading, "unconfirmed")
    if answer.total is not None and answer.total != code.total:
        return _doubted(reading, "amount_mismatch")
    doubts = tuple(reason for reason in reading.reasons if reason not in ANSWERED)
    if doubts:
        return reading
    return dataclasses.replace(reading, tier="A", reasons=(), total=code.total, date=code.date, source="register")


def _doubted(reading: Reading, reason: str) -> Reading:
    return dataclasses.replace(reading, tier="D", reasons=tuple(dict.fromkeys((*reading.reasons, reason))))
