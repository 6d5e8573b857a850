from __future__ import annotations

from dataclasses import dataclass

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardChanged(Event):
    """A reward for an invited person's first payment: earned and waiting for a subscription (`state` pending), given,
    or taken back with the payment."""

    name = "referrals.reward_changed"
    reward_id: int
    party: str
    state: str
