"""The judgement: pure, so that the same receipt has the same answer, in whatever order the campaigns come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from services.platform.money import Money
from services.receipts.rules.campaign import PAYOUTS, Campaign
from services.receipts.rules.checks import checks
from services.receipts.rules.decision import Award, Decision, Facts, Outcome, Step, Used
from services.receipts.rules.earn import earn
from services.receipts.rules.look import Look
from services.receipts.rules.match import match

NOTHING = Used()
# How near a receipt has come to a bonus: what it failed at last is told, when it fails everywhere.
_ORDER = (
    *("state", "kind", "fiscal", "country", "currency", "date", "age", "dates", "person", "merchant", "total"),
    *("products", "quantity", "matched_sum", "bonus", "count", "sum", "budget"),
)
_PAIR = tuple[Campaign, Decision]


def evaluate(campaign: Campaign, facts: Facts, used: Used = NOTHING, *, reviewed: bool = False) -> Decision:
    """What one campaign says. A rejection is by what is certain: where what was read may not be believed, a person
    looks instead. `reviewed` (a person has approved the facts) takes tier and doubts away, and nothing else: dates,
    limits, budget, and what the facts still lack, stay."""
    look = Look(campaign, facts, reviewed=reviewed)
    matched = match(campaign.products, facts.reading, campaign.currency)
    steps = list(checks(look, matched))
    earned: int | None = None
    if not _reasons(steps, "no"):
        earned, more = earn(look, matched, used)
        steps += more
    outcome: Outcome = "accepted"
    if reasons := _reasons(steps, "no"):
        outcome = "rejected"
    elif reasons := _reasons(steps, "missing", *(() if reviewed else ("doubt",))):
        outcome = "review"
    bonus = campaign.money(earned) if earned is not None and outcome != "rejected" else None
    return Decision(
        outcome=outcome,
        bonus=bonus,
        campaign=campaign.slug,
        version=campaign.version,
        payout=campaign.payout,
        reasons=reasons,
        matched=matched,
        awards=(Award(campaign.slug, campaign.version, bonus),) if bonus and outcome == "accepted" else (),
        trace=tuple(steps),
    )


def decide(
    campaigns: Iterable[Campaign], facts: Facts, used: Mapping[str, Used] | None = None, *, reviewed: bool = False
) -> Decision:
    """What all campaigns say together; `used` is by their slugs. Of those that pay or ask for a look, the one of the
    highest priority leads, at the same priority one that pays; its `stack` says whether others pay, too."""
    used = used or {}
    pairs: list[_PAIR] = [
        (campaign, evaluate(campaign, facts, used.get(campaign.slug, NOTHING), reviewed=reviewed))
        for campaign in sorted(campaigns, key=lambda one: (-one.priority, one.slug))
    ]
    if not pairs:
        return Decision("rejected", None, None, None, None, ("no_campaign",))
    trace = tuple(step for _, decision in pairs for step in decision.trace)
    open_ones = [pair for pair in pairs if pair[1].outcome != "rejected"]
    if not open_ones:
        return replace(max((one for _, one in pairs), key=_nearness), trace=trace)
    leader = min(open_ones, key=lambda pair: (-pair[0].priority, pair[1].outcome != "accepted"))
    if leader[1].outcome == "review":
        return replace(leader[1], trace=trace)
    return replace(_stacked([pair for pair in pairs if pair[1].outcome == "accepted"]), trace=trace)


def _stacked(paying: Sequence[_PAIR]) -> Decision:
    """The best offer of: each campaign alone, and all that may be added up together. The earlier one of equals."""
    lead, decision = paying[0]
    if lead.stack == "first":
        return decision
    same = [pair for pair in paying if pair[0].currency == lead.currency]
    offers = [[pair] for pair in same]
    for payout in PAYOUTS:
        added_up = [pair for pair in same if pair[0].stack == "sum" and pair[0].payout == payout]
        offers += [added_up] if added_up else []
    best = max(offers, key=lambda offer: (_total(offer), -same.index(offer[0])))
    campaign, decision = best[0]
    return replace(
        decision,
        bonus=Money(_total(best), campaign.currency),
        matched=tuple(match for _, one in best for match in one.matched),
        awards=tuple(award for _, one in best for award in one.awards),
    )


def _total(offer: Sequence[_PAIR]) -> int:
    return sum(award.bonus.minor for _, decision in offer for award in decision.awards)


def _nearness(decision: Decision) -> int:
    rule = next(step.rule for step in decision.trace if step.result == "no")
    return _ORDER.index(rule if rule in _ORDER else rule.partition("_")[0])


def _reasons(steps: Sequence[Step], *results: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.reason for step in steps if step.result in results and step.reason))
