"""A shop of tokens: its tariff, and people with balances."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing, catalog, ledger, wallet
from services.billing.models import InvoiceRow, PaymentRow
from services.catalog import Quote
from services.identity import Party
from services.platform.money import Money
from services.platform.outbox import Event, OutboxEvent

DAY = timedelta(days=1)
_numbers = itertools.count(1)

TOKENS = """
[[tariff]]
slug = "ai"
product = "ai"
name = {{ru = "Помощник", uk = "Помічник", en = "Assistant"}}
description = {{ru = "Ответы", uk = "Відповіді", en = "Answers"}}
period = {{months = 1}}
access = []
token_rate = {{RUB = "1", XTR = "1.5"}}
top_up = {{RUB = ["200.00", "500.00"]}}
minimum_payment = {{RUB = "100.00"}}
{more}
"""


def put_on_sale(tx: Session, now: datetime, *, fee: int = 0, floor: int = 0, more: str = "") -> None:
    more += f"\nsubscription_fee = {fee}\ntoken_floor = {floor}\n"
    catalog.import_catalogue(tx, TOKENS.format(more=more), now)
    tx.flush()


def give(tx: Session, party: Party, now: datetime, *, tokens: int = 0, bonus: int = 0) -> None:
    """By plain postings, as others do."""
    for account, currency, minor in ((f"tokens:{party}", "TOKEN", tokens), (f"bonus:{party}", "BONUS", bonus)):
        if minor:
            amount = Money(minor, currency)
            entries = [ledger.Entry("promotions:bonus", amount), ledger.Entry(account, -amount)]
            ledger.post(tx, kind="test_gift", reference=str(next(_numbers)), entries=entries, now=now)


def paid(tx: Session, now: datetime, party: Party, quote: Quote) -> billing.InvoicePaid:
    """An invoice for this and the attempt that paid it, as billing leaves them."""
    amount = {"amount_minor": quote.price.minor, "currency": quote.price.currency}
    sold = InvoiceRow(
        party=str(party),
        quote=quote.to_json(),
        state="paid",
        created_at=now,
        valid_until=now + DAY,
        paid_at=now,
        **amount,
    )
    tx.add(sold)
    tx.flush()
    key = uuid.uuid4()
    payment = PaymentRow(
        invoice_id=sold.id,
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
    return billing.InvoicePaid(invoice_id=sold.id, payment_id=payment.id, party=str(party))


def top_up(tx: Session, now: datetime, party: Party, amount: str = "200.00") -> billing.InvoicePaid:
    quote = wallet.top_up_quote(tx, party, "ai", Money.parse(amount, "RUB"))
    event = paid(tx, now, party, quote)
    wallet.credit_after_payment(tx, event, now)
    return event


def buy(tx: Session, now: datetime, party: Party, **terms: Any) -> billing.InvoicePaid:
    """A period of the tariff for money."""
    quote = replace(catalog.terms(catalog.tariff(tx, "ai"), Money(29900, "RUB")), **terms)
    return paid(tx, now, party, quote)


def left(tx: Session, party: Party) -> tuple[int, int]:
    """Tokens and bonus."""
    tx.flush()
    now = wallet.balance(tx, party)
    return now.tokens, now.bonus


def news(tx: Session, event: type[Event]) -> list[Any]:
    tx.flush()
    bodies = tx.scalars(select(OutboxEvent.body).where(OutboxEvent.name == event.name).order_by(OutboxEvent.id))
    return [event.from_json(body) for body in bodies]
