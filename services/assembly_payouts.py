"""Settings into those who pay for receipts."""

from __future__ import annotations

from services.platform.config import Settings
from services.platform.config_payouts import by_prefix
from services.receipts.payouts import PayoutProvider
from services.receipts.payouts.providers.balance import BalancePayouts
from services.receipts.payouts.providers.manual import ManualPayouts
from services.receipts.payouts.providers.portmone import PortmonePayouts


def payout_providers(settings: Settings) -> dict[str, PayoutProvider]:
    """By name. Portmone only where it is set up. Nothing is connected yet."""
    known: dict[str, PayoutProvider] = {"balance": BalancePayouts(), "manual": ManualPayouts()}
    if settings.portmone_login and settings.portmone_password:
        known["portmone"] = PortmonePayouts(
            url=f"{settings.portmone_api_base}/",
            login=settings.portmone_login,
            password=settings.portmone_password.get_secret_value(),
            payee_ids=by_prefix(settings.portmone_payee_ids),
        )
    return known
