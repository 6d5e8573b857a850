"""What became of the money: the receipt says so, and what is taken back is taken back everywhere."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services import ledger, receipts
from services.platform.money import Money
from services.receipts import Receipt, payouts
from services.receipts.payouts.providers.balance import BalancePayouts
from tests.services.receipts.desk import Desk, bought
from tests.services.receipts.test_judge_receipts import BOSS, CIPHER, begin, judged, spent

WALLET = "wallet:user:1"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    begin(desk)
    return desk


def accepted(desk: Desk) -> Receipt:
    return judged(desk, bought(desk.now, key="ua:1"))


def order(desk: Desk, receipt: Receipt) -> int:
    assert receipt.bonus
    news = receipts.ReceiptAccepted(
        receipt_id=receipt.id,
        party=str(receipt.party),
        campaign=receipt.campaign or "",
        minor=receipt.bonus.minor,
        currency=receipt.bonus.currency,
        payout="balance",
    )
    with desk.db.begin() as tx:
        payout_id = payouts.order_payout(tx, CIPHER, news, desk.now)
        receipts.note_paying(tx, news, desk.now)
        assert payout_id
    return payout_id


def paid(desk: Desk) -> Receipt:
    receipt = accepted(desk)
    payout_id = order(desk, receipt)
    payouts.pay(desk.db, CIPHER, receipts.PayoutDue(payout_id=payout_id), desk.now, {"balance": BalancePayouts()})
    with desk.db.begin() as tx:
        receipts.note_paid(tx, receipts.PayoutSucceeded(payout_id=payout_id, receipt_id=receipt.id), desk.now)
    return desk.look(receipt.id)


def wallet(desk: Desk) -> Money:
    with desk.db.begin() as tx:
        return -ledger.balance(tx, WALLET, "UAH")


def take_back(desk: Desk, receipt: Receipt) -> str:
    with desk.db.begin() as tx:
        return receipts.reverse(tx, receipt.id, "goods returned", actor=BOSS, now=desk.now).state


def test_paid_to_the_balance(desk: Desk) -> None:
    assert paid(desk).state == "paid"
    assert wallet(desk) == Money(100, "UAH")


def test_what_was_paid_is_taken_back_once_and_cannot_be_sent_again(desk: Desk) -> None:
    receipt = paid(desk)
    assert [take_back(desk, receipt), take_back(desk, receipt)] == ["reversed", "reversed"]
    assert (wallet(desk), spent(desk.db)) == (Money(0, "UAH"), 0)
    assert judged(desk, bought(desk.now, key="ua:1"), 2).reason == "duplicate_receipt"
    with desk.db.begin() as tx:
        assert tx.scalar(text("SELECT count(*) FROM audit_log WHERE action = 'receipt.reverse'")) == 1


def test_what_is_on_its_way_is_stopped(desk: Desk) -> None:
    receipt = accepted(desk)
    payout_id = order(desk, receipt)
    assert take_back(desk, receipt) == "reversed"
    payouts.pay(desk.db, CIPHER, receipts.PayoutDue(payout_id=payout_id), desk.now, {"balance": BalancePayouts()})
    assert (wallet(desk), spent(desk.db)) == (Money(0, "UAH"), 0)
    with desk.db.begin() as tx:
        receipts.note_paid(tx, receipts.PayoutSucceeded(payout_id=payout_id, receipt_id=receipt.id), desk.now)
    assert desk.look(receipt.id).state == "reversed", "late news changes nothing"


def test_what_was_never_promised_cannot_be_taken_back(desk: Desk) -> None:
    waiting = judged(desk, receipts.Reading("D", ("engine_failed",)))
    for receipt in (waiting, accepted(desk)):
        with pytest.raises(receipts.NotReversible):
            take_back(desk, receipt)


def test_a_failed_payout_gives_back_and_late_success_counts(desk: Desk) -> None:
    receipt = accepted(desk)
    payout_id = order(desk, receipt)
    failed = receipts.PayoutFailed(payout_id=payout_id, receipt_id=receipt.id, reason="refused")
    for _ in range(2):
        with desk.db.begin() as tx:
            receipts.note_not_paid(tx, failed, desk.now)
    assert (desk.look(receipt.id).state, spent(desk.db)) == ("pay_failed", 0)
    with desk.db.begin() as tx:
        receipts.note_paid(tx, receipts.PayoutSucceeded(payout_id=payout_id, receipt_id=receipt.id), desk.now)
        receipts.note_not_paid(tx, failed, desk.now)
    assert desk.look(receipt.id).state == "paid"
