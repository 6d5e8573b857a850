"""Rows and things that tests begin with, made by plain functions."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from services import assembly, billing, catalog, identity
from services.billing.models import InvoiceRow, PaymentRow
from services.identity import Party
from services.kit import Kit
from services.platform.config import load
from services.platform.db import Database

T = TypeVar("T")
BOT_TOKEN = "123456789:" + "A" * 35
_numbers = itertools.count(1)


def make_user(
    tx: Session, now: datetime, *, telegram_id: int | None = None, language_code: str = "ru"
) -> identity.User:
    return identity.greet(
        tx,
        telegram_id=telegram_id or 7_000_000_000 + next(_numbers),
        first_name="Анна",
        username=None,
        language_code=language_code,
        now=now,
    )


def tariff_toml(slug: str = "vpn-1m", *, period: str = "{months = 1}", access: str = "[]", more: str = "") -> str:
    return f"""
[[tariff]]
slug = "{slug}"
product = "vpn"
name = {{ru = "VPN", uk = "VPN", en = "VPN"}}
description = {{ru = "Быстрый", uk = "Швидкий", en = "Fast"}}
prices = {{RUB = "299.00"}}
period = {period}
access = {access}
{more}
"""


def make_tariff(tx: Session, now: datetime, slug: str = "vpn-1m", *, period: str = "{months = 1}") -> catalog.Tariff:
    """On sale for everybody, of the product "vpn", without access to deliver."""
    catalog.import_catalogue(tx, tariff_toml(slug, period=period), now)
    tx.flush()
    return catalog.tariff(tx, slug)


def make_paid_invoice(
    tx: Session, now: datetime, party: Party, slug: str = "vpn-1m", quote: catalog.Quote | None = None
) -> billing.InvoicePaid:
    """An invoice for this tariff, or for this quote, and the attempt that paid it, as billing leaves them. Returns the
    news of it, which nobody has been told."""
    quote = quote or catalog.quote(tx, slug, "RUB", {"all"})
    amount = {"amount_minor": quote.price.minor, "currency": quote.price.currency}
    invoice = InvoiceRow(
        party=str(party),
        quote=quote.to_json(),
        state="paid",
        created_at=now,
        valid_until=now + timedelta(hours=24),
        paid_at=now,
        **amount,
    )
    tx.add(invoice)
    tx.flush()
    key = uuid.uuid4()
    payment = PaymentRow(
        invoice_id=invoice.id,
        party=str(party),
        provider="yookassa",
        state="succeeded",
        key=key,
        request={},
        external_id=str(key),
        created_at=now,
        updated_at=now,
        **amount,
    )
    tx.add(payment)
    tx.flush()
    return billing.InvoicePaid(invoice_id=invoice.id, payment_id=payment.id, party=str(party))


def database_url(db: Database) -> str:
    return db.url.set(drivername="postgresql").render_as_string(hide_password=False)


def environment(db: str, redis: str, **changes: str) -> dict[str, str]:
    """Variables of a Kiosk that stands alone: whatever is outside refuses connections."""
    return {
        "APP_ENV": "test",
        "DATABASE_URL": db,
        "REDIS_URL": redis,
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "YOOKASSA_SHOP_ID": "100500",
        "YOOKASSA_SECRET_KEY": "test_key",
        "YOOKASSA_API_URL": "http://127.0.0.1:9",
        "ENCRYPTION_SECRET": "a secret for tests, long enough",
        **changes,
    }


@contextmanager
def kit(db: str, redis: str, process: str = "jobs", **changes: str) -> Iterator[Kit]:
    made = assembly.build(load(environment(db, redis, **changes)), process)
    yield made
    made.close()


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """The results of `work(0)` to `work(count - 1)`, begun at the same moment in threads of their own."""
    start = threading.Barrier(count)

    def run(number: int) -> T:
        start.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
