"""A day in a shop where everything happens: what tests of books, console and metrics look at."""

from __future__ import annotations

from dataclasses import dataclass

from services.platform.money import Money
from tests.world import Kiosk, Person


@dataclass
class Day:
    """Payments of one day, by what became of them."""

    anna: Person
    sold: int
    refunded: int
    partly: int
    to_balance: int
    late: int
    kept: int
    sent_back_from_kept: int
    twice: int
    too_much: int
    pending_refund: int
    declined: int


def late(kiosk: Kiosk, person: Person) -> int:
    """Money for an invoice that is closed; it waits for a decision. Returns the payment."""
    checkout = kiosk.checkout(person)
    kiosk.scalar("UPDATE invoices SET state = 'expired' WHERE id = :id RETURNING id", id=checkout.invoice_id)
    kiosk.pay(checkout)
    kiosk.drain()
    return checkout.payment_id


def twice(kiosk: Kiosk, person: Person) -> int:
    """A second page of one invoice, paid although the first was. Returns the second payment."""
    first = kiosk.checkout(person)
    kiosk.scalar("UPDATE payments SET created_at = created_at - interval '55 minutes' RETURNING id")
    second = kiosk.checkout(person)
    assert (second.invoice_id, second.payment_id) != (first.invoice_id, first.payment_id)
    for checkout in (first, second):
        kiosk.pay(checkout)
        kiosk.drain()
    return second.payment_id


def too_much(kiosk: Kiosk, person: Person) -> int:
    """49.00 RUB more than the invoice wants. Returns the payment."""
    checkout = kiosk.checkout(person)
    cheaper = "UPDATE invoices SET amount_minor = 25000 WHERE id = :id RETURNING id"
    kiosk.scalar(cheaper, id=checkout.invoice_id)
    kiosk.pay(checkout)
    kiosk.drain()
    return checkout.payment_id


def a_day(kiosk: Kiosk) -> Day:
    """Ends with one payment undecided and two refunds on their way."""
    anna = kiosk.person()
    sold, refunded, partly, to_balance = (kiosk.buy(kiosk.person()).payment_id for _ in range(4))
    kiosk.refund(refunded)
    kiosk.refund(partly, amount=Money(10000, "RUB"))
    kiosk.refund(to_balance, destination="balance")
    kept, sent_back = late(kiosk, kiosk.person()), late(kiosk, kiosk.person())
    double, more = twice(kiosk, kiosk.person()), too_much(kiosk, kiosk.person())
    kiosk.decide(kept, "keep")
    kiosk.decide(sent_back, "keep")
    kiosk.decide(double, "apply")
    kiosk.decide(more, "apply")
    waiting, pending = late(kiosk, anna), kiosk.buy(kiosk.person()).payment_id
    declined = kiosk.checkout(kiosk.person())
    kiosk.pay(declined, outcome="decline", reason="insufficient_funds")
    kiosk.drain()
    kiosk.post("/yookassa/settings", refund="pending")
    try:
        kiosk.refund(sent_back)
        kiosk.refund(pending)
        kiosk.drain()
    finally:
        kiosk.post("/yookassa/settings", refund="succeeded")
    return Day(
        anna=anna,
        sold=sold,
        refunded=refunded,
        partly=partly,
        to_balance=to_balance,
        late=waiting,
        kept=kept,
        sent_back_from_kept=sent_back,
        twice=double,
        too_much=more,
        pending_refund=pending,
        declined=declined.payment_id,
    )
