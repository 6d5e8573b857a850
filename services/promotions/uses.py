"""Counting: who has used a code, and who is about to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.identity import Party
from services.promotions.codes import PromoCode
from services.promotions.errors import PromoUsedByYou, PromoUsedUp
from services.promotions.models import PromoPendingRow, PromoUseRow


def reserve(tx: Session, code: PromoCode, party: Party, invoice_id: int, until: datetime, now: datetime) -> int | None:
    """Reserves a use for an open invoice until `until`; the same invoice again changes nothing. The caller has locked
    the code (`find`, `appraise`). Where the limits leave none but what an own open order holds, that order gives it
    up, for one use is one purchase: its invoice is returned, and the caller closes it. Raises PromoUsedUp or
    PromoUsedByYou."""
    if tx.scalar(select(PromoUseRow.id).where(PromoUseRow.invoice_id == invoice_id)) is not None:
        return None
    given_up = None
    try:
        _require(tx, code, party, now)
    except (PromoUsedUp, PromoUsedByYou):
        own = tx.scalars(_open(code.code, party, now).limit(1)).first()
        if own is None:
            raise
        own.state = "released"
        given_up = own.invoice_id
        tx.flush()
        _require(tx, code, party, now)
    tx.add(_use(code, party, now, state="reserved", invoice_id=invoice_id, reserved_until=until))
    tx.flush()
    return given_up


def open_orders(tx: Session, code: PromoCode, party: Party, now: datetime) -> list[int]:
    """The invoices for which this party holds a reservation, oldest first."""
    return [use.invoice_id for use in tx.scalars(_open(code.code, party, now)) if use.invoice_id is not None]


def take(tx: Session, code: PromoCode, party: Party, now: datetime) -> int:
    """Uses it at once, without an invoice. The caller has locked the code. Returns the use's id. Raises PromoUsedUp or
    PromoUsedByYou."""
    _require(tx, code, party, now)
    use = _use(code, party, now, state="used", used_at=now)
    tx.add(use)
    tx.flush()
    return use.id


def note_paid(tx: Session, invoice_id: int, now: datetime) -> bool:
    """Its reservation becomes a use: also one that has lapsed or was given up, and beyond the limit, for the price was
    promised. False when nothing changes. The code that its buyer has typed is done with."""
    mine = update(PromoUseRow).where(PromoUseRow.invoice_id == invoice_id, PromoUseRow.state != "used")
    used = tx.execute(
        mine.values(state="used", used_at=now, reserved_until=None).returning(PromoUseRow.party, PromoUseRow.code)
    ).first()
    if used is None:
        return False
    typed = delete(PromoPendingRow).where(PromoPendingRow.party == used.party, PromoPendingRow.code == used.code)
    tx.execute(typed)
    return True


def require_left(tx: Session, code: PromoCode, party: Party, now: datetime) -> None:
    """Whether this party could use it now; what its own open orders hold does not stand in its way. For looking only:
    `reserve` and `take` decide. Raises PromoUsedUp or PromoUsedByYou."""
    held = len(open_orders(tx, code, party, now))
    _require(tx, code, party, now, without=1 if held else 0)


def counts(tx: Session, code: str, now: datetime) -> tuple[int, int]:
    """(used, reserved) of a code."""
    used = select(func.count()).where(PromoUseRow.code == code, PromoUseRow.state == "used")
    held = select(func.count()).where(PromoUseRow.code == code, _held(now))
    return int(tx.scalar(used) or 0), int(tx.scalar(held) or 0)


def _require(tx: Session, code: PromoCode, party: Party, now: datetime, without: int = 0) -> None:
    taken = select(func.count()).where(PromoUseRow.code == code.code, or_(PromoUseRow.state == "used", _held(now)))
    if code.per_person is not None:
        by_party = int(tx.scalar(taken.where(PromoUseRow.party == str(party))) or 0)
        if by_party - without >= code.per_person:
            raise PromoUsedByYou(code.code)
    if code.total is not None and int(tx.scalar(taken) or 0) - without >= code.total:
        raise PromoUsedUp(code.code)


def _held(now: datetime) -> ColumnElement[bool]:
    return and_(PromoUseRow.state == "reserved", PromoUseRow.reserved_until > now)


def _open(code: str, party: Party, now: datetime) -> Select[PromoUseRow]:
    own = select(PromoUseRow).where(PromoUseRow.code == code, PromoUseRow.party == str(party), _held(now))
    return own.order_by(PromoUseRow.id)


def _use(
    code: PromoCode,
    party: Party,
    now: datetime,
    *,
    state: str,
    invoice_id: int | None = None,
    reserved_until: datetime | None = None,
    used_at: datetime | None = None,
) -> PromoUseRow:
    return PromoUseRow(
        code=code.code,
        party=str(party),
        invoice_id=invoice_id,
        state=state,
        reserved_until=reserved_until,
        created_at=now,
        used_at=used_at,
    )
