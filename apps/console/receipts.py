"""`receipts`: each of its commands is a file of its own."""

from __future__ import annotations

from collections.abc import Callable

from apps.console import receipt_campaigns, receipts_payouts, receipts_read

COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "campaigns": receipt_campaigns.main,
    "payouts": receipts_payouts.main,
    "read": receipts_read.main,
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print("python -m apps.console receipts " + " | ".join(COMMANDS))
        return 2
    return COMMANDS[arguments[0]](arguments[1:])
