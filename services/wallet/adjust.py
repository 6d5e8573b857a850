from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import identity, ledger
from services.identity import Party
from services.platform import audit
from services.platform.money import LIMIT, Money
from services.platform.outbox import emit
from services.wallet.balances import ADJUSTED, Balance, hold, tokens_of
from services.wallet.errors import BadTokens
from services.wallet.events import BalanceAdjusted
from services.wallet.models import NoteRow
from services.wallet.terms import terms_of

ADJUSTMENT = "adjustment"


def adjust(
    tx: Session,
    party: Party,
    tokens: int,
    *,
    reason: str,
    actor: str,
    reference: str,
    now: datetime,
    force: bool = False,
) -> Balance:
    """Gives tokens, or takes them where `tokens` is below zero; not further below zero than the tariff lets the balance
    go, unless `force`. `reference` makes asking twice one adjustment. Returns the balance after. Raises BadTokens,
    UserNotFound or Insufficient."""
    if type(tokens) is not int or not 0 < abs(tokens) < LIMIT:
        raise BadTokens("a whole number other than zero")
    if party.kind == "user":
        identity.user(tx, party.id)
    held, amount = hold(tx, party), Money(tokens, "TOKEN")
    after = Balance(held.tokens + tokens, held.bonus)
    if ledger.find(tx, kind=ADJUSTMENT, reference=reference):
        return held
    if tokens < 0 and not force and after.tokens < -terms_of(tx, party).token_floor:
        raise ledger.Insufficient(f"{party} has {held.tokens} tokens")
    entries = [ledger.Entry(ADJUSTED, amount), ledger.Entry(tokens_of(party), -amount)]
    ledger.post(tx, kind=ADJUSTMENT, reference=reference, entries=entries, now=now, may_overdraw=True)
    note = NoteRow(
        kind=ADJUSTMENT, reference=reference, party=str(party), description=reason[:200], detail={"actor": actor}
    )
    tx.add(note)
    audit.record(
        tx,
        actor=actor,
        action="wallet.adjust",
        subject=str(party),
        now=now,
        tokens=tokens,
        reason=reason[:500],
        force=force,
    )
    emit(tx, BalanceAdjusted(party=str(party), tokens=tokens, reference=reference), now)
    tx.flush()
    return after
