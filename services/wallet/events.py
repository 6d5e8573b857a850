from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensCredited(Event):
    """An invoice brought `tokens`. `fee` of them went for a period of `product` at once; `fee_missing`: there were too
    few for that fee."""

    name = "wallet.tokens_credited"
    party: str
    invoice_id: int
    product: str
    tokens: int
    fee: int = 0
    fee_missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCharged(Event):
    """A subscription's next period was paid in tokens; `ended_at` is the end it had."""

    name = "wallet.fee_charged"
    subscription_id: int
    party: str
    ended_at: datetime
    fee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeMissed(Event):
    """There were too few tokens for the next period; it is tried until `ends_at`."""

    name = "wallet.fee_missed"
    subscription_id: int
    party: str
    ends_at: datetime
    fee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceLow(Event):
    """A spending took the balance to `threshold` tokens or below; `left` are left. `reference` is the spending's."""

    name = "wallet.balance_low"
    party: str
    threshold: int
    left: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAdjusted(Event):
    """An operator gave tokens, or took some (below zero)."""

    name = "wallet.balance_adjusted"
    party: str
    tokens: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusSweepDue(Event):
    """Bonus tokens whose time is over are to be taken, of accounts by name behind `after`."""

    name = "wallet.bonus_sweep_due"
    after: str = ""
