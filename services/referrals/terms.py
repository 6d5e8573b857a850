"""What an invitation is worth, as the operator writes it: "7d", "50 tokens", "10%" (of the payment, to the inviter's
balance), or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from services.platform.errors import Misconfigured
from services.platform.money import Money

WRITTEN = re.compile(r"(?P<days>[1-9][0-9]{0,2})d|(?P<tokens>[1-9][0-9]{0,6}) ?tokens?|(?P<percent>[1-9][0-9]?|100)%")


class BadReward(Misconfigured):
    code: ClassVar[str] = "bad_reward"


@dataclass(frozen=True, slots=True)
class Reward:
    """At most one of these is set."""

    days: int | None = None
    tokens: int | None = None
    percent: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> Reward:
        """Raises BadReward; the settings were checked when the process began."""
        if not text:
            return cls()
        match = WRITTEN.fullmatch(text)
        if match is None:
            raise BadReward("a reward is written 7d, 50 tokens or 10%")
        return cls(**{name: int(number) for name, number in match.groupdict().items() if number})

    def money(self, payment: Money) -> Money | None:
        """What is booked for it: bonus tokens, or a share of the payment, rounded down. None for days and nothing."""
        if self.tokens:
            return Money(self.tokens, "BONUS")
        share = payment.minor * self.percent // 100 if self.percent else 0
        return Money(share, payment.currency) if share else None


@dataclass(frozen=True, slots=True)
class Terms:
    inviter: Reward
    invited: Reward

    @classmethod
    def parse(cls, inviter: str | None, invited: str | None) -> Terms:
        return cls(Reward.parse(inviter), Reward.parse(invited))
