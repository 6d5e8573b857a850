"""From an accepted receipt to the phone, through events, queues and the world's Portmone."""

from __future__ import annotations

import pytest

from services import identity, receipts
from services.platform.outbox import emit
from services.receipts.events import ReceiptAccepted
from services.receipts.models import ReceiptRow
from tests.world import Kiosk, MakeKiosk, Person


def earn(kiosk: Kiosk, person: Person, payout: str) -> int:
    """A receipt that was just accepted; its id."""
    with kiosk.kit.db.begin() as tx:
        row = ReceiptRow(
            party=str(person.party),
            source="telegram",
            state="approved",
            submitted_at=kiosk.now,
            changed_at=kiosk.now,
            attempts=1,
        )
        tx.add(row)
        tx.flush()
        news = ReceiptAccepted(
            receipt_id=row.id, party=row.party, campaign="autumn", minor=1500, currency="UAH", payout=payout
        )
        emit(tx, news, kiosk.now)
        return row.id


def state(kiosk: Kiosk, receipt_id: int) -> tuple[str, str]:
    """Of the receipt and of its payout."""
    with kiosk.kit.db.begin() as tx:
        payout = receipts.payouts.payout_of(tx, receipt_id)
        assert payout
        return tx.get_one(ReceiptRow, receipt_id).state, payout.state


def came(kiosk: Kiosk, phone: str) -> list[str]:
    bills = kiosk.http.get("/portmone/bills", params={"phone": phone}).json()["bills"]
    assert not any(bill["again"] for bill in bills)
    return [bill["amount"] for bill in bills]


def give_phone(kiosk: Kiosk, person: Person, phone: str) -> None:
    with kiosk.kit.db.begin() as tx:
        identity.keep_phone(tx, kiosk.kit.cipher, person.party.id, phone, kiosk.now, is_own=True)


def test_a_receipt_tops_up_the_phone_once_one_is_given(kiosk: Kiosk) -> None:
    person, phone = kiosk.person(), "380970000001"
    to_phone, to_balance = earn(kiosk, person, "portmone"), earn(kiosk, person, "balance")
    kiosk.drain()
    assert state(kiosk, to_balance) == ("paid", "succeeded")
    assert kiosk.balance(f"wallet:{person.party}", "UAH") == -1500
    assert state(kiosk, to_phone) == ("paying", "no_phone")
    give_phone(kiosk, person, phone)
    kiosk.drain()
    assert state(kiosk, to_phone) == ("paid", "succeeded")
    assert came(kiosk, phone) == ["15.00"]
    kiosk.hurry()
    assert came(kiosk, phone) == ["15.00"]
    assert kiosk.undone() == []
    assert kiosk.faults() == []


@pytest.mark.parametrize(("mode", "paid"), [("500_after", ["15.00"]), ("garbage", [])])
def test_an_answer_that_says_nothing_waits_for_a_person(kiosk: Kiosk, mode: str, paid: list[str]) -> None:
    person, phone = kiosk.person(), f"38097000001{len(paid)}"
    give_phone(kiosk, person, phone)
    kiosk.post("/portmone/faults", mode=mode, times=1)
    receipt_id = earn(kiosk, person, "portmone")
    kiosk.drain()
    kiosk.hurry()
    assert state(kiosk, receipt_id) == ("paying", "unknown")
    assert came(kiosk, phone) == paid
    assert kiosk.undone() == []


def test_beyond_the_days_number_it_waits(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(PAYOUTS_A_DAY="1") as kiosk:
        person = kiosk.person()
        first, second = earn(kiosk, person, "balance"), earn(kiosk, person, "balance")
        kiosk.drain()
        assert {state(kiosk, first)[1], state(kiosk, second)[1]} == {"succeeded", "created"}
        assert [error for _, error in kiosk.undone()] == [None], "it merely waits"
        assert kiosk.balance(f"wallet:{person.party}", "UAH") == -1500
