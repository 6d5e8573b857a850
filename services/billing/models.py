from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Sequence, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.platform.money import Money

# Robokassa's InvId and the like: one for each attempt, never used again. An operator whose shop has used such numbers
# before sets it ahead (ALTER SEQUENCE payment_numbers RESTART).
payment_numbers = Sequence("payment_numbers", metadata=Base.metadata)


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


class MethodRow(Base):
    """A card that a buyer let us remember. `state`: active, forgotten (by its owner), refused (by the bank)."""

    __tablename__ = "payment_methods"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    provider: Mapped[str]
    token: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("provider", "token"), Index("payment_methods_party", "party", "id"))


class PaymentRow(Base):
    """One attempt. `key` is our idempotency key, `request` what is sent with it; both are stored before the call.
    `wire_key` is what the provider gives back where that is another attempt's key: one request was paid twice.
    `reference` names what the attempt is for, for callers that must not make two.
    `check_after` is when to ask the provider next; none means there is nothing left to ask.
    `received_minor` is what came, in `received_currency`, `fee_minor` what the provider keeps of it (none: it has not
    said); `decision` why it does not fit (amount, late, double), `decided` what became of it (apply, refund, keep)."""

    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(InvoiceRow.id), index=True)
    party: Mapped[str]
    provider: Mapped[str]
    state: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    key: Mapped[uuid.UUID] = mapped_column(unique=True)
    wire_key: Mapped[uuid.UUID | None] = mapped_column(index=True)
    reference: Mapped[str | None] = mapped_column(unique=True)
    request: Mapped[dict[str, Any]]
    external_id: Mapped[str | None]
    pay_url: Mapped[str | None]
    detail: Mapped[str | None]
    save: Mapped[bool] = mapped_column(default=False, server_default=false())
    renews: Mapped[bool] = mapped_column(default=False, server_default=false())
    method_id: Mapped[int | None] = mapped_column(ForeignKey(MethodRow.id))
    received_minor: Mapped[int | None]
    received_currency: Mapped[str | None]
    fee_minor: Mapped[int | None]
    decision: Mapped[str | None]
    decided: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    check_after: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        Index("payments_party", "party", "id"),
        Index("payments_due", "check_after", postgresql_where=text("check_after IS NOT NULL")),
        Index("payments_undecided", "id", postgresql_where=text("decision IS NOT NULL AND decided IS NULL")),
        Index("payments_created", "provider", "created_at"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def received(self) -> Money | None:
        if self.received_minor is None or self.received_currency is None:
            # The release before did not write it down, and took nothing but the exact amount.
            return self.amount if self.state == "succeeded" else None
        return Money(self.received_minor, self.received_currency)


class PaymentChangeRow(Base):
    """The journal of attempts: every change of state with its cause."""

    __tablename__ = "payment_changes"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(PaymentRow.id), index=True)
    at: Mapped[datetime]
    before: Mapped[str | None]
    after: Mapped[str]
    cause: Mapped[str]


class RefundRow(Base):
    """Money of one attempt on its way back. `destination`: provider, or balance (the buyer's own here). `access`: keep,
    or shorten by what was refunded. `reference` as in PaymentRow."""

    __tablename__ = "refunds"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(PaymentRow.id), index=True)
    party: Mapped[str]
    provider: Mapped[str]
    destination: Mapped[str]
    state: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    key: Mapped[uuid.UUID] = mapped_column(unique=True)
    reference: Mapped[str | None] = mapped_column(unique=True)
    request: Mapped[dict[str, Any]]
    external_id: Mapped[str | None]
    detail: Mapped[str | None]
    access: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    check_after: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        Index("refunds_due", "check_after", postgresql_where=text("check_after IS NOT NULL")),
        Index("refunds_created", "provider", "created_at"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class RefundChangeRow(Base):
    __tablename__ = "refund_changes"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey(RefundRow.id), index=True)
    at: Mapped[datetime]
    before: Mapped[str | None]
    after: Mapped[str]
    cause: Mapped[str]


class ChargeRow(Base):
    """A remembered card, or without one the buyer's balance, to be charged for one `purpose`
    ("subscription:5:2026-12-21"): at most one such row and one success. `state`: due, sending, paid, stopped. `tries`
    counts attempts, `next_at` is when the next is due (none while it waits for its caller), none begins after
    `until`."""

    __tablename__ = "charges"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    purpose: Mapped[str] = mapped_column(unique=True)
    method_id: Mapped[int | None] = mapped_column(ForeignKey(MethodRow.id), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(InvoiceRow.id), index=True)
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    detail: Mapped[str | None]
    next_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    __table_args__ = (Index("charges_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),)


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


class ProviderSwitchRow(Base):
    """Whether buyers are offered a provider; no row means yes."""

    __tablename__ = "provider_switches"
    provider: Mapped[str] = mapped_column(primary_key=True)
    offered: Mapped[bool]
    reason: Mapped[str]
    changed_at: Mapped[datetime]


class StatementRow(Base):
    """A day (UTC) of a provider's operations held against ours. `totals` are minor units by side and kind,
    `differences` what does not agree; both as JSON."""

    __tablename__ = "statements"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    provider: Mapped[str]
    day: Mapped[date]
    made_at: Mapped[datetime]
    operations: Mapped[int]
    differences: Mapped[int]
    totals: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]]
    __table_args__ = (UniqueConstraint("provider", "day"),)
