from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.platform.money import Money


class InvoiceRow(Base):
    """`state`: open, paid, expired. `quote` is catalog.Quote as JSON."""

    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    quote: Mapped[dict[str, Any]]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    __table_args__ = (
        Index("invoices_party", "party", "id"),
        Index("invoices_open", "valid_until", postgresql_where=text("state = 'open'")),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PaymentRow(Base):
    """One attempt. `key` is our idempotency key, `request` what is sent with it; both are stored before the call.
    `check_after` is when to ask the provider next; none means there is nothing left to ask."""

    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(InvoiceRow.id), index=True)
    party: Mapped[str]
    provider: Mapped[str]
    state: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    key: Mapped[uuid.UUID] = mapped_column(unique=True)
    request: Mapped[dict[str, Any]]
    external_id: Mapped[str | None]
    pay_url: Mapped[str | None]
    detail: Mapped[str | None]
    decision: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    check_after: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        Index("payments_party", "party", "id"),
        Index("payments_due", "check_after", postgresql_where=text("check_after IS NOT NULL")),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PaymentChangeRow(Base):
    """The journal of attempts: every change of state with its cause."""

    __tablename__ = "payment_changes"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(PaymentRow.id), index=True)
    at: Mapped[datetime]
    before: Mapped[str | None]
    after: Mapped[str]
    cause: Mapped[str]


class NotificationRow(Base):
    """What a provider sent, word by word. `times` counts repetitions, `announced_at` the last one acted upon."""

    __tablename__ = "payment_notifications"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    provider: Mapped[str]
    kind: Mapped[str]
    external_id: Mapped[str]
    body: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    announced_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        UniqueConstraint("provider", "external_id", "kind"),
        Index("payment_notifications_age", "received_at"),
    )
