from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import identity
from services.platform.money import Money
from services.referrals.links import code_of, start_parameter
from services.referrals.models import ReferralRow, RewardRow


@dataclass(frozen=True, slots=True)
class Invitation:
    """What one person's link has brought. `paid` counts first payments that have not gone back; `days` and `money` (by
    currency, BONUS for tokens) what was earned by inviting, `waiting_days` what waits for a subscription."""

    start_parameter: str
    came: int
    paid: int
    days: int
    waiting_days: int
    money: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Friend:
    """An invited person, as shown to the inviter: the first name and no more. `state` as in ReferralRow."""

    first_name: str
    state: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class RewardView:
    """`money` (BONUS for tokens) or `days`; `state`: pending, given or taken_back; `side` whose it is."""

    id: int
    side: str
    user_id: int
    friend: str
    days: int | None
    money: Money | None
    state: str


def invitation(tx: Session, user_id: int, now: datetime) -> Invitation:
    """Makes the link when it is first asked for."""
    counts = select(ReferralRow.state, func.count()).where(ReferralRow.inviter_id == user_id)
    states = {state: int(count) for state, count in tx.execute(counts.group_by(ReferralRow.state))}
    days: Counter[str] = Counter()
    money: Counter[str] = Counter()
    earned = select(RewardRow).where(RewardRow.user_id == user_id, RewardRow.side == "inviter")
    for row in tx.scalars(earned.where(RewardRow.state.in_(("given", "pending")))):
        days[row.state] += row.days or 0
        if row.currency and row.minor:
            money[row.currency] += row.minor
    return Invitation(
        start_parameter=start_parameter(code_of(tx, user_id, now)),
        came=sum(states.values()),
        paid=states.get("paid", 0),
        days=days["given"],
        waiting_days=days["pending"],
        money=tuple(Money(minor, currency) for currency, minor in sorted(money.items())),
    )


def friends(tx: Session, user_id: int, *, offset: int = 0, limit: int = 10) -> list[Friend]:
    """Whom a person has invited, newest first."""
    invited = select(ReferralRow).where(ReferralRow.inviter_id == user_id).order_by(ReferralRow.invited_id.desc())
    return [
        Friend(identity.user(tx, row.invited_id).first_name, row.state, row.joined_at)
        for row in tx.scalars(invited.offset(offset).limit(limit))
    ]


def reward(tx: Session, reward_id: int) -> RewardView:
    """For reactions: its events name it. `friend` is the first name of the other side."""
    return _seen(tx, tx.get_one(RewardRow, reward_id))


def rewards_of(tx: Session, user_id: int) -> list[RewardView]:
    """For operators: everything a person got on either side, newest first."""
    own = select(RewardRow).where(RewardRow.user_id == user_id).order_by(RewardRow.id.desc())
    return [_seen(tx, row) for row in tx.scalars(own)]


def _seen(tx: Session, row: RewardRow) -> RewardView:
    other = row.invited_id if row.side == "inviter" else tx.get_one(ReferralRow, row.invited_id).inviter_id
    money = Money(row.minor, row.currency) if row.minor and row.currency else None
    name = identity.user(tx, other).first_name
    return RewardView(row.id, row.side, row.user_id, name, row.days, money, row.state)
