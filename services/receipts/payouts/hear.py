"""What a provider tells later of a payment, by its callback."""

from __future__ import annotations

import re
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.receipts.payouts.models import PayoutRow
from services.receipts.payouts.outcomes import contradict, locked, note_paid, note_refused
from services.receipts.payouts.providers.base import News

REFERENCE = re.compile(r"(?:Kiosk )?([1-9][0-9]{0,17})\.([1-9][0-9]{0,8})")

log = structlog.get_logger(__name__)


def hear(tx: Session, provider: str, news: News, now: datetime) -> bool:
    """Notes what became of a payment, once however often it is told. True when it is one of ours; what is not, or is
    of another amount, changes nothing."""
    found = _find(tx, provider, news)
    if found is None:
        log.warning("payout_news_of_nobody", provider=provider)
        return False
    row = locked(tx, found[0])
    if news.amount is not None and news.amount != row.amount:
        log.error("payout_news_of_another_amount", payout=row.id, provider=provider)
        return False
    attempt = found[1] or row.attempt
    if row.provider != provider:  # it was paid otherwise meanwhile
        if news.is_paid:
            contradict(tx, row, now, "paid", news.external_id)
    elif news.is_paid:
        note_paid(tx, row, now, news.external_id, attempt)
    else:
        note_refused(tx, row, now, news.code, attempt)
    return True


def _find(tx: Session, provider: str, news: News) -> tuple[int, int | None] | None:
    """(payout, its call) by our own reference; else by the provider's name, where just one payout has it."""
    if written := REFERENCE.fullmatch(news.reference or ""):
        payout_id, attempt = int(written[1]), int(written[2])
        row = tx.execute(select(PayoutRow.attempt).where(PayoutRow.id == payout_id)).first()
        return (payout_id, attempt) if row is not None and attempt <= row.attempt else None
    named = PayoutRow.provider == provider, PayoutRow.external_id == news.external_id
    ids = tx.scalars(select(PayoutRow.id).where(*named).limit(2)).all()
    return (ids[0], None) if len(ids) == 1 else None
