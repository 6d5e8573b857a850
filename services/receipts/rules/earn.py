"""What a receipt earns by one campaign: the bonus, then what caps, limits and budget leave of it. Whole minor units,
always rounded down.

The order is: the bonus itself, raised to its own least, cut to its own most, cut to the limit of a receipt; then the
person's counts, what is left of the person's sums, what is left of the budget."""

from __future__ import annotations

from services.platform.money import LIMIT
from services.receipts.rules.campaign import SPANS, Bonus
from services.receipts.rules.decision import Match, Step, Used
from services.receipts.rules.look import Look
from services.receipts.rules.match import minor


def earn(look: Look, matched: tuple[Match, ...], used: Used) -> tuple[int | None, list[Step]]:
    """Minor units, or None where what they depend on is unknown or something stands against it. Limits that are reached
    stand against it either way."""
    campaign = look.campaign
    if campaign.products and not matched:
        return _within(look, None, used, [])
    base = _base(look, matched)
    earned = None if base is None else _bonus(campaign.bonus, base)
    if earned is None:
        return _within(look, None, used, [])
    steps = [look.step("bonus", _seen(look, base), campaign.bonus.kind, "sum")]
    if earned <= 0:
        steps.append(look.against("bonus", _seen(look, base), campaign.bonus.kind, "below_min"))
        return None, steps
    if earned < campaign.bonus.least:
        earned = campaign.bonus.least
        steps.append(look.step("bonus_min", None, campaign.money(earned), "cut"))
    for rule, most in (("bonus_max", campaign.bonus.most), ("per_receipt", campaign.limits.per_receipt)):
        earned = _cut(look, rule, earned, most, steps)
    return _within(look, earned, used, steps)


def _base(look: Look, matched: tuple[Match, ...]) -> int | None:
    """Minor units or pieces, whichever the bonus looks at; 0 where it looks at nothing."""
    match look.campaign.bonus.looks_at:
        case "total":
            return minor(look.reading.total, look.campaign.currency)
        case "matched":
            known = [one.sum for one in matched if one.sum is not None]
        case "quantity":
            known = [one.quantity for one in matched if one.quantity is not None]
        case _:
            return 0
    return sum(known) if len(known) == len(matched) and sum(known) < LIMIT else None


def _bonus(bonus: Bonus, base: int) -> int:
    match bonus.kind:
        case "fixed":
            earned = bonus.minor
        case "percent":
            earned = base * bonus.percent // 10_000
        case "per_item":
            earned = base * bonus.minor
        case "tiers":
            earned = max((minor_units for least, minor_units in bonus.tiers if least <= base), default=0)
    return min(earned, LIMIT - 1)


def _seen(look: Look, base: int | None) -> object:
    if base is None or look.campaign.bonus.looks_at in (None, "quantity"):
        return base or "a receipt"
    return look.campaign.money(base)


def _cut(look: Look, rule: str, earned: int, most: int | None, steps: list[Step]) -> int:
    if most is None or earned <= most:
        return earned
    steps.append(look.step(rule, look.campaign.money(earned), look.campaign.money(most), "cut"))
    return most


def _within(look: Look, earned: int | None, used: Used, steps: list[Step]) -> tuple[int | None, list[Step]]:
    campaign = look.campaign
    for span in SPANS:
        count = campaign.limits.counts.get(span)
        if count is not None:
            had = used.of(span).count
            if had >= count:
                return None, [*steps, look.against(f"count_{span}", had, count, f"limit_user_{span}", certain=True)]
            steps.append(look.step(f"count_{span}", had, count, "ok"))
    for span in SPANS:
        most = campaign.limits.sums.get(span)
        if most is not None:
            paid, limit = campaign.money(used.of(span).minor), campaign.money(most)
            if paid.minor >= most:
                return None, [*steps, look.against(f"sum_{span}", paid, limit, f"limit_user_{span}", certain=True)]
            steps.append(look.step(f"sum_{span}", paid, limit, "ok"))
            if earned is not None:
                earned = _cut(look, f"sum_{span}", earned, most - paid.minor, steps)
    spent, budget = campaign.money(used.spent), campaign.money(campaign.budget)
    if used.spent >= campaign.budget:
        return None, [*steps, look.against("budget", spent, budget, "limit_budget", certain=True)]
    if earned is not None:
        earned = _cut(look, "budget", earned, campaign.budget - used.spent, steps)
        left = campaign.money(campaign.budget - used.spent)
        steps.append(look.step("pays", campaign.money(earned), f"{left} {left.currency} left", "sum"))
    return earned, steps
