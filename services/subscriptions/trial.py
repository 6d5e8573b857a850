from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import catalog, identity
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.errors import Conflict
from services.platform.money import Money
from services.subscriptions.extend import extend
from services.subscriptions.journal import newest, take_turns
from services.subscriptions.models import SubscriptionChangeRow, SubscriptionRow, TrialRow

PLACE = "subscription_trials.person"
AT_ONCE = 5000  # parties in one query


class TrialUsed(Conflict):
    """This person has had a trial of this product, or the product itself."""

    code: ClassVar[str] = "trial_used"


def start_trial(tx: Session, cipher: Cipher, party: Party, tariff: str, now: datetime, *, cause: str = "user") -> int:
    """Gives a trial tariff (its audience is "trial") for its period, without payment: once for a person and product,
    also after the account was erased, and only to who has never had the product. Returns the subscription's id. Raises
    TariffNotFound, NotForSale or TrialUsed."""
    offered = catalog.tariff(tx, tariff)
    if not offered.active or offered.audience != "trial":
        raise catalog.NotForSale(tariff)
    take_turns(tx, str(party), offered.product)
    person, *earlier = _person(tx, cipher, party)
    taken = select(TrialRow).where(TrialRow.person.in_(earlier), TrialRow.product == offered.product)
    row = insert(TrialRow).values(person=person, product=offered.product, taken_at=now)
    is_first = tx.scalar(row.on_conflict_do_nothing().returning(TrialRow.person)) is not None
    if not is_first or tx.scalar(taken) is not None or newest(tx, str(party), offered.product) is not None:
        raise TrialUsed(f"{party} {offered.product}")
    free = Money(0, "RUB")
    terms = catalog.terms(offered, free)
    return extend(
        tx,
        str(party),
        terms,
        happens="tried",
        cause="trial" if cause == "user" else cause,
        reference=f"trial:{party}:{offered.product}",
        value=free,
        now=now,
    )


def trials_open_to(tx: Session, cipher: Cipher, party: Party) -> list[catalog.Tariff]:
    """The trials that this person may have, one of each product."""
    offered = {one.product: one for one in reversed(catalog.list_tariffs(tx, {"trial"}))}
    if not offered:
        return []
    tried = select(TrialRow.product).where(TrialRow.person.in_(_person(tx, cipher, party)))
    owned = select(SubscriptionRow.product).where(SubscriptionRow.party == str(party))
    had = {*tx.scalars(tried), *tx.scalars(owned)}
    return [one for product, one in sorted(offered.items()) if product not in had]


def who_tried(tx: Session, parties: Sequence[Party]) -> int:
    """How many of these parties have had a trial, of whichever product."""
    total = 0
    for start in range(0, len(parties), AT_ONCE):
        who = [str(party) for party in parties[start : start + AT_ONCE]]
        tried = (
            select(func.count(SubscriptionRow.party.distinct()))
            .join(SubscriptionChangeRow, SubscriptionChangeRow.subscription_id == SubscriptionRow.id)
            .where(SubscriptionRow.party.in_(who), SubscriptionChangeRow.reference.startswith("trial:"))
        )
        total += int(tx.scalar(tried) or 0)
    return total


def _person(tx: Session, cipher: Cipher, party: Party) -> list[str]:
    """The keyed hashes of who it is; the current secret's first."""
    about = str(identity.user(tx, party.id).telegram_id) if party.kind == "user" else str(party)
    return cipher.blind_indexes(about.encode(), PLACE)
