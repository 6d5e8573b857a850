"""What was paid where tills round: by all looks together, for a zero is often read as 6, 8 or 9."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from services.receipts.ocr.parse.total import Totals, alike

STEPS = {"UAH": (Decimal("0.10"), Decimal("0.50"))}
OTHERS = (Decimal("0.05"), Decimal("0.10"))


def paid(looks: Sequence[Totals], total: Decimal, currency: str | None) -> tuple[Decimal, bool]:
    """The total as it was rounded, if a line of rounding is printed, and whether it may be believed: a rounded sum
    that no look has is only a guess."""
    steps = STEPS.get(currency or "", OTHERS)
    if total % steps[0] == 0 or not any(one.is_rounded for one in looks):
        return total, True
    rounded = [(total / step).quantize(Decimal(1), ROUND_HALF_UP) * step for step in steps]
    rounded = [value.quantize(Decimal("0.01")) for value in rounded if value > 0]
    for value in rounded:
        if any(value in one.payable | one.counted for one in looks):
            return value, True
    for value in rounded:
        if any(alike(value, other) for one in looks for other in one.payable):
            return value, False
    return total, False
