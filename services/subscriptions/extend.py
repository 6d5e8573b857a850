"""Whatever brings time to a subscription ends here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services import billing
from services.catalog import Quote
from services.platform.money import Money
from services.platform.outbox import emit
from services.subscriptions.change import change_after_payment
from services.subscriptions.events import SubscriptionExtended
from services.subscriptions.journal import account_of, keep_the_day, known, newest, take_turns, write
from services.subscriptions.models import SubscriptionRow
from services.subscriptions.renewals import renew_as_paid
from services.subscriptions.timeline import NOTHING, Portion
from services.subscriptions.value import SECOND, convert


def extend_after_payment(tx: Session, event: billing.InvoicePaid, now: datetime) -> None:
    """Gives what a paid invoice bought: max(now, end) plus its period. The same invoice again changes nothing. Invoices
    for something else than a subscription are left alone."""
    quote = billing.invoice(tx, event.invoice_id).quote
    if quote.purpose not in ("subscription", "change"):
        return
    take_turns(tx, event.party, quote.product)
    if known(tx, invoice_id=event.invoice_id):
        return
    paid = billing.how_paid(tx, event.payment_id)
    if quote.purpose != "change" or not change_after_payment(tx, event, quote, now):
        extend(
            tx,
            event.party,
            quote,
            happens="renewed" if paid.charged else "paid",
            cause="payment",
            invoice_id=event.invoice_id,
            value=quote.price,
            span=_paid_part(quote, now) if quote.purpose == "change" else None,
            now=now,
        )
    bought = newest(tx, event.party, quote.product)
    if bought is not None:
        renew_as_paid(tx, bought, paid, now)


def extend(
    tx: Session,
    party: str,
    quote: Quote,
    *,
    happens: str,
    cause: str,
    value: Money,
    now: datetime,
    invoice_id: int | None = None,
    reference: str | None = None,
    span: timedelta | None = None,
) -> int:
    """Adds the period of `quote`, or `span`, to max(now, end), and returns the subscription's id. `happens` is paid,
    given or tried (states.TABLE), `value` what this time is worth. The caller has taken the turn of party and product
    and knows that invoice or reference is new.

    Terms that give something else (other devices, say) begin at once: what is left of the earlier ones is exchanged by
    value first."""
    row = newest(tx, party, quote.product)
    is_new = row is None
    if row is None:
        row = _begin(tx, party, quote, now)
    elif row.state == "paused" and happens == "paid":
        resume_row(tx, row, now, cause=cause)
    if row.ends_at <= (row.paused_at or now):  # begins, or after a lapse anew: months end on today's day from here on
        row.started_at, row.anchor_day = now, now.day
    source = f"invoice:{invoice_id}" if invoice_id is not None else reference or ""
    portions, ends_at = _prolonged(tx, row, quote, source, value, span, now)
    row.terms, row.grace_ends_at = quote.as_terms().to_json(), None
    line = write(
        tx,
        row,
        "changed" if portions is not None else "began" if is_new else "extended",
        now,
        happens=happens,
        cause=cause,
        ends_at=ends_at,
        first=is_new,
        invoice_id=invoice_id,
        reference=reference,
        value=value,
        portions=portions,
    )
    if row.state != "paused":
        announce(tx, row, now, cause=cause, invoice_id=invoice_id or 0, line=line)
    return row.id


def announce(tx: Session, row: SubscriptionRow, now: datetime, *, cause: str, line: int, invoice_id: int = 0) -> None:
    news = SubscriptionExtended(
        subscription_id=row.id,
        invoice_id=invoice_id,
        party=row.party,
        ends_at=row.ends_at,
        cause=cause,
        change_id=line,
    )
    emit(tx, news, now)


def resume_row(tx: Session, row: SubscriptionRow, now: datetime, *, cause: str) -> int:
    """Goes on with the time it had when it was paused. Returns the journal's line. Raises NotNow."""
    stood = now - row.paused_at if row.paused_at else NOTHING
    line = write(tx, row, "resumed", now, happens="resumed", cause=cause, ends_at=row.ends_at + stood)
    row.paused_at = None
    keep_the_day(row)
    return line


def _paid_part(quote: Quote, now: datetime) -> timedelta:
    """Of a change whose subscription is another one by now: the part of a period that its money pays for."""
    whole, price = quote.period.length(now) // SECOND, quote.list_price or quote.price
    return timedelta(seconds=whole * quote.price.minor // price.minor)


def _begin(tx: Session, party: str, quote: Quote, now: datetime) -> SubscriptionRow:
    row = SubscriptionRow(
        party=party,
        product=quote.product,
        state="expired",
        terms=quote.to_json(),
        started_at=now,
        ends_at=now,
        anchor_day=now.day,
    )
    tx.add(row)
    tx.flush()
    return row


def _prolonged(
    tx: Session, row: SubscriptionRow, quote: Quote, source: str, value: Money, span: timedelta | None, now: datetime
) -> tuple[tuple[Portion, ...] | None, datetime]:
    """The new end, and the portions where they were exchanged. Sets the day on which later months end."""
    stands_at = row.paused_at or now
    start = max(stands_at, row.ends_at)
    if row.ends_at > stands_at and not quote.gives_the_same_as(Quote.from_json(row.terms)):
        brought = span or quote.period.length(now)
        kept = _kept(account_of(tx, row, now).portions, quote, now)
        portions = (*kept, Portion(source, brought, brought, value))
        ends_at = stands_at + sum((one.left for one in portions), NOTHING)
        row.anchor_day = ends_at.day
        return portions, ends_at
    ends_at = start + span if span is not None else quote.period.after(start, row.anchor_day)
    if span is not None or quote.period.unit != "month":  # hours and days move the day on which later months end
        row.anchor_day = ends_at.day
    return None, ends_at


def _kept(left: tuple[Portion, ...], quote: Quote, now: datetime) -> tuple[Portion, ...]:
    """What is left of the earlier terms, as time of the new ones. Without a rate between the currencies nobody loses
    days for that: they stay as many."""
    price = quote.list_price or quote.price
    same_currency = all(one.value.currency == price.currency for one in left if one.value.minor)
    return convert(left, price, quote.period.length(now)) if same_currency and price.minor else left
