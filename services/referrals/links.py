"""Personal links, and who came by them."""

from __future__ import annotations

import secrets
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import identity
from services.referrals.models import LinkRow, ReferralRow

PREFIX = "ref_"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters and digits that look alike
LENGTH = 10  # 49 bits: links are handed out, and nobody finds one by trying

log = structlog.get_logger(__name__)


def code_of(tx: Session, user_id: int, now: datetime) -> str:
    """A person's own, made when it is first asked for."""
    own = select(LinkRow.code).where(LinkRow.user_id == user_id)
    if (code := tx.scalar(own)) is not None:
        return code
    made = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    row = insert(LinkRow).values(user_id=user_id, code=made, created_at=now)
    tx.execute(row.on_conflict_do_nothing(index_elements=["user_id"]))
    return tx.scalars(own).one()  # another tap may have been first


def start_parameter(code: str) -> str:
    return PREFIX + code


def note_joined(tx: Session, event: identity.UserJoined, now: datetime) -> None:
    """Somebody new came: by whose link?"""
    referral_of(tx, event.user_id, now)


def referral_of(tx: Session, user_id: int, now: datetime) -> ReferralRow | None:
    """An invited person's row, locked; written when it is first asked for, so that a payment need not wait for the
    news of its payer's arrival. None for people who were not invited."""
    own = select(ReferralRow).where(ReferralRow.invited_id == user_id)
    locked = own.with_for_update().execution_options(populate_existing=True)
    if (row := tx.scalar(locked)) is not None:
        return row
    inviter = _inviter(tx, identity.came_from(tx, user_id))
    if inviter is None or not identity.record_inviter(tx, user_id, inviter):
        return tx.scalar(locked)
    new = insert(ReferralRow).values(invited_id=user_id, inviter_id=inviter, state="joined", joined_at=now)
    tx.execute(new.on_conflict_do_nothing())
    log.info("invited_person_joined", inviter=inviter, invited=user_id)
    return tx.scalar(locked)


def _inviter(tx: Session, parameter: str | None) -> int | None:
    if parameter is None or not parameter.startswith(PREFIX):
        return None
    return tx.scalar(select(LinkRow.user_id).where(LinkRow.code == parameter.removeprefix(PREFIX)))
