"""Payments and refunds as the API asks for them and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from apps.web.api.shapes import Amount, AmountAsked, Id, Url, WrittenId
from apps.web.contract import Answered, Asked
from services import billing

PaymentStatus = Literal["pending", "authorized", "succeeded", "canceled", "failed"]
RefundStatus = Literal["pending", "succeeded", "canceled", "failed"]

# What callers need to know of billing's states: whether there is still something to wait for.
PAYMENTS: dict[str, PaymentStatus] = {
    "sending": "pending",
    "unknown": "pending",
    "awaiting_user": "pending",
    "authorized": "authorized",
    "succeeded": "succeeded",
    "canceled": "canceled",
    "failed": "failed",
}
REFUNDS: dict[str, RefundStatus] = {
    "requested": "pending",
    "sending": "pending",
    "unknown": "pending",
    "pending": "pending",
    "succeeded": "succeeded",
    "canceled": "canceled",
    "failed": "failed",
}


class Create(Asked):
    user_id: Id = Field(description="Kiosk's own number of the buyer.")
    tariff: str = Field(min_length=1, max_length=64, description="The tariff's slug.")
    provider: str | None = Field(None, min_length=1, max_length=32, description="Else the first that is configured.")
    return_url: Url | None = Field(None, description="Where the buyer comes back to after paying.")
    promo_code: str | None = Field(None, min_length=1, max_length=100, description="In any case.")


class Retry(Asked):
    provider: str | None = Field(None, min_length=1, max_length=32, description="Else the same as before.")
    return_url: Url | None = Field(None, description="Where the buyer comes back to after paying.")


class OnePayment(Asked):
    payment_id: WrittenId


class OnePaymentOf(OnePayment):
    user_id: WrittenId | None = Field(None, description="Only if it is this buyer's; else it is not found.")


class RefundAsked(Asked):
    amount: AmountAsked | None = Field(None, description="Else all that is left.")
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S", description="For the journal.")
    access: Literal["keep", "shorten"] | None = Field(
        None, description="Whether the paid days go too. Else they go with a full refund and stay with a partial one."
    )
    destination: Literal["provider", "balance"] = Field("provider", description="The way it came, or the balance.")
    dry_run: bool = Field(default=False, description="Only tell what it would do.")


class PaymentOpened(Answered):
    """The payment waits for its buyer at `confirmation_url`, which is null when there is nothing left to do there."""

    payment_id: int
    confirmation_url: str | None
    payment_status: PaymentStatus
    created_at: datetime
    expires_at: datetime = Field(description="Until then the price holds.")

    @classmethod
    def of(cls, payment: billing.Payment, invoice: billing.Invoice) -> Self:
        status = PAYMENTS[payment.state]
        return cls(
            payment_id=payment.id,
            confirmation_url=payment.pay_url if status == "pending" else None,
            payment_status=status,
            created_at=payment.created_at,
            expires_at=invoice.valid_until,
        )


class Refund(Answered):
    """Money on its way back, or back."""

    refund_id: int
    payment_id: int
    amount: Amount
    refund_status: RefundStatus
    destination: str = Field(description="provider: the way it came; balance: the buyer's balance.")
    reason: str | None = Field(description="The provider's own word for a failure.")
    created_at: datetime

    @classmethod
    def of(cls, refund: billing.Refund) -> Self:
        return cls(
            refund_id=refund.id,
            payment_id=refund.payment_id,
            amount=Amount.of(refund.amount),
            refund_status=REFUNDS[refund.state],
            destination=refund.destination,
            reason=refund.reason,
            created_at=refund.created_at,
        )


class RefundPlanned(Answered):
    """What a refund would do. Nothing was changed."""

    payment_id: int
    amount: Amount
    left: Amount = Field(description="What could be given back at most.")
    full: bool = Field(description="Whether nothing of the payment is left afterwards.")
    access: Literal["keep", "shorten"]
    destination: Literal["provider", "balance"]
    fiscal: bool = Field(description="Whether the provider registers a receipt of the refund.")

    @classmethod
    def of(cls, plan: billing.RefundPlan) -> Self:
        return cls(
            payment_id=plan.payment_id,
            amount=Amount.of(plan.amount),
            left=Amount.of(plan.left),
            full=plan.full,
            access=plan.access,
            destination=plan.destination,
            fiscal=plan.fiscal,
        )


class Payment(Answered):
    """One attempt to pay."""

    payment_id: int
    invoice_id: int
    user_id: int | None = Field(description="The buyer; null when it is not a person.")
    tariff: str
    provider: str
    payment_status: PaymentStatus
    amount: Amount = Field(description="The price.")
    promo_code: str | None = Field(description="The code that has made or accompanied it.")
    received: Amount | None = Field(description="What came.")
    confirmation_url: str | None
    reason: str | None = Field(description="The provider's own word for a failure.")
    decision: str | None = Field(description="Why the money waits for an operator: amount, late or double.")
    refunds: list[Refund]
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, payment: billing.Payment, invoice: billing.Invoice, refunds: Sequence[billing.Refund]) -> Self:
        status = PAYMENTS[payment.state]
        return cls(
            payment_id=payment.id,
            invoice_id=invoice.id,
            user_id=payment.party.id if payment.party.kind == "user" else None,
            tariff=invoice.quote.tariff,
            provider=payment.provider,
            payment_status=status,
            amount=Amount.of(payment.amount),
            promo_code=invoice.quote.promo,
            received=Amount.of(payment.received) if payment.received else None,
            confirmation_url=payment.pay_url if status == "pending" else None,
            reason=payment.reason,
            decision=payment.decision,
            refunds=[Refund.of(refund) for refund in refunds],
            created_at=payment.created_at,
            expires_at=invoice.valid_until,
        )
