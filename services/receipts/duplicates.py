"""One receipt is paid once: what is the same, and what only looks the same.

Exact sameness is a claim, a row that only one receipt may have; whoever comes second is refused, also at the same
moment. What only looks alike goes to a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.receipts.facts import Reading
from services.receipts.models import ClaimRow, ReceiptRow
from services.receipts.rows import in_turn, known_of

# Of 256 bits of a perceptual hash. Measured on 100 receipts: saved again or scaled differs by 6 at most, another
# receipt by 34 or more.
SAME_PICTURE, LIKE_PICTURE = 20, 50
REMEMBERED = timedelta(days=60)  # a receipt is too old to be paid long before
SAME_NAME = 80  # of 100: two readings of one merchant's name

Finding = Literal["duplicate_picture", "duplicate_receipt", "similar_picture", "looks_like_another"]
CERTAIN: frozenset[str] = frozenset({"duplicate_picture", "duplicate_receipt"})


def claim(tx: Session, kind: str, key: str, receipt_id: int) -> int:
    """The id of the receipt that has it now: the caller's own, or an earlier one. Waits for whoever claims it at the
    same moment."""
    row = insert(ClaimRow).values(kind=kind, key=key, receipt_id=receipt_id)
    tx.execute(row.on_conflict_do_nothing())
    return tx.scalars(select(ClaimRow.receipt_id).where(ClaimRow.kind == kind, ClaimRow.key == key)).one()


def find_double(tx: Session, row: ReceiptRow, reading: Reading) -> Finding | None:
    """Compares with every receipt that was not rejected, whoever sent it, and claims what is this one's. The caller's
    transaction has its turn until it ends: of two at once, one sees the other."""
    in_turn(tx, "doubles")
    if reading.fiscal_key and claim(tx, "fiscal", reading.fiscal_key, row.id) != row.id:
        return "duplicate_receipt"
    alike = _like_picture(tx, row, reading)
    if alike in CERTAIN:
        return alike
    return _same_purchase(tx, row, reading) or alike


def bits_apart() -> ColumnElement[int]:
    """In how many bits a receipt's picture hash differs from the parameter `hash`."""
    apart = text("CAST('x' || receipts.picture_hash AS bit(256)) # CAST('x' || CAST(:hash AS text) AS bit(256))")
    return func.bit_count(apart)


def _same_purchase(tx: Session, row: ReceiptRow, reading: Reading) -> Finding | None:
    if reading.date is None or reading.total is None:
        return None
    others = tx.scalars(
        select(ReceiptRow).where(
            ReceiptRow.id != row.id,
            ReceiptRow.bought_on == reading.date,
            ReceiptRow.total_minor == int(reading.total.scaleb(2)),
            ReceiptRow.state.not_in(("rejected", "receiving")),
        )
    ).all()
    at = reading.time and f"{reading.time:%H:%M}"
    alike = False
    for other in others:
        if other.fiscal_key and reading.fiscal_key:
            continue  # both are known for sure, and differ: the claim has been made
        if other.bought_at and at and other.bought_at != at:
            continue
        if other.bought_at == at and at and _same_shop(other, reading):
            return "duplicate_receipt"
        alike = True
    return "looks_like_another" if alike else None


def _same_shop(other: ReceiptRow, reading: Reading) -> bool:
    known = known_of(other)
    for one, two in ((known.fiscal_number, reading.fiscal_number), (known.tax_id, reading.tax_id)):
        if one and one == two:
            return True
    if not known.merchant or not reading.merchant:
        return False
    from rapidfuzz import fuzz  # the processes that never compare do without it

    return fuzz.ratio(known.merchant.casefold(), reading.merchant.casefold()) >= SAME_NAME


def _like_picture(tx: Session, row: ReceiptRow, reading: Reading) -> Finding | None:
    if not reading.picture_hash:
        return None
    others = select(func.min(bits_apart())).where(
        ReceiptRow.id != row.id,
        ReceiptRow.picture_hash.is_not(None),
        ReceiptRow.submitted_at >= row.submitted_at - REMEMBERED,
        ReceiptRow.state.not_in(("rejected", "receiving")),
    )
    if reading.fiscal_key:  # with a code of its own a receipt is another one, however alike they look
        others = others.where(or_(ReceiptRow.fiscal_key.is_(None), ReceiptRow.fiscal_key == reading.fiscal_key))
    nearest = tx.scalar(others, {"hash": reading.picture_hash})
    if nearest is None or nearest > LIKE_PICTURE:
        return None
    return "duplicate_picture" if nearest <= SAME_PICTURE else "similar_picture"
