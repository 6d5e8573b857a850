"""docs/payments.md and the runbook say what the code does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from apps.console import payments
from apps.console.notify_at import notify_at
from services.billing.books import RULES
from services.billing.providers.base import Capability
from services.billing.states import PAYMENTS, REFUNDS
from services.platform.config import POLICY_REASONS, PROVIDER_SETTINGS
from services.reporting import money
from tests.factories import kit

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "payments.md").read_text()
RUNBOOK = (ROOT / "docs" / "operations" / "runbook.md").read_text()
YES = {
    "refund": Capability.REFUND,
    "holds money first": Capability.HOLD,
    "remembers cards": Capability.SAVED_METHOD,
    "renews by itself": Capability.RENEWS,
    "fiscal receipts": Capability.FISCAL,
    "daily statement": Capability.LIST,
}
EVERYTHING = {
    "PAYMENT_PROVIDERS": "yookassa,robokassa,stars,cryptopay,balance",
    "PUBLIC_URL": "https://kiosk.example.com",
    "ROBOKASSA_MERCHANT_LOGIN": "kiosk",
    "ROBOKASSA_PASSWORD_1": "one",
    "ROBOKASSA_PASSWORD_2": "two",
    "ROBOKASSA_PASSWORD_3": "three",
    "CRYPTOPAY_TOKEN": "42:TOKEN",
    "YOOKASSA_SAVED_CARDS": "true",
    "ROBOKASSA_SAVED_CARDS": "true",
}


def table() -> dict[str, dict[str, str]]:
    """The page's table of providers: what it says of each (by code) in each row."""
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 7]
    codes = [cell.strip(" `") for cell in rows[1][1:-1]] + [rows[1][-1].strip(" `")]
    return {row[0].strip(): dict(zip(codes, map(str.strip, row[1:]), strict=True)) for row in rows[1:]}


@pytest.mark.parametrize("diagram", [PAYMENTS, REFUNDS])
def test_the_diagrams_are_the_tables_of_states(diagram: Mapping[str, frozenset[str]]) -> None:
    drawn = [
        {(before, after) for before, after in re.findall(r"(\w+) --> (\w+)", block)}
        for block in re.findall(r"```mermaid(.*?)```", PAGE, re.DOTALL)
    ]
    assert {(before, after) for before, allowed in diagram.items() for after in allowed} in drawn


def test_the_table_says_what_each_provider_can_do() -> None:
    said = table()
    with kit("postgresql://u@127.0.0.1/d", "redis://127.0.0.1", APP_ENV="prod", **EVERYTHING) as made:
        for code, provider in made.providers.items():
            for row, ability in YES.items():
                assert said[row][code].startswith("no") != (ability in provider.capabilities), (row, code)
            address = re.search(r"PUBLIC_URL/\S+[a-z]", said["address to set"][code])
            told = notify_at(code, None)
            assert (address is not None) == (told is not None) == (Capability.WEBHOOK in provider.capabilities)
            assert address is None or (told is not None and address[0] in told)
            for setting in PROVIDER_SETTINGS[code]:
                assert setting in said["set"][code] or f"`_{setting.rpartition('_')[2]}`" in said["set"][code]


def test_every_command_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        payments.read(["--help"])
    commands = re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE)
    assert {"show", "decide", "refund", "off", "statement", "metrics"} <= set(commands)
    for command in commands:
        assert re.search(rf"`{command}[ `]", PAGE), command
    for typed in re.findall(r"`payments ([a-z]+)[^`]*`", RUNBOOK):
        assert typed in commands, typed


def test_reasons_rules_and_metrics_are_explained() -> None:
    for reason in POLICY_REASONS:
        assert f"| `{reason}` |" in PAGE
    for rule in [*RULES, "set_sums_to_zero", "currency_sums_to_zero", "balance_is_sum_of_postings"]:
        assert f"`{rule}`" in RUNBOOK
    for gauge in re.findall(r"kiosk_[a-z_]+", Path(money.__file__).read_text()):
        assert f"`{gauge}" in PAGE
