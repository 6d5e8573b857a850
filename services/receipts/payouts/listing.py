"""The list that an operator pays by hand: out as CSV, its results in as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.crypto import Cipher
from services.platform.errors import Invalid
from services.receipts.payouts.models import PayoutRow, sealed_place
from services.receipts.payouts.outcomes import give_up, succeed

COLUMNS = ("id", "phone", "amount", "currency")
RESULTS = {"paid": "succeeded", "failed": "failed"}  # word of the file -> state
LARGEST = 10 * 1024 * 1024  # bytes
MOST = 100_000  # lines


class BadResults(Invalid):
    """Nothing was imported. `faults` is one line for each."""

    code: ClassVar[str] = "bad_payout_results"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many became paid, failed, and were so before."""

    paid: int
    failed: int
    known: int


def export_list(tx: Session, cipher: Cipher, *, actor: str, now: datetime, again: bool = False) -> tuple[str, int]:
    """(CSV with a header, how many): those that wait to be paid by hand, each exported once; `again` for those that
    were exported before as well. Whoever pays from two lists pays twice, so the second time must be asked for."""
    waiting = select(PayoutRow).where(PayoutRow.state == "waiting").order_by(PayoutRow.id).with_for_update()
    rows = tx.scalars(waiting if again else waiting.where(PayoutRow.sent_at.is_(None))).all()
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for row in rows:
        phone = cipher.open(row.sealed, sealed_place(row.receipt_id)).decode() if row.sealed else ""
        lines.writerow((row.id, phone, row.amount, row.currency))
        row.sent_at = row.sent_at or now
    audit.record(tx, actor=actor, action="payout.export", subject="payouts", now=now, count=len(rows), again=again)
    return out.getvalue(), len(rows)


def import_results(tx: Session, content: bytes, *, actor: str, now: datetime) -> Imported:
    """Notes what became of a list: CSV in UTF-8 with a header that names `id` and `result` (paid or failed), other
    columns are not looked at. All of it or nothing; the same file again changes nothing. Raises BadResults with every
    fault."""
    told, faults = _read(content)
    wanted = select(PayoutRow).where(PayoutRow.id.in_(told)).order_by(PayoutRow.id).with_for_update()
    rows = {row.id: row for row in tx.scalars(wanted.execution_options(populate_existing=True))}
    for payout_id, state in told.items():
        row = rows.get(payout_id)
        if row is None or row.provider != "manual":
            faults.append(f"{payout_id}: there is no such payout by hand")
        elif row.state not in ("waiting", state):
            faults.append(f"{payout_id}: it is {row.state} already")
    if faults:
        raise BadResults(faults)
    open_ones = [(row, told[row.id]) for row in rows.values() if row.state == "waiting"]
    for row, state in open_ones:
        if state == "succeeded":
            succeed(tx, row, now, None)
        else:
            give_up(tx, row, now, "failed", "not_paid")
        subject = f"payout:{row.id}"
        audit.record(tx, actor=actor, action="payout.decide", subject=subject, now=now, outcome=state, before="waiting")
    tx.flush()
    paid = sum(state == "succeeded" for _, state in open_ones)
    return Imported(paid, len(open_ones) - paid, len(rows) - len(open_ones))


def _read(content: bytes) -> tuple[dict[int, str], list[str]]:
    """State by id, and what is wrong with the file. Raises BadResults where it is none."""
    if len(content) > LARGEST:
        raise BadResults(["the file is larger than 10 MB"])
    try:
        text = content.decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadResults(["not CSV in UTF-8"]) from None
    if not lines or not {"id", "result"} <= set(lines[0]) or len(lines) > MOST:
        raise BadResults([f"a header with id and result is wanted, and 1 to {MOST} lines"])
    told: dict[int, str] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, 2):
        written, result = (line["id"] or "").strip(), (line["result"] or "").strip().lower()
        if not written.isascii() or not written.isdigit() or len(written) > 18:
            faults.append(f"line {number}: id is not a number")
        elif result not in RESULTS:
            faults.append(f"line {number}: result is neither paid nor failed")
        elif told.setdefault(int(written), RESULTS[result]) != RESULTS[result]:
            faults.append(f"line {number}: {int(written)} is there twice, and differently")
    return told, faults
