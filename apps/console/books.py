"""`books check`: proves that the ledger, the payments, the refunds, the invoices and the payouts agree."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from apps.lifetime import begin
from services import billing, ledger, receipts
from services.kit import Kit
from services.platform.db import Database

# All of it as it was at one moment: a sale that is committed between two questions would look like a fault.
SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


@dataclass(frozen=True, slots=True)
class Proof:
    """No faults: proved."""

    faults: Sequence[ledger.Fault]
    extent: ledger.Extent


def main(arguments: list[str]) -> int:
    read(arguments)
    kit = begin("console")
    try:
        return check(kit)
    finally:
        kit.close()


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="books", description="The double-entry ledger and what it is about.")
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("check", help="prove that the books agree, or list what does not")
    return parser.parse_args(arguments)


def check(kit: Kit) -> int:
    proof = prove(kit.db)
    for fault in proof.faults:
        print(f"{fault.rule}: {fault.subject}: {fault.detail}")
    if proof.faults:
        print(f"\n{len(proof.faults)} faults. docs/operations/runbook.md says what to do with each rule.")
        return 1
    print(f"The books are proved: {said(proof.extent)}.")
    return 0


def prove(db: Database) -> Proof:
    """Reads all of the books in one snapshot, which neither waits for anybody nor makes anybody wait."""
    with db.begin() as tx:
        tx.execute(SNAPSHOT)
        return Proof(billing.check_books(tx) + receipts.payouts.check_payouts(tx), ledger.extent(tx))


def said(extent: ledger.Extent) -> str:
    return f"{extent.currencies} currencies, {extent.transactions} transactions, {extent.entries} entries"
