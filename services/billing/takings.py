"""What somebody's payments have brought, for whoever rewards or counts them. Money from the balance is not new money:
it came in before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.billing.models import InvoiceRow, PaymentRow, RefundRow
from services.billing.refund_plan import earned_by
from services.identity import Party
from services.platform.money import Money

AT_ONCE = 5000  # parties in one query
APPLIED = PaymentRow.decision.is_(None) | (PaymentRow.decided == "apply")


@dataclass(frozen=True, slots=True)
class Takings:
    """`payments` came from outside and paid for something, by `payers` parties; `came` and `went_back` (through the
    provider) are by currency."""

    payments: int
    payers: int
    came: dict[str, Money]
    went_back: dict[str, Money]


def first_bought(tx: Session, party: Party) -> int | None:
    """The id of the invoice that a party paid first with money from outside; it stays the first after a refund."""
    paid = (
        select(InvoiceRow.id)
        .join(PaymentRow, PaymentRow.invoice_id == InvoiceRow.id)
        .where(InvoiceRow.party == str(party), InvoiceRow.state == "paid", InvoiceRow.amount_minor > 0)
        .where(PaymentRow.state == "succeeded", APPLIED, PaymentRow.provider != "balance")
        .order_by(InvoiceRow.paid_at, InvoiceRow.id)
        .limit(1)
    )
    return tx.scalar(paid)


def kept(tx: Session, invoice_id: int) -> Money:
    """What a paid invoice brought and has not gone back, wherever to."""
    paid_by = select(PaymentRow).where(PaymentRow.invoice_id == invoice_id, PaymentRow.state == "succeeded", APPLIED)
    payment = tx.scalars(paid_by).one()
    earned = earned_by(tx, payment)
    back = select(func.coalesce(func.sum(RefundRow.amount_minor), 0))
    gone = tx.scalar(back.where(RefundRow.payment_id == payment.id, RefundRow.state == "succeeded"))
    return Money(max(0, earned.minor - int(gone or 0)), earned.currency)


def takings(tx: Session, parties: Sequence[Party]) -> Takings:
    """Of all these parties together."""
    payments, payers = 0, 0
    came: Counter[str] = Counter()
    went_back: Counter[str] = Counter()
    for start in range(0, len(parties), AT_ONCE):
        who = [str(party) for party in parties[start : start + AT_ONCE]]
        outside = PaymentRow.party.in_(who), PaymentRow.state == "succeeded", PaymentRow.provider != "balance"
        currency = func.coalesce(PaymentRow.received_currency, PaymentRow.currency)
        minor = func.sum(func.coalesce(PaymentRow.received_minor, PaymentRow.amount_minor))
        sums = select(currency, minor, func.count()).where(*outside, APPLIED).group_by(currency)
        for code, total, count in tx.execute(sums):
            came[code] += int(total)
            payments += int(count)
        payers += int(tx.scalar(select(func.count(PaymentRow.party.distinct())).where(*outside, APPLIED)) or 0)
        refunds = (
            select(RefundRow.currency, func.sum(RefundRow.amount_minor))
            .join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
            .where(*outside, APPLIED, RefundRow.state == "succeeded", RefundRow.destination == "provider")
            .group_by(RefundRow.currency)
        )
        for code, total in tx.execute(refunds):
            went_back[code] += int(total)
    return Takings(payments, payers, _money(came), _money(went_back))


def _money(sums: Counter[str]) -> dict[str, Money]:
    return {code: Money(minor, code) for code, minor in sorted(sums.items())}
