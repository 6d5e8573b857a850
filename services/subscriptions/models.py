from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base

_LIVE = "state IN ('trial', 'active', 'canceled', 'grace', 'paused')"
_DUE = "state IN ('trial', 'active', 'canceled', 'grace')"


class SubscriptionRow(Base):
    """`state` as in states.TABLE. `terms` is the catalog.Quote in force. `anchor_day` is the day of the month on which
    months end. `grace_ends_at` is set in grace. While paused, `ends_at` is the end as of `paused_at`."""

    __tablename__ = "subscriptions"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    party: Mapped[str]
    product: Mapped[str]
    state: Mapped[str]
    terms: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    anchor_day: Mapped[int]
    grace_ends_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    __table_args__ = (
        Index("subscriptions_only_live", "party", "product", unique=True, postgresql_where=text(_LIVE)),
        Index("subscriptions_due", func.coalesce(text("grace_ends_at"), text("ends_at")), postgresql_where=text(_DUE)),
        Index("subscriptions_ended", "ends_at", postgresql_where=text("state IN ('expired', 'grace')")),
        Index("subscriptions_party", "party", "id"),
    )


class SubscriptionChangeRow(Base):
    """The journal. `kind`: began, extended, changed, shortened, paused, resumed, canceled, kept, grace or expired;
    `state` the one after it, `cause` who or what did it ("payment", "user", "schedule", "operator:5").

    An invoice stands in it at most once, and a refund, and a `reference` (what brought days without an invoice, or took
    them back). `value_minor` is what the days it brought are worth, `portions` what a change of tariff left behind."""

    __tablename__ = "subscription_changes"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.id), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    state: Mapped[str | None]
    cause: Mapped[str | None]
    invoice_id: Mapped[int | None] = mapped_column(unique=True)
    refund_id: Mapped[int | None] = mapped_column(unique=True)
    reference: Mapped[str | None] = mapped_column(unique=True)
    ended_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]
    value_minor: Mapped[int | None]
    value_currency: Mapped[str | None]
    portions: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))


class TrialRow(Base):
    """Who has had a trial of a product. `person` is a keyed hash of the Telegram id: it outlives the account, and tells
    nobody who that was."""

    __tablename__ = "subscription_trials"
    person: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]


class RenewalRow(Base):
    """Whether a subscription renews by itself. `by`: card (the remembered one `method_id`), balance, or provider (which
    charges by itself, Telegram its Stars). On while `turned_off_at` is none; `off_cause`: user, card_forgotten,
    card_refused, declined, withdrawn or provider."""

    __tablename__ = "subscription_renewals"
    subscription_id: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.id), primary_key=True)
    by: Mapped[str]
    method_id: Mapped[int | None]
    currency: Mapped[str]
    turned_on_at: Mapped[datetime]
    turned_off_at: Mapped[datetime | None]
    off_cause: Mapped[str | None]
    __table_args__ = (
        Index("subscription_renewals_method", "method_id", postgresql_where=text("turned_off_at IS NULL")),
    )


class ReminderRow(Base):
    """What was said about an end: each `kind` (72h, 48h, 24h, after, renewal) once. Written before it is sent. Of a
    renewal: `told_at` is when its notice had surely left, `why_not` why there is none this time."""

    __tablename__ = "subscription_reminders"
    subscription_id: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.id), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    why_not: Mapped[str | None]


class ChangeOfferRow(Base):
    """A change of tariff as it was shown: `subscription_id` as of its journal line `as_of`. Good until `expires_at`."""

    __tablename__ = "subscription_offers"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.id), index=True)
    party: Mapped[str]
    as_of: Mapped[int]
    quote: Mapped[dict[str, Any]]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    portions: Mapped[list[Any]] = mapped_column(JSONB)
