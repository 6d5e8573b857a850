from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import subscriptions
from services.catalog import Quote
from services.gifts import codes
from services.gifts.errors import GiftNotFound, GiftOver, GiftTaken
from services.gifts.events import GiftClaimed
from services.gifts.models import GiftRow
from services.gifts.views import Gift, seen
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.outbox import emit


def look_up(tx: Session, cipher: Cipher, typed: str, now: datetime) -> Gift:
    """What a code that somebody typed would bring; changes nothing. Raises GiftNotFound, GiftTaken or GiftOver."""
    row = _by_code(tx, cipher, typed)
    _require_open(row, now)
    return seen(row)


def claim(tx: Session, cipher: Cipher, party: Party, typed: str, now: datetime) -> Gift:
    """Gives what was paid for to whoever has the code, the buyer included: once. The same party again gets the same
    answer. Raises GiftNotFound, GiftTaken or GiftOver."""
    row = _by_code(tx, cipher, typed, lock=True)
    if row.state == "claimed" and row.claimed_by == str(party):
        return seen(row)
    _require_open(row, now)
    paid = Quote.from_json(row.quote)
    subscriptions.give(
        tx, party, paid, reference=row.reference, cause="gift", value=paid.price, now=now, happens="paid"
    )
    row.state, row.claimed_by, row.changed_at = "claimed", str(party), now
    emit(tx, GiftClaimed(gift_id=row.id, party=row.buyer, claimed_by=str(party)), now)
    return seen(row)


def _by_code(tx: Session, cipher: Cipher, typed: str, *, lock: bool = False) -> GiftRow:
    code = codes.read(typed)
    if code is not None:
        found = select(GiftRow).where(GiftRow.code_index.in_(codes.indexes(cipher, code)))
        row = tx.scalar(found.with_for_update().execution_options(populate_existing=True) if lock else found)
        if row is not None:
            return row
    raise GiftNotFound("no gift has this code")


def _require_open(row: GiftRow, now: datetime) -> None:
    if row.state == "claimed":
        raise GiftTaken(row.reference)
    if row.state != "waiting" or row.expires_at <= now:  # it is over before the sweep sees it
        raise GiftOver(f"{row.reference} is {row.state}")
