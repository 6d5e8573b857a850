"""What was bought, and for how much."""

from __future__ import annotations

from collections.abc import Iterator

from services.platform.money import LIMIT
from services.receipts.rules.decision import Match, Step
from services.receipts.rules.look import Look, is_readable, said
from services.receipts.rules.match import minor

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
        yield from _quantity(look, [one.quantity for one in matched])
        yield from _matched_sum(look, [one.sum for one in matched])


def _quantity(look: Look, pieces: list[int | None]) -> Iterator[Step]:
    wanted = look.campaign.min_quantity
    if wanted <= 1 and look.campaign.bonus.looks_at != "quantity":
        return
    known = [one for one in pieces if one is not None]
    if len(known) < len(pieces):
        yield look.step("quantity", None, wanted, "missing", "quantity_unknown")
    elif sum(known) < wanted:
        yield look.against("quantity", sum(known), wanted, "below_min")
    else:
        yield look.step("quantity", sum(known), wanted, "ok")


def _matched_sum(look: Look, sums: list[int | None]) -> Iterator[Step]:
    campaign = look.campaign
    if not campaign.min_matched_sum and campaign.bonus.looks_at != "matched":
        return
    wanted = campaign.money(campaign.min_matched_sum)
    known = [one for one in sums if one is not None]
    total = minor(look.reading.total, campaign.currency)
    if len(known) < len(sums) or sum(known) >= LIMIT:
        yield look.step("matched_sum", None, wanted, "missing", "sum_unknown")
        return
    together = campaign.money(sum(known))
    if together < wanted:
        yield look.against("matched_sum", together, wanted, "below_min")
    elif total is not None and together.minor > total:
        yield look.step("matched_sum", f"{said(together)} of {said(campaign.money(total))}", wanted, "doubt", TOO_MUCH)
    else:
        yield look.step("matched_sum", together, wanted, "ok")
