"""The accounts of a party, and what is on them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services import ledger
from services.identity import Party

ISSUED, ADJUSTED, PROMOTIONS = "issued:tokens", "adjustments:tokens", "promotions:bonus"


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole tokens that we owe; below zero the party owes us."""

    tokens: int
    bonus: int

    @property
    def total(self) -> int:
        """What can be spent, as far as there is no floor below zero."""
        return self.tokens + self.bonus


def balance(tx: Session, party: Party) -> Balance:
    return Balance(
        -ledger.balance(tx, tokens_of(party), "TOKEN").minor, -ledger.balance(tx, bonus_of(party), "BONUS").minor
    )


def hold(tx: Session, party: Party) -> Balance:
    """As `balance`; nobody else changes it until this transaction ends."""
    held = ledger.hold(tx, {tokens_of(party): "TOKEN", bonus_of(party): "BONUS"})
    return Balance(-held[tokens_of(party)].minor, -held[bonus_of(party)].minor)


def tokens_of(party: Party) -> str:
    return f"tokens:{party}"


def bonus_of(party: Party) -> str:
    return f"bonus:{party}"


def spent_on(what: str) -> str:
    return f"spent:{what}"
