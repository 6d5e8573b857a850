"""Operators decide in the chat about money that came late, twice or in another amount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services import billing
from services.platform.i18n import language
from services.platform.money import Money
from tests.apps.bot.storefront import Storefront, Visitor, buttons, open_storefront
from tests.world import MakeKiosk, World

PRICE = language("en").money(Money(29900, "RUB"))


@pytest.fixture
def office(make_kiosk: MakeKiosk, world: World) -> Iterator[tuple[Storefront, Visitor]]:
    """A shop, and its operator."""
    profile = {"first_name": "Olga", "language_code": "en"}
    operator = httpx.post(f"{world.url}/telegram/chat/api/users", json=profile, trust_env=False).json()["id"]
    with make_kiosk(TELEGRAM_ADMIN_IDS=str(operator)) as kiosk, open_storefront(kiosk) as shop:
        olga = Visitor(shop, operator)
        olga.say("/start")
        yield shop, olga


@pytest.fixture
def late(office: tuple[Storefront, Visitor]) -> int:
    """A payment that came after its invoice's time, by its id."""
    shop, _ = office
    kiosk, anna = shop.kiosk, shop.kiosk.person()
    checkout = kiosk.checkout(anna)
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE invoices SET state = 'expired'"))
    kiosk.pay(checkout)
    kiosk.drain()
    return checkout.payment_id


def question(olga: Visitor) -> dict[str, Any]:
    return next(message for message in reversed(olga.messages()) if "waits for your decision" in message["text"])


def decided(shop: Storefront) -> str | None:
    found: str | None = shop.kiosk.scalar("SELECT decided FROM payments ORDER BY id LIMIT 1")
    return found


def test_the_operator_is_asked_with_buttons_and_commands(office: tuple[Storefront, Visitor], late: int) -> None:
    _, olga = office
    asked = question(olga)
    assert PRICE in asked["text"]
    assert "after the invoice had expired" in asked["text"]
    for choice in billing.CHOICES:
        assert f"python -m apps.console payments decide {late} {choice}" in asked["text"]
    assert [button["callback_data"] for button in buttons(asked)] == [
        f"decide:{late}:{choice}" for choice in billing.CHOICES
    ]


@pytest.mark.parametrize(
    ("choice", "label", "words", "account"),
    [
        ("apply", "Apply", "applied", "revenue:vpn"),
        ("refund", "Refund", "being refunded", None),
        ("keep", "Keep", "kept on the buyer's balance", "wallet:user:2"),
    ],
)
def test_a_choice_is_made_after_a_question(
    office: tuple[Storefront, Visitor], late: int, choice: str, label: str, words: str, account: str | None
) -> None:
    shop, olga = office
    olga.press(question(olga), f"decide:{late}:{choice}")
    assert decided(shop) is None
    assert "after the invoice had expired" in olga.tap("‹ Back")["text"]
    olga.tap(label)
    assert words in olga.tap("Yes, do it")["text"]
    assert decided(shop) == choice
    actor = shop.kiosk.scalar("SELECT actor FROM audit_log WHERE action = 'payment.decide'")
    assert actor == f"operator:{olga.id}"
    shop.kiosk.drain()
    assert shop.kiosk.faults() == []
    for name in ("revenue:vpn", "wallet:user:2", "held:user:2"):
        assert shop.kiosk.balance(name) == (-29900 if name == account else 0)


def test_a_choice_tapped_again_is_made_once(office: tuple[Storefront, Visitor], late: int) -> None:
    shop, olga = office
    screen = olga.press(question(olga), f"decide:{late}:keep")
    for _ in range(3):
        olga.press(screen, f"decideok:{late}:keep")
    again = olga.press(screen, f"decideok:{late}:refund")
    assert "decided already" in again["text"]
    assert "kept on the buyer's balance" in again["text"]
    assert "kept on the buyer's balance" in olga.press(screen, f"decide:{late}:apply")["text"]
    shop.kiosk.drain()
    assert shop.kiosk.balance("wallet:user:2") == -29900


def test_what_cannot_be_done_says_why_and_leaves_the_choice(office: tuple[Storefront, Visitor], late: int) -> None:
    shop, olga = office
    with shop.kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE payments SET provider = 'cryptopay', external_id = '1'"))  # it cannot refund
    olga.press(question(olga), f"decide:{late}:refund")
    screen = olga.tap("Yes, do it")
    assert "provider_cannot_refund" in screen["text"]
    assert {"Apply", "Refund", "Keep"} <= {button["text"] for button in buttons(screen)}
    assert decided(shop) is None


def test_nobody_else_can_decide(office: tuple[Storefront, Visitor], late: int) -> None:
    shop, _ = office
    mallory = shop.visitor(first_name="Mallory")
    screen = mallory.say("/start")
    for data in (f"held:{late}", f"decide:{late}:refund", f"decideok:{late}:refund"):
        assert "older version" in mallory.press(screen, data)["text"]
    assert decided(shop) is None


def test_a_payment_that_there_is_not(office: tuple[Storefront, Visitor]) -> None:
    _, olga = office
    for data in (f"held:{2**63 - 1}", f"decide:{2**63 - 1}:keep", f"decideok:{2**63 - 1}:keep"):
        assert "cannot find this payment" in olga.press(olga.last(), data)["text"]
    assert "older version" in olga.press(olga.last(), "decide:1:steal")["text"]
