from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog import Quote
from services.gifts import codes
from services.gifts.errors import GiftNotFound
from services.gifts.models import GiftRow
from services.identity import Party
from services.platform.crypto import Cipher


@dataclass(frozen=True, slots=True)
class Gift:
    """`state` as in GiftRow, as of the last sweep."""

    id: int
    invoice_id: int
    buyer: Party
    quote: Quote
    state: str
    claimed_by: Party | None
    created_at: datetime
    expires_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Code:
    """`plain` as it is looked up, `shown` for people ("ABCD-EFGH-..."), `start_parameter` for a link to the bot. Never
    in logs."""

    plain: str = field(repr=False)
    shown: str = field(repr=False)
    start_parameter: str = field(repr=False)


def gift(tx: Session, gift_id: int) -> Gift:
    """For reactions and operators. Raises GiftNotFound."""
    row = tx.get(GiftRow, gift_id)
    if row is None:
        raise GiftNotFound(f"gift {gift_id}")
    return seen(row)


def own_gift(tx: Session, party: Party, gift_id: int) -> Gift:
    """One that the party bought. Raises GiftNotFound, also for other people's."""
    found = gift(tx, gift_id)
    if found.buyer != party:
        raise GiftNotFound(f"gift {gift_id} of {party}")
    return found


def code_of(tx: Session, cipher: Cipher, gift_id: int) -> Code:
    """For the buyer, who may see it again: the caller has made sure who asks. Raises GiftNotFound."""
    row = tx.get(GiftRow, gift_id)
    if row is None:
        raise GiftNotFound(f"gift {gift_id}")
    code = cipher.open(row.code_sealed, codes.place(row.invoice_id)).decode()
    return Code(code, codes.shown(code), codes.start_parameter(code))


def gifts_of(tx: Session, party: Party, *, offset: int = 0, limit: int = 10) -> list[Gift]:
    """What a party has bought to give away, newest first."""
    own = select(GiftRow).where(GiftRow.buyer == str(party)).order_by(GiftRow.id.desc())
    return [seen(row) for row in tx.scalars(own.offset(offset).limit(limit))]


def all_gifts(tx: Session, *, state: str | None = None, limit: int = 50) -> list[Gift]:
    """For operators, newest first."""
    wanted = select(GiftRow).order_by(GiftRow.id.desc()).limit(limit)
    return [seen(row) for row in tx.scalars(wanted.where(GiftRow.state == state) if state else wanted)]


def seen(row: GiftRow) -> Gift:
    return Gift(
        id=row.id,
        invoice_id=row.invoice_id,
        buyer=Party.parse(row.buyer),
        quote=Quote.from_json(row.quote),
        state=row.state,
        claimed_by=Party.parse(row.claimed_by) if row.claimed_by else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        changed_at=row.changed_at,
    )
