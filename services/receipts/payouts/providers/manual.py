"""A list that an operator pays by hand: `export` writes it, `import_results` reads what became of it."""

from __future__ import annotations

from services.receipts.payouts.providers.base import Capability, Listed, Order, PayoutProvider


class ManualPayouts(PayoutProvider):
    name = "manual"
    capabilities = Capability.INSIDE | Capability.PHONE
    currencies = None

    def pay(self, order: Order) -> Listed:
        """Puts it on the list."""
        return Listed()

    def check(self) -> str:
        return "an operator pays from the list"

    def close(self) -> None:
        """Nothing is open."""
