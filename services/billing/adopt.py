"""Money with our key on it that no row knows: which attempt it belongs to, or a new row for it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.attempts import insert_attempt, new_invoice
from services.billing.events import RenewalChanged
from services.billing.models import InvoiceRow, PaymentRow
from services.billing.providers.base import PaymentProvider, Renewal, Snapshot
from services.billing.settle import strangeness
from services.catalog import Quote
from services.identity import Party
from services.platform.outbox import emit


def adopt(tx: Session, provider: PaymentProvider, snapshot: Snapshot, now: datetime) -> int | None:
    """The attempt that this payment is: known by its id, or by the key that came back. A second payment on one key (a
    page paid twice, a period that the provider renewed) gets an attempt of its own. None when it is not ours, or
    nothing has been paid."""
    ours = select(PaymentRow).where(PaymentRow.provider == provider.code)
    known = tx.scalar(ours.where(PaymentRow.external_id == snapshot.external_id))
    if known is not None:
        return known.id
    if (key := _parsed(snapshot.key)) is None:
        return None
    first = tx.scalar(ours.where(PaymentRow.key == key).with_for_update())
    if first is None:
        return None
    if first.external_id is None and not snapshot.renewal:
        return first.id
    if snapshot.status != "succeeded" or snapshot.key != str(first.key):
        return None
    if tx.scalar(ours.where(PaymentRow.external_id == snapshot.external_id)):  # while we waited for the first one
        return adopt(tx, provider, snapshot, now)
    return _sibling(tx, provider, first, snapshot, now)


def note_renewal(tx: Session, provider: PaymentProvider, renewal: Renewal, now: datetime) -> None:
    """The provider goes on, or stops, to charge each period by itself."""
    began = select(PaymentRow).where(PaymentRow.provider == provider.code, PaymentRow.renews)
    key = _parsed(renewal.key)
    first = tx.scalar(began.where(PaymentRow.key == key)) if key else None
    if first is not None:
        emit(tx, RenewalChanged(payment_id=first.id, party=first.party, state=renewal.state), now)


def _sibling(
    tx: Session, provider: PaymentProvider, first: PaymentRow, snapshot: Snapshot, now: datetime
) -> int | None:
    sold = tx.get_one(InvoiceRow, first.invoice_id)
    row = PaymentRow(
        invoice_id=sold.id,
        party=first.party,
        provider=first.provider,
        state="sending",
        amount_minor=first.amount_minor,
        currency=first.currency,
        key=uuid.uuid4(),
        wire_key=first.key,
        request={},
        save=False,
        renews=snapshot.renewal,
        created_at=snapshot.at or now,
        updated_at=now,
        checks=0,
    )
    if strangeness(provider, row, snapshot):
        return None
    if snapshot.renewal:  # a further period at the same price is a further invoice
        row.invoice_id = new_invoice(tx, Party.parse(sold.party), Quote.from_json(sold.quote), now).id
    return insert_attempt(tx, row, cause="renewed" if snapshot.renewal else "paid again").id


def _parsed(key: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(key) if key else None
    except ValueError:
        return None
