"""A receipt has earned something: promised in the books, and on its way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import identity
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.outbox import emit
from services.receipts.events import PayoutDue, ReceiptAccepted
from services.receipts.payouts import booking
from services.receipts.payouts.models import PayoutRow, sealed_place
from services.receipts.payouts.outcomes import move
from services.receipts.payouts.providers.base import TO_PHONES


def order_payout(tx: Session, cipher: Cipher, event: ReceiptAccepted, now: datetime) -> int | None:
    """One payout for each receipt, ever: a second order of it changes nothing and returns None. Returns its id. Where
    it goes to a phone and the person has given none, it waits for one."""
    goes_to_phone = event.payout in TO_PHONES
    phone = phone_for(tx, cipher, event.party) if goes_to_phone else None
    place = sealed_place(event.receipt_id)
    new = insert(PayoutRow).values(
        receipt_id=event.receipt_id,
        party=event.party,
        campaign=event.campaign,
        provider=event.payout,
        state="no_phone" if goes_to_phone and phone is None else "created",
        amount_minor=event.minor,
        currency=event.currency,
        sealed=cipher.seal(phone.encode(), place) if phone else None,
        attempt=0,
        round=0,
        created_at=now,
        changed_at=now,
    )
    once = new.on_conflict_do_nothing(index_elements=["receipt_id"])
    payout_id: int | None = tx.scalar(once.returning(PayoutRow.id))
    if payout_id is None:
        return None
    stored = tx.get_one(PayoutRow, payout_id)
    booking.promise(tx, stored, now)
    if stored.state == "created":
        emit(tx, PayoutDue(payout_id=payout_id), now)
    return payout_id


def phone_given(tx: Session, cipher: Cipher, party: Party, now: datetime) -> int:
    """What waited for this person's phone goes there now. Returns how many."""
    phone = phone_for(tx, cipher, str(party))
    if phone is None:
        return 0
    waiting = select(PayoutRow).where(PayoutRow.party == str(party), PayoutRow.state == "no_phone")
    rows = tx.scalars(waiting.order_by(PayoutRow.id).with_for_update()).all()
    for row in rows:
        row.sealed = cipher.seal(phone.encode(), sealed_place(row.receipt_id))
        move(row, "created", now)
        emit(tx, PayoutDue(payout_id=row.id), now)
    return len(rows)


def phone_for(tx: Session, cipher: Cipher, party: str) -> str | None:
    """380XXXXXXXXX of a person who has given one; a workspace has none."""
    owner = Party.parse(party)
    return identity.phone_of(tx, cipher, owner.id) if owner.kind == "user" else None
