"""A person decides what no machine should: approve, correct, reject, and take back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.crypto import Cipher
from services.receipts.duplicates import claim
from services.receipts.errors import NotPayable
from services.receipts.judge import accept, decide
from services.receipts.rows import in_turn, known_of, locked_in_review, note, reject
from services.receipts.typed import Facts
from services.receipts.views import Receipt, seen

# What an operator may say; each has a text for the person.
REASONS = frozenset(
    {
        "unreadable",
        "not_receipt",
        "not_fiscal",
        "duplicate_receipt",
        "too_old",
        "no_product",
        "screenshot",
        "refund",
        "fraud",
        "other",
    }
)


def correct(tx: Session, receipt_id: int, facts: Facts, *, actor: str, now: datetime) -> Receipt:
    """Puts right what was read; it stays in review. Raises ReceiptNotFound, NotInReview, BadFacts."""
    row = locked_in_review(tx, receipt_id)
    before = known_of(row)
    after = facts.applied_to(before)
    row.corrected, row.changed_at = after.as_json(), now
    note(row, after)
    names = sorted(
        name for name in ("merchant", "date", "time", "total", "currency", "lines") if _differ(before, after, name)
    )
    audit.record(tx, actor=actor, action="receipt.correct", subject=f"receipt:{row.id}", now=now, changed=names)
    tx.flush()
    return seen(row)


def approve(tx: Session, cipher: Cipher, receipt_id: int, *, actor: str, now: datetime, note_: str = "") -> Receipt:
    """The facts are right: the rules say what they earn. Limits, dates, budget and doubles hold as for any other.
    Raises ReceiptNotFound, NotInReview; NotPayable when the rules would pay nothing, and then nothing changes."""
    row = locked_in_review(tx, receipt_id)
    reading = known_of(row)
    in_turn(tx, "doubles")
    if reading.fiscal_key and claim(tx, "fiscal", reading.fiscal_key, row.id) != row.id:
        raise NotPayable("duplicate_receipt")
    decision = decide(tx, cipher, row, reading, reviewed=True)
    if decision.outcome != "accepted":
        raise NotPayable(decision.reasons[0] if decision.reasons else "no_product")
    row.reviewed_by = actor
    accept(tx, cipher, row, decision, now)
    audit.record(
        tx,
        actor=actor,
        action="receipt.approve",
        subject=f"receipt:{row.id}",
        now=now,
        note=note_[:500],
        bonus=str(decision.bonus),
        campaign=decision.campaign,
    )
    tx.flush()
    return seen(row)


def refuse(tx: Session, receipt_id: int, reason: str, *, actor: str, now: datetime, note_: str = "") -> Receipt:
    """Rejected for one of REASONS. After "fraud" the same receipt cannot be sent again by anybody. Raises
    ReceiptNotFound, NotInReview, ValueError for another reason."""
    if reason not in REASONS:
        raise ValueError(f"reason: one of {', '.join(sorted(REASONS))}")
    row = locked_in_review(tx, receipt_id)
    row.reviewed_by = actor
    reject(tx, row, reason, now)
    audit.record(
        tx, actor=actor, action="receipt.reject", subject=f"receipt:{row.id}", now=now, reason=reason, note=note_[:500]
    )
    tx.flush()
    return seen(row)


def _differ(before: object, after: object, name: str) -> bool:
    return bool(getattr(before, name) != getattr(after, name))
