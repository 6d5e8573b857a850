from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import billing, catalog
from services.gifts import codes
from services.gifts.events import GiftBought
from services.gifts.models import GiftRow
from services.platform.crypto import Cipher
from services.platform.outbox import emit

PURPOSE = "gift"


def quote(tx: Session, tariff: str, currency: str) -> catalog.Quote:
    """What a checkout of a gift is made with. Only tariffs for everybody are given away: who may have the others is
    known of the buyer and not of the one who gets it; and only what is time: tokens that come with a purchase would be
    nobody's. Raises TariffNotFound or NotForSale."""
    offered = catalog.quote(tx, tariff, currency, {"all"})
    if offered.tokens:
        raise catalog.NotForSale(tariff[:80])
    return replace(offered, purpose=PURPOSE)


def create_after_payment(
    tx: Session, cipher: Cipher, event: billing.InvoicePaid, waits: timedelta, now: datetime
) -> None:
    """A paid gift gets its code and waits to be claimed. The same news again changes nothing."""
    sold = billing.invoice(tx, event.invoice_id)
    if sold.quote.purpose != PURPOSE:
        return
    code = codes.make()
    row = insert(GiftRow).values(
        invoice_id=event.invoice_id,
        buyer=event.party,
        quote=sold.quote.to_json(),
        code_index=codes.indexes(cipher, code)[0],
        code_sealed=cipher.seal(code.encode(), codes.place(event.invoice_id)),
        state="waiting",
        created_at=now,
        expires_at=now + waits,
        changed_at=now,
    )
    made = tx.scalar(row.on_conflict_do_nothing(index_elements=["invoice_id"]).returning(GiftRow.id))
    if made is not None:
        emit(tx, GiftBought(gift_id=made, party=event.party), now)
