"""What the rules say about a receipt that was read, kept with the reasons, and taken from limits and budget at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import identity
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.errors import TryLater
from services.platform.outbox import emit
from services.receipts import rules
from services.receipts.events import ReceiptAccepted, ReceiptNeedsReview, ReceiptRecognised
from services.receipts.facts import Reading
from services.receipts.models import ReceiptRow
from services.receipts.rows import known_of, locked, move, reject


def judge(tx: Session, cipher: Cipher, event: ReceiptRecognised, now: datetime) -> None:
    """Accepts, rejects, or leaves it to a person. Repeating it changes nothing. Raises TryLater where an operator
    changed a campaign at that moment."""
    row = locked(tx, event.receipt_id)
    if row.state != "read":
        return
    decision = decide(tx, cipher, row, known_of(row))
    if decision.outcome == "accepted":
        accept(tx, cipher, row, decision, now)
        return
    keep(row, decision)
    if decision.outcome == "rejected":
        reject(tx, row, decision.reasons[0], now)
        return
    move(row, "review", now)
    emit(tx, ReceiptNeedsReview(receipt_id=row.id), now)


def decide(tx: Session, cipher: Cipher, row: ReceiptRow, reading: Reading, *, reviewed: bool = False) -> rules.Decision:
    """Holds the locks of limits and budgets until the transaction ends. Raises TryLater."""
    facts = rules.Facts(reading, row.submitted_at, _first_seen(tx, row))
    campaigns = rules.campaigns_for(tx, row.submitted_at)
    whom = payees(tx, cipher, row)
    try:
        # It counts on the day it was sent: an operator may approve a week's at once.
        return rules.weigh(tx, campaigns, facts, whom, row.submitted_at, reviewed=reviewed)
    except rules.CampaignMoved as error:
        raise TryLater(str(error), after=1) from None


def accept(tx: Session, cipher: Cipher, row: ReceiptRow, decision: rules.Decision, now: datetime) -> None:
    """Takes what it earns from limits and budgets, and announces it. Raises TryLater."""
    assert decision.bonus
    assert decision.campaign
    assert decision.payout
    try:
        is_new = rules.take(tx, decision, row.id, payees(tx, cipher, row), row.submitted_at)
    except rules.CampaignMoved as error:
        raise TryLater(str(error), after=1) from None
    assert is_new, "a receipt that has earned is in no state to be judged"
    keep(row, decision)
    move(row, "approved", now)
    news = ReceiptAccepted(
        receipt_id=row.id,
        party=row.party,
        campaign=decision.campaign,
        minor=decision.bonus.minor,
        currency=decision.bonus.currency,
        payout=decision.payout,
    )
    emit(tx, news, now)


def keep(row: ReceiptRow, decision: rules.Decision) -> None:
    row.decision = decision.as_json()
    row.campaign, row.campaign_version = decision.campaign, decision.version
    row.bonus_minor = decision.bonus.minor if decision.bonus else None
    row.bonus_currency = decision.bonus.currency if decision.bonus else None


def payees(tx: Session, cipher: Cipher, row: ReceiptRow) -> list[str]:
    """Whom limits count: the person, and everybody who gave the same phone."""
    party = Party.parse(row.party)
    phone = identity.phone_index(tx, cipher, party.id) if party.kind == "user" else None
    return [row.party, *([f"phone:{phone}"] if phone else [])]


def _first_seen(tx: Session, row: ReceiptRow) -> datetime | None:
    party = Party.parse(row.party)
    return identity.joined_at(tx, party.id) if party.kind == "user" else None
