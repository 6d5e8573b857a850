"""Codes as people type them: remembered for what they buy next, and not to be found by guessing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity import Party
from services.platform.db import Database
from services.promotions.appraise import require_valid
from services.promotions.codes import PromoCode, find, read
from services.promotions.errors import PromoUnknown, TooManyGuesses
from services.promotions.models import PromoCodeRow, PromoGuessRow, PromoPendingRow
from services.promotions.uses import require_left

KEPT = timedelta(days=1)
GUESSES, WITHIN = 10, timedelta(hours=1)


def enter(db: Database, party: Party, text: str, audiences: Collection[str], now: datetime) -> PromoCode:
    """Recognises what somebody typed. A code that needs a purchase is remembered for a day, in the place of an earlier
    one; another one waits for its redemption. Unknown ones are counted, and after GUESSES of them there is no answer
    until the hour is over. Raises PromoRefused or TooManyGuesses."""
    unknown: PromoUnknown | None = None
    with db.begin() as tx:
        _require_patience(tx, party, now)
        try:
            code = find(tx, text)
        except PromoUnknown as error:  # told after the count of it is committed
            unknown = error
            tx.add(PromoGuessRow(party=str(party), at=now))
        else:
            require_valid(code, audiences, now)
            require_left(tx, code, party, now)
            if code.needs_purchase:
                _remember(tx, party, code, now)
    if unknown is not None:
        raise unknown
    return code


def pending(tx: Session, party: Party, now: datetime) -> PromoCode | None:
    """The code that somebody has typed for what they buy next. Whether it can be used is for `preview` to say."""
    typed = select(PromoCodeRow).join(PromoPendingRow, PromoPendingRow.code == PromoCodeRow.code)
    fresh = typed.where(PromoPendingRow.party == str(party), PromoPendingRow.typed_at > now - KEPT)
    row = tx.scalar(fresh.execution_options(populate_existing=True))
    return read(row) if row is not None else None


def forget(tx: Session, party: Party) -> None:
    tx.execute(delete(PromoPendingRow).where(PromoPendingRow.party == str(party)))


def purge(tx: Session, now: datetime) -> int:
    """Deletes what no longer counts: guesses, and codes that were typed and not used. Returns how many."""
    old = (
        delete(PromoGuessRow).where(PromoGuessRow.at <= now - WITHIN).returning(PromoGuessRow.id),
        delete(PromoPendingRow).where(PromoPendingRow.typed_at <= now - KEPT).returning(PromoPendingRow.party),
    )
    return sum(len(tx.execute(statement).all()) for statement in old)


def _remember(tx: Session, party: Party, code: PromoCode, now: datetime) -> None:
    row = insert(PromoPendingRow).values(party=str(party), code=code.code, typed_at=now)
    newer = {"code": row.excluded.code, "typed_at": row.excluded.typed_at}
    tx.execute(row.on_conflict_do_update(index_elements=["party"], set_=newer))


def _require_patience(tx: Session, party: Party, now: datetime) -> None:
    """One guess of a person at a time: many at once count as many. Raises TooManyGuesses."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"promo:{party}", 0))))
    own = PromoGuessRow.party == str(party)
    tx.execute(delete(PromoGuessRow).where(own, PromoGuessRow.at <= now - WITHIN))
    guesses = tx.scalars(select(PromoGuessRow.at).where(own).order_by(PromoGuessRow.at)).all()
    if len(guesses) >= GUESSES:
        wait = guesses[0] + WITHIN - now
        raise TooManyGuesses(f"{party} has guessed {len(guesses)} times", after=max(1.0, wait.total_seconds()))
