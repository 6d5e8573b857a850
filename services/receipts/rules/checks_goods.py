"""What was bought, and for how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.platform.money import LIMIT
from services.receipts.rules.decision import Match, Step
from services.receipts.rules.look import Look, is_readable, said
from services.receipts.rules.match import minor

CONFIRMED = 70  # of a line's confidence: its quantity and price come to its sum, or all lines to the total
TOO_MUCH = "sums_do_not_add_up"  # the products alone cost more than everything


def total_sum(look: Look) -> Iterator[Step]:
    campaign = look.campaign
    total = minor(look.reading.total, campaign.currency)
    wanted = campaign.min_total
    if total is None and (wanted or campaign.bonus.looks_at == "total"):
        yield look.step("total", None, campaign.money(wanted), "missing", "no_total")
    elif total is not None and total < wanted:
        yield look.against("total", campaign.money(total), campaign.money(wanted), "below_min")
    elif total is not None:
        yield look.step("total", campaign.money(total), campaign.money(wanted), "ok")


def products(look: Look, matched: tuple[Match, ...]) -> Iterator[Step]:
    skus = [product.sku for product in look.campaign.products]
    if not skus:
        return
    if not matched and is_readable(look.reading):
        yield look.against("products", "none", skus, "no_product")
    elif not matched:
        yield look.step("products", None, skus, "missing", "no_product")
    else:
        yield look.step("products", [f"{one.sku}: {one.alias} {one.score}%" for one in matched], skus, "ok")
        yield from _quantity(look, matched)
        yield from _matched_sum(look, matched)


def _quantity(look: Look, matched: Sequence[Match]) -> Iterator[Step]:
    wanted = look.campaign.min_quantity
    if wanted <= 1 and look.campaign.bonus.looks_at != "quantity":
        return
    known = [one.quantity for one in matched if one.quantity is not None]
    pieces, confirmed = sum(known), _is_confirmed(look, matched)
    if len(known) < len(matched):
        yield look.step("quantity", None, wanted, "missing", "quantity_unknown")
    elif pieces < wanted:
        yield look.against("quantity", pieces, wanted, "below_min", certain=look.sure and confirmed)
    elif not confirmed:
        yield look.step("quantity", f"{pieces}, unconfirmed", wanted, "doubt", "quantity_unknown")
    else:
        yield look.step("quantity", pieces, wanted, "ok")


def _matched_sum(look: Look, matched: Sequence[Match]) -> Iterator[Step]:
    campaign = look.campaign
    if not campaign.min_matched_sum and campaign.bonus.looks_at != "matched":
        return
    wanted = campaign.money(campaign.min_matched_sum)
    known = [one.sum for one in matched if one.sum is not None]
    total, confirmed = minor(look.reading.total, campaign.currency), _is_confirmed(look, matched)
    if len(known) < len(matched) or sum(known) >= LIMIT:
        yield look.step("matched_sum", None, wanted, "missing", "sum_unknown")
        return
    together = campaign.money(sum(known))
    if together < wanted:
        yield look.against("matched_sum", together, wanted, "below_min", certain=look.sure and confirmed)
    elif total is not None and together.minor > total:
        saw = f"{said(together)} of {said(campaign.money(total))}"
        yield look.step("matched_sum", saw, wanted, "doubt", TOO_MUCH)
    elif not confirmed:
        yield look.step("matched_sum", f"{said(together)}, unconfirmed", wanted, "doubt", "sum_unknown")
    else:
        yield look.step("matched_sum", together, wanted, "ok")


def _is_confirmed(look: Look, matched: Sequence[Match]) -> bool:
    """A total that is right says nothing of a single line, where the lines do not come to it."""
    lines = [look.reading.lines[number] for match in matched for number in match.lines]
    return look.reviewed or look.reading.tier == "A" or all(line.confidence >= CONFIRMED for line in lines)
