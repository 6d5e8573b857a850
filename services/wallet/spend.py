from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services import identity, ledger, subscriptions
from services.identity import Party
from services.platform.money import LIMIT
from services.wallet.balances import Balance, balance, bonus_of, hold, tokens_of
from services.wallet.draw import draw
from services.wallet.errors import BadTokens, ReferenceUsed, SubscriptionNeeded
from services.wallet.models import NoteRow
from services.wallet.rates import usage_cost
from services.wallet.terms import runs, terms_of

SPEND = "spend"


@dataclass(frozen=True, slots=True)
class Spent:
    """How many bought and bonus tokens went, and the balance now."""

    tokens: int
    bonus: int
    left: Balance

    @property
    def total(self) -> int:
        return self.tokens + self.bonus


def spend(
    tx: Session,
    party: Party,
    tokens: int,
    *,
    reference: str,
    description: str,
    metadata: Mapping[str, Any] | None = None,
    product: str | None = None,
    now: datetime,
) -> Spent:
    """Takes tokens, bonus first. `reference` names the spending for ever: the same again takes nothing and tells what
    went then. `description` is shown to the person, `metadata` (plain values) kept beside it.

    A named `product` needs a subscription of it that runs; without one, a party whose tariff has a fee needs the
    tariff's own. Raises BadTokens, UserNotFound, UserBlocked, SubscriptionNeeded, Insufficient or ReferenceUsed."""
    if type(tokens) is not int or not 0 < tokens < LIMIT:
        raise BadTokens("a whole number above zero")
    is_blocked = party.kind == "user" and identity.user(tx, party.id).blocked
    hold(tx, party)
    if (done := _known(tx, party, reference, tokens)) is not None:
        return done
    if is_blocked:
        raise identity.UserBlocked(str(party))
    terms = terms_of(tx, party)
    needed = product or (terms.product if terms.subscription_fee else None)
    if needed is not None:
        _require_running(tx, party, needed, now)
    try:
        drawn = draw(
            tx,
            party,
            tokens,
            kind=SPEND,
            reference=reference,
            what=product or terms.product,
            floor=terms.token_floor,
            now=now,
        )
    except ledger.AlreadyPosted:  # somebody else's, meanwhile
        raise ReferenceUsed(reference) from None
    tx.add(
        NoteRow(
            kind=SPEND,
            reference=reference,
            party=str(party),
            description=description[:200],
            detail=dict(metadata or {}),
        )
    )
    tx.flush()
    return Spent(drawn.tokens, drawn.bonus, drawn.left)


def charge_usage(
    tx: Session,
    party: Party,
    *,
    units: str,
    price: str,
    multiplier: str = "1",
    reference: str,
    description: str,
    metadata: Mapping[str, Any] | None = None,
    product: str | None = None,
    now: datetime,
) -> Spent:
    """Takes what so much usage costs: units x price x multiplier, decimals as text, rounded up once to whole tokens.
    What costs nothing is not booked. Raises BadUsage, and what `spend` raises."""
    cost = usage_cost(units, price, multiplier)
    used = {"units": units, "price": price, "multiplier": multiplier}
    if cost == 0:
        if party.kind == "user":
            identity.user(tx, party.id)
        return Spent(0, 0, balance(tx, party))
    return spend(
        tx,
        party,
        cost,
        reference=reference,
        description=description,
        metadata={**(metadata or {}), "usage": used},
        product=product,
        now=now,
    )


def _known(tx: Session, party: Party, reference: str, tokens: int) -> Spent | None:
    """What went under this reference. Raises ReferenceUsed when that was another spending."""
    went = {entry.account: entry.amount.minor for entry in ledger.find(tx, kind=SPEND, reference=reference)}
    if not went:
        return None
    done = Spent(went.get(tokens_of(party), 0), went.get(bonus_of(party), 0), balance(tx, party))
    if done.total != tokens:
        raise ReferenceUsed(reference)
    return done


def _require_running(tx: Session, party: Party, product: str, now: datetime) -> None:
    owned = [one for one in subscriptions.subscriptions_of(tx, party) if one.product == product]
    if not any(runs(one, now) for one in owned):
        raise SubscriptionNeeded(f"{product} of {party}")
