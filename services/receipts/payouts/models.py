from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base
from services.platform.money import Money


class PayoutRow(Base):
    """What one receipt has earned, on its way to a person: one row for each receipt, whatever happens.

    `state`: created (its provider may be called), no_phone (waits for the person to give one), waiting (on the list of
    those whom an operator pays), sent (a call is under way, or was when its worker died), unknown (nobody knows whether
    it was paid: a person finds out), succeeded, failed, canceled, reversed (taken back after it was paid). `attempt`
    counts the calls, `round` the times it was promised anew after it had failed. `code` is the provider's, or ours, for
    why it stands as it does. `contradiction` is what was last said against a state that does not change any more."""

    __tablename__ = "receipt_payouts"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    receipt_id: Mapped[int] = mapped_column(unique=True)
    party: Mapped[str]
    campaign: Mapped[str]
    provider: Mapped[str]
    state: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    sealed: Mapped[bytes | None]  # 380XXXXXXXXX, where it goes to a phone
    external_id: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(default=0)
    round: Mapped[int] = mapped_column(default=0)
    code: Mapped[str | None]
    contradiction: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    counted_on: Mapped[date | None]  # the day of whose number it is one
    __table_args__ = (
        Index("receipt_payouts_open", "state", "id", postgresql_where=text("state NOT IN ('succeeded', 'canceled')")),
        Index("receipt_payouts_party", "party", "id"),
        Index("receipt_payouts_day", "counted_on"),
        Index("receipt_payouts_external", "provider", "external_id"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def sealed_place(receipt_id: int) -> str:
    return f"receipt_payouts.sealed:{receipt_id}"
