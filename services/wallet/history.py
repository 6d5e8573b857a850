from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from services import ledger
from services.identity import Party
from services.wallet.balances import bonus_of, tokens_of
from services.wallet.models import NoteRow


@dataclass(frozen=True, slots=True)
class Line:
    """What one fact did to a balance: tokens above zero came, below zero went. `kind` and `reference` are the ledger's;
    `description` and `detail` the words of who spent or adjusted."""

    id: int
    at: datetime
    kind: str
    reference: str
    tokens: int
    bonus: int
    description: str | None
    detail: Mapping[str, Any]

    @property
    def total(self) -> int:
        return self.tokens + self.bonus


def history(tx: Session, party: Party, *, before: int | None = None, limit: int = 50) -> list[Line]:
    """Newest first; `before` is the id of the last line that was seen."""
    facts = ledger.facts(tx, [tokens_of(party), bonus_of(party)], before=before, limit=limit)
    named = tuple_(NoteRow.kind, NoteRow.reference).in_([(fact.kind, fact.reference) for fact in facts])
    rows = tx.scalars(select(NoteRow).where(named, NoteRow.party == str(party))) if facts else ()
    notes = {(row.kind, row.reference): row for row in rows}
    lines = []
    for fact in facts:
        note = notes.get((fact.kind, fact.reference))
        owed = {currency: -amount.minor for currency, amount in fact.amounts.items()}
        lines.append(
            Line(
                id=fact.id,
                at=fact.posted_at,
                kind=fact.kind,
                reference=fact.reference,
                tokens=owed.get("TOKEN", 0),
                bonus=owed.get("BONUS", 0),
                description=note.description if note else None,
                detail=note.detail if note else {},
            )
        )
    return lines
