"""A person's mobile phone (Ukraine): sealed, and found again by a keyed hash alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.events import PhoneGiven
from services.identity.models import PhoneRow
from services.platform import audit
from services.platform.crypto import Cipher
from services.platform.errors import Invalid
from services.platform.outbox import emit

# Of mobile networks (National numbering plan of Ukraine, as of 2026).
MOBILE = frozenset(
    ["39", "50", "63", "66", "67", "68", "73", "75", "77", "89", "91", "92", "93", "94", "95", "96", "97", "98", "99"]
)
INDEX = "user_phones.phone"


class BadPhone(Invalid):
    """Not a mobile number of Ukraine."""

    code: ClassVar[str] = "bad_phone"


@dataclass(frozen=True, slots=True)
class Phone:
    """`number` is 380XXXXXXXXX; `is_own`: Telegram says that it is this person's."""

    number: str
    is_own: bool
    given_at: datetime

    @property
    def masked(self) -> str:
        """For screens and messages: +380 67 *** ** 89."""
        return f"+380 {self.number[3:5]} *** ** {self.number[-2:]}"


def normalise_phone(written: str) -> str:
    """ "+38 (067) 123-45-67", "067 123 45 67" or "380671234567" as 380671234567. Raises BadPhone."""
    if len(written) > 40 or not re.fullmatch(r"[\s+()0-9.\-\u00a0]+", written) or not written.isprintable():
        raise BadPhone
    digits = "".join(char for char in written if char in "0123456789")
    match = re.fullmatch(r"(?:(?:00)?38)?0([0-9]{2})([0-9]{7})", digits)
    if not match or match[1] not in MOBILE:
        raise BadPhone
    return f"380{match[1]}{match[2]}"


def keep_phone(tx: Session, cipher: Cipher, user_id: int, number: str, now: datetime, *, is_own: bool) -> Phone:
    """The person's number from now on, instead of an earlier one; emits PhoneGiven when it changes. Raises BadPhone."""
    number = normalise_phone(number)
    earlier = phone(tx, cipher, user_id)
    if earlier is not None and earlier.number == number and earlier.is_own >= is_own:
        return earlier
    row = insert(PhoneRow).values(
        user_id=user_id,
        sealed=cipher.seal(number.encode(), _place(user_id)),
        blind_index=cipher.blind_indexes(number.encode(), INDEX)[0],
        is_own=is_own,
        given_at=now,
    )
    news = {name: row.excluded[name] for name in ("sealed", "blind_index", "is_own", "given_at")}
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=news))
    audit.record(tx, actor=f"user:{user_id}", action="phone.give", subject=f"user:{user_id}", now=now, is_own=is_own)
    if earlier is None or earlier.number != number:
        emit(tx, PhoneGiven(user_id=user_id), now)
    return Phone(number, is_own, now)


def phone(tx: Session, cipher: Cipher, user_id: int) -> Phone | None:
    row = tx.scalar(select(PhoneRow).where(PhoneRow.user_id == user_id).execution_options(populate_existing=True))
    if row is None:
        return None
    return Phone(cipher.open(row.sealed, _place(user_id)).decode(), row.is_own, row.given_at)


def phone_of(tx: Session, cipher: Cipher, user_id: int) -> str | None:
    """380XXXXXXXXX, or None when none was given."""
    found = phone(tx, cipher, user_id)
    return found.number if found else None


def phone_index(tx: Session, cipher: Cipher, user_id: int) -> str | None:
    """A name for the person's number that tells nothing of it: the same for all who gave the same number."""
    number = phone_of(tx, cipher, user_id)
    return cipher.blind_indexes(number.encode(), INDEX)[0] if number else None


def users_of_phone(tx: Session, cipher: Cipher, written: str) -> list[int]:
    """Ids of all who gave this number; it is looked for by hashes, with earlier secrets as well. Raises BadPhone."""
    indexes = cipher.blind_indexes(normalise_phone(written).encode(), INDEX)
    return list(
        tx.scalars(select(PhoneRow.user_id).where(PhoneRow.blind_index.in_(indexes)).order_by(PhoneRow.user_id))
    )


def _place(user_id: int) -> str:
    return f"user_phones.sealed:{user_id}"
