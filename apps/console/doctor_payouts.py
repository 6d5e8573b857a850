"""What the doctor looks at where receipts are paid. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from apps.console.findings import Trouble
from services import receipts
from services.kit import Kit
from services.platform.errors import KioskError

CONSOLE = "python -m apps.console receipts payouts"


def checks(kit: Kit) -> list[tuple[str, Callable[[Kit], str]]]:
    return [*((f"Payouts by {name}", _provider(name)) for name in kit.payouts), ("Payouts", payouts)]


def payouts(kit: Kit) -> str:
    """Those that wait for a person, and campaigns that pay by somebody, or in a currency, that is not there."""
    now = kit.clock.now()
    try:
        with kit.db.begin() as tx:
            counts, running = receipts.payouts.counts(tx), receipts.rules.running(tx, now)
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None
    unknown = sum(count for (_, state), count in counts.items() if state == "unknown")
    if unknown:
        raise Trouble(
            f"nobody knows what became of: {unknown}",
            f"{CONSOLE} list --state unknown; find each in the provider's own list, then {CONSOLE} decide",
        )
    for campaign in running:
        if campaign.payout not in kit.payouts:
            raise Trouble(f"{campaign.slug} pays by {campaign.payout}, which is not set up", "set PORTMONE_*")
        if campaign.payout == "balance" and campaign.currency != kit.settings.balance_currency:
            raise Trouble(
                f"{campaign.slug} pays {campaign.currency} to balances, which are spent in "
                f"{kit.settings.balance_currency}",
                "set BALANCE_CURRENCY, or let the campaign pay otherwise",
            )
    waiting = counts.get(("manual", "waiting"), 0)
    a_day = f", at most {kit.settings.payouts_a_day} a day" if kit.settings.payouts_a_day else ""
    return f"none is unknown; {waiting} wait to be paid by hand{a_day}"


def _provider(name: str) -> Callable[[Kit], str]:
    def check(kit: Kit) -> str:
        try:
            says = kit.payouts[name].check()
        except KioskError as error:
            raise Trouble(str(error), "look at its settings: docs/payouts.md") from None
        if name == "portmone" and kit.settings.portmone_webhook_token is None:
            return f"{says}; it tells nothing later without PORTMONE_WEBHOOK_TOKEN"
        return says

    return check
