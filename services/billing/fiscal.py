"""Fiscal receipts (54-FZ): what the law wants beside a payment or a refund of Russian money. The provider registers
them; an attempt carries its receipt in the stored request, so asking again never makes a second one."""

from __future__ import annotations

from services.billing.providers.base import Capability, FiscalLine, FiscalReceipt, PaymentProvider
from services.platform.money import Money

LONGEST_NAME = 128


def receipt(provider: PaymentProvider, name: str, amount: Money) -> FiscalReceipt | None:
    """One line for one thing, which sums exactly. None where the provider makes no receipts or the shop wants none."""
    fiscal = provider.fiscal
    if fiscal is None or Capability.FISCAL not in provider.capabilities:
        return None
    line = FiscalLine(name[:LONGEST_NAME], amount, fiscal.vat_code, fiscal.subject, fiscal.mode)
    return FiscalReceipt(fiscal.email, fiscal.tax_system, (line,))
