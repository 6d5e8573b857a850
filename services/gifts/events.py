from __future__ import annotations

from dataclasses import dataclass

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftBought(Event):
    """It is paid, and its code is there to be handed over."""

    name = "gifts.gift_bought"
    gift_id: int
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftClaimed(Event):
    """`party` bought it, `claimed_by` has it now."""

    name = "gifts.gift_claimed"
    gift_id: int
    party: str
    claimed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftExpired(Event):
    """Nobody took it in time: `minor` units of `currency` are on the buyer's balance."""

    name = "gifts.gift_expired"
    gift_id: int
    party: str
    minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftTakenBack(Event):
    """Its payment went back, and with it what was left of the days that `claimed_by` had of it."""

    name = "gifts.gift_taken_back"
    gift_id: int
    party: str
    claimed_by: str
