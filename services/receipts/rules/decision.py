"""What is asked about a receipt and what is answered: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from services.platform.money import Money
from services.receipts.facts import Reading

Outcome = Literal["accepted", "rejected", "review"]
# ok: passed; no: it earns nothing; missing: cannot be reckoned until a person fills it in; doubt: a person must look;
# cut: the bonus was changed to what `wants` says; sum: what it came to.
Result = Literal["ok", "no", "missing", "doubt", "cut", "sum"]

# Why a campaign pays nothing, or asks for a person; beside these, facts.DOUBTS. Codes are stored and shown: they do not
# change.
REASONS = frozenset(
    {
        *("no_campaign", "campaign_closed", "before_campaign", "after_campaign", "too_old", "future_date"),
        *("no_product", "below_min", "merchant_not_in_campaign", "country_not_in_campaign", "currency_mismatch"),
        *("not_for_you", "limit_user_day", "limit_user_week", "limit_user_month", "limit_user_total", "limit_budget"),
        *("fiscal_unknown", "country_unknown", "currency_unknown", "merchant_unknown"),
        *("sum_unknown", "quantity_unknown"),
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read, when the person sent it, and since when we know that person."""

    reading: Reading
    submitted_at: datetime
    first_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Receipts which have earned, and the minor units that they have."""

    count: int = 0
    minor: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What a campaign has spent, and what the person has had of it by span; where they are known under several keys,
    the most that any of these has had."""

    spent: int = 0
    by_span: Mapping[str, Tally] = field(default_factory=dict)

    def of(self, span: str) -> Tally:
        return self.by_span.get(span, Tally())


@dataclass(frozen=True, slots=True)
class Step:
    """One rule at work: what it saw on the receipt, what the campaign wants, what came of it, and the reason's code
    where it stands against the receipt. All is plain text, for the explanation."""

    campaign: str
    rule: str
    saw: str
    wants: str
    result: Result
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A product on a receipt. `lines` are numbers of the reading's lines from 0, `texts` numbers of its texts: where
    only these name it, `sum` is unknown. `sum` is in minor units, `score` from 0 to 100."""

    sku: str
    name: str
    alias: str
    score: int
    lines: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    sum: int | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Award:
    """A campaign's part of what a receipt earns."""

    campaign: str
    version: int
    bonus: Money


@dataclass(frozen=True, slots=True)
class Decision:
    """`bonus` is all of it; where a person must look, what it would be as far as that can be reckoned; none for what is
    rejected. `campaign` and `version` are the one that leads, `awards` all that pay (only an accepted one has them).
    `reasons` are codes, the most telling first; `trace` has the steps of every campaign that was looked at."""

    outcome: Outcome
    bonus: Money | None
    campaign: str | None
    version: int | None
    payout: str | None
    reasons: tuple[str, ...]
    matched: tuple[Match, ...] = ()
    awards: tuple[Award, ...] = ()
    trace: tuple[Step, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be stored and shown; sums as {"minor", "currency"}."""
        return {
            "outcome": self.outcome,
            "bonus": _money(self.bonus),
            "campaign": self.campaign,
            "version": self.version,
            "payout": self.payout,
            "reasons": list(self.reasons),
            "matched": [_plain(match) for match in self.matched],
            "awards": [_plain(award) | {"bonus": _money(award.bonus)} for award in self.awards],
            "trace": [_plain(step) for step in self.trace],
        }


def _money(money: Money | None) -> dict[str, Any] | None:
    return None if money is None else {"minor": money.minor, "currency": money.currency}


def _plain(value: Match | Award | Step) -> dict[str, Any]:
    values = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}
