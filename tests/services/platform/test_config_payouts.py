"""How payouts are set up: all of Portmone or nothing of it."""

from __future__ import annotations

import pytest

from services.assembly_payouts import payout_providers
from services.platform.config import BadConfiguration, load
from services.platform.config_payouts import by_prefix

GOOD = {
    "DATABASE_URL": "postgres://u:p@db.example.net:5432/kiosk",
    "REDIS_URL": "redis://cache.example.net:6379",
    "TELEGRAM_BOT_TOKEN": "42:token",
    "ENCRYPTION_SECRET": "0123456789abcdef",
    "PAYMENT_PROVIDERS": "balance",
}
PORTMONE = {"PORTMONE_LOGIN": "kiosk", "PORTMONE_PASSWORD": "secret-word", "PORTMONE_PAYEE_IDS": "67=1, 50=22,*=3"}


def test_portmone_is_off_by_default() -> None:
    settings = load(GOOD)
    assert set(payout_providers(settings)) == {"balance", "manual"}
    assert settings.payouts_a_day is None


def test_portmone_is_on_where_it_is_set_up() -> None:
    settings = load(GOOD | PORTMONE | {"PAYOUTS_A_DAY": "10"})
    assert set(payout_providers(settings)) == {"balance", "manual", "portmone"}
    assert by_prefix(settings.portmone_payee_ids) == {"67": "1", "50": "22", "*": "3"}
    assert settings.payouts_a_day == 10
    assert "secret-word" not in repr(settings)


@pytest.mark.parametrize("missing", sorted(PORTMONE))
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(GOOD | {name: value for name, value in PORTMONE.items() if name != missing})
    assert caught.value.faults == [f"{missing}: missing (needed beside the other PORTMONE_*)"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTMONE_PAYEE_IDS", "67"),
        ("PORTMONE_PAYEE_IDS", "067=1"),
        ("PORTMONE_PAYEE_IDS", "67=1,67=2"),
        ("PORTMONE_PAYEE_IDS", "67=one"),
        ("PORTMONE_API_BASE", "http://direct.example.net"),
        ("PORTMONE_WEBHOOK_TOKEN", "short"),
        ("PAYOUTS_A_DAY", "0"),
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(name: str, value: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(GOOD | PORTMONE | {name: value})
    assert [line.split(":")[0] for line in caught.value.faults] == [name]
