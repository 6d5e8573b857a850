"""What a person sees of the wallet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services import subscriptions
from services.catalog import Tariff
from services.identity import Party
from services.wallet.balances import Balance, balance
from services.wallet.bonus import BonusExpiry, expiring
from services.wallet.fees import AHEAD
from services.wallet.history import history
from services.wallet.terms import terms_of
from services.wallet.topup import token_tariffs


@dataclass(frozen=True, slots=True)
class Fee:
    """What a subscription's next period costs, and when it is taken."""

    subscription: subscriptions.Subscription
    tokens: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """`floor` is how far below zero the tokens may go."""

    balance: Balance
    floor: int
    expiring: Sequence[BonusExpiry]
    fees: Sequence[Fee]
    tariffs: Sequence[Tariff]


def overview(tx: Session, party: Party, *, bonus_days: int) -> Overview:
    fees = [
        Fee(one, one.terms.subscription_fee, one.ends_at - AHEAD)
        for one in subscriptions.subscriptions_of(tx, party)
        if one.state == "active" and one.terms.subscription_fee
    ]
    return Overview(
        balance=balance(tx, party),
        floor=terms_of(tx, party).token_floor,
        expiring=expiring(tx, party, bonus_days),
        fees=fees,
        tariffs=token_tariffs(tx, party),
    )


def has_wallet(tx: Session, party: Party) -> bool:
    """Whether there is anything to show: tokens are for sale, or there are or were some."""
    return bool(token_tariffs(tx, party)) or bool(history(tx, party, limit=1))
