"""What the tests of the Crypto Pay adapter share: an order, an invoice as documented, an adapter that is closed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from services.billing.providers.base import NextAction, Order
from services.billing.providers.cryptopay import CryptoPay
from services.platform.money import Money
from tests.apps.sandbox.running_cryptopay import TOKEN

NOBODY = "http://127.0.0.1:9/cryptopay"
KEY = uuid.UUID("5f0c4f5e-6a43-4c0e-9a55-7d9f0c1f2a3b")
LONG_AGO, FAR_AWAY = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

Shop = Callable[..., CryptoPay]


@contextmanager
def shops() -> Iterator[Shop]:
    """Makes adapters, and closes them."""
    made: list[CryptoPay] = []

    def make(url: str = NOBODY, *, token: str = TOKEN, currency: str = "RUB", expects_test: bool = True) -> CryptoPay:
        made.append(CryptoPay(token=token, api_url=url, currency=currency, expects_test=expects_test))
        return made[-1]

    yield make
    for one in made:
        one.close()


def order(key: uuid.UUID = KEY, amount: str = "299.00", **fields: Any) -> Order:
    asked = {"number": 7, "description": "VPN на месяц", "return_url": "https://t.me/kiosk_bot", "party": "user:1"}
    return Order(key=key, amount=Money.parse(amount, "RUB"), **{**asked, **fields})


def open_one(provider: CryptoPay, key: uuid.UUID = KEY, amount: str = "299.00") -> str:
    """Returns the invoice's id."""
    opened = provider.create(provider.request(order(key, amount)), key)
    assert isinstance(opened, NextAction)
    assert opened.external_id
    return opened.external_id


def invoice(**fields: Any) -> dict[str, Any]:
    """As the documentation describes an invoice in fiat; `...` removes a field."""
    known = {
        "invoice_id": 528890,
        "hash": "IVDoTcNBYEfk",
        "currency_type": "fiat",
        "fiat": "RUB",
        "amount": "299",
        "accepted_assets": ["USDT", "TON"],
        "bot_invoice_url": "https://t.me/CryptoTestnetBot?start=IVDoTcNBYEfk",
        "mini_app_invoice_url": "https://t.me/CryptoTestnetBot/app?startapp=invoice-IVDoTcNBYEfk&mode=compact",
        "web_app_invoice_url": "https://testnet-app.send.tg/invoices/IVDoTcNBYEfk",
        "description": "VPN",
        "status": "active",
        "created_at": "2026-02-18T15:12:54.682Z",
        "allow_comments": False,
        "allow_anonymous": False,
        "expiration_date": "2026-02-18T16:12:54.679Z",
        "payload": str(KEY),
        "a_field_of_tomorrow": {},
    }
    return {name: value for name, value in {**known, **fields}.items() if value is not ...}


PAID = invoice(
    status="paid",
    paid_asset="USDT",
    paid_amount="3.73516552",
    paid_fiat_rate="80.05",
    paid_usd_rate="0.99961845",
    fee_asset="USDT",
    fee_amount="0.11205497",
    fee_in_usd="0.1120122",
    paid_at="2026-02-18T15:17:22.514Z",
    paid_anonymously=False,
    comment="Анна, +7 900 000-00-00",
    hidden_message="Спасибо",
)
