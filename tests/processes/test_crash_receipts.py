"""A receipt earns once, whatever is killed on its way from the picture to the money: at its first step, its second, and
so on to its last. After a restart nothing is stuck, the budget has paid for it once, and the books agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import text

from services import receipts
from services.identity import Party
from services.receipts.payouts import Decision, Payout
from tests.apps.bot.receipt_counter import run_campaign
from tests.processes import errands
from tests.processes.aftermath import Survivor, surviving
from tests.processes.crashes import Case, Doomed
from tests.services.receipts.desk import WrittenReader, bought, picture
from tests.world import Kiosk

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
BONUS = 1250  # kopecks
KEEP, FETCH = "PUT /storage/kiosk/receipts/*", "GET /storage/kiosk/receipts/*"
TOP_UP = "POST /portmone/api/directcash/"
# Of each party, how often it got what a receipt gives once, and how many of its receipts are on their way.
EARNED = """
SELECT b.party,
  (SELECT count(*) FROM receipts r WHERE r.party = b.party AND r.state = 'paid') AS paid,
  (SELECT count(*) FROM receipts r WHERE r.party = b.party AND r.state NOT IN ('paid', 'rejected')) AS stuck,
  (SELECT count(*) FROM receipt_takes t JOIN receipts r ON r.id = t.receipt_id
    WHERE r.party = b.party AND t.given_back_at IS NULL) AS taken,
  (SELECT count(*) FROM receipt_payouts p WHERE p.party = b.party) AS payouts,
  (SELECT count(*) FROM ledger_transactions t JOIN receipts r ON split_part(t.reference, ':', 2) = r.id::text
    WHERE t.kind = 'payout' AND r.party = b.party) AS booked,
  (SELECT count(*) FROM outbox_events e JOIN receipts r ON e.body->>'receipt_id' = r.id::text
    WHERE e.name = 'receipts.payout_succeeded' AND r.party = b.party) AS announced
FROM unnest(CAST(:parties AS text[])) AS b(party)
"""
ONCE = {**dict.fromkeys(("paid", "taken", "payouts", "booked", "announced"), 1), "stuck": 0}


@dataclass(frozen=True)
class Shopper:
    """Somebody with one receipt."""

    party: Party
    phone: str
    content: bytes

    def __repr__(self) -> str:
        return str(self.party)


class Pharmacy:
    """Where everybody buys something that earns, and what became of it."""

    def __init__(self, kiosk: Survivor, payout: str) -> None:
        self.kiosk = kiosk
        run_campaign(kiosk, payout, budget="100000.00")

    def shopper(self, *, phone: bool = True) -> Shopper:
        number = next(self.kiosk.world.numbers)
        reading = bought(self.kiosk.now, key=f"ua:1:{number}:x", total=f"{100 + number}.00")
        shopper = Shopper(self.kiosk.person().party, f"38067{number:07}", picture(reading))
        if phone:
            errands.give_phone(self.kiosk.kit, shopper.party, shopper.phone)
        return shopper

    def bills(self, shopper: Shopper) -> list[dict[str, Any]]:
        """Portmone's, for that phone."""
        found = self.kiosk.http.get("/portmone/bills", params={"phone": shopper.phone}).json()["bills"]
        return list(found)

    def payout(self, shopper: Shopper) -> Payout:
        with self.kiosk.kit.db.begin() as tx:
            [found] = [one for one in receipts.payouts.list_payouts(tx, limit=1000) if one.party == str(shopper.party)]
        return found

    def decide(self, payout: Payout, outcome: Decision) -> None:
        kit = self.kiosk.kit
        with kit.db.begin() as tx:
            receipts.payouts.decide_payout(
                tx, kit.cipher, payout.id, outcome, actor="operator:1", reason="looked", now=self.kiosk.now
            )

    def assert_each_was_paid_once(self, cases: Iterable[Case[Shopper]]) -> None:
        cases = list(cases)
        with self.kiosk.kit.db.begin() as tx:
            rows = tx.execute(text(EARNED), {"parties": [str(case.subject.party) for case in cases]}).mappings()
            earned = {row["party"]: {name: row[name] for name in row if name != "party"} for row in rows}
            wrong = receipts.payouts.check_payouts(tx)
        for case in cases:
            assert earned[str(case.subject.party)] == ONCE, case
            assert self.kiosk.balance(f"payout:{case.subject.party}", "UAH") == 0, case
        assert self.kiosk.scalar("SELECT spent_minor FROM receipt_campaigns") == BONUS * len(cases)
        assert self.kiosk.balance("cashback:citramon", "UAH") == BONUS * len(cases)
        assert self.kiosk.faults() + wrong == []
        assert self.kiosk.left() == []


@pytest.fixture
def survivor(kiosk: Kiosk) -> Survivor:
    kiosk.kit = replace(kiosk.kit, reader=WrittenReader())
    return surviving(kiosk)


def test_from_the_picture_to_the_balance(survivor: Survivor, doomed: Doomed, long: bool) -> None:
    shop = Pharmacy(survivor, "balance")

    def buy() -> tuple[Shopper, dict[str, Any]]:
        shopper = shop.shopper(phone=False)
        return shopper, {"party": shopper.party, "content": shopper.content}

    cases = doomed.everywhere(survivor, errands.send_receipt, buy, relay=long)
    assert {f"before {KEEP}", f"after {KEEP}", f"before {FETCH}", f"after {FETCH}"} < set(cases[0].fate.steps)
    assert len(cases) > 24
    for case in cases:  # who was not told that it arrived sends the picture again
        errands.send_receipt(survivor.kit, case.subject.party, case.subject.content)
    survivor.restart()
    shop.assert_each_was_paid_once(cases)
    for case in cases:
        assert survivor.balance(f"wallet:{case.subject.party}", "UAH") == -BONUS, case


def test_from_the_picture_to_the_phone(survivor: Survivor, doomed: Doomed, long: bool) -> None:
    """Portmone takes the same call again for another payment: one without an outcome waits for a person, and is never
    made twice by itself. How a picture is read does not depend on who pays."""
    shop = Pharmacy(survivor, "portmone")

    def buy() -> tuple[Shopper, dict[str, Any]]:
        shopper = shop.shopper()
        return shopper, {"party": shopper.party, "content": shopper.content}

    cases = doomed.everywhere(
        survivor, errands.send_receipt, buy, relay=long, behind=None if long else f"after {FETCH}"
    )
    assert {f"before {TOP_UP}", f"after {TOP_UP}"} < set(cases[0].fate.steps)
    for case in cases:
        errands.send_receipt(survivor.kit, case.subject.party, case.subject.content)
    survivor.restart()
    assert_who_died_at_the_call_is_asked_about(shop, cases)
    survivor.restart()
    shop.assert_each_was_paid_once(cases)
    for case in cases:
        assert [(bill["amount"], bill["again"]) for bill in shop.bills(case.subject)] == [("12.50", False)], case


def assert_who_died_at_the_call_is_asked_about(shop: Pharmacy, cases: list[Case[Shopper]]) -> None:
    """Nobody else. An operator looks at Portmone's list, and has paid what is not on it."""
    lost, unpaid = [], []
    told = "SELECT count(*) FROM outbox_events WHERE name = :name AND body->>'payout_id' = :id"
    for case in cases:
        payout, there = shop.payout(case.subject), len(shop.bills(case.subject))
        if payout.state == "unknown":
            lost.append((case.fate.steps[-1], there))
            assert shop.kiosk.scalar(told, name="receipts.payout_needs_decision", id=str(payout.id)) == 1, case
            shop.decide(payout, "paid" if there else "not_paid")
            unpaid += [] if there else [payout]
        else:
            assert (payout.state, there) == ("succeeded", 1), case
    assert lost == [("after COMMIT", 0), (f"before {TOP_UP}", 0), (f"after {TOP_UP}", 1), ("before COMMIT", 1)]
    shop.kiosk.drain()
    for payout in unpaid:
        shop.decide(payout, "retry")


def test_from_the_number_to_the_phone(survivor: Survivor, doomed: Doomed) -> None:
    """The bonus waited for a number, and the number comes."""
    shop = Pharmacy(survivor, "portmone")

    def wait() -> tuple[Shopper, dict[str, Any]]:
        shopper = shop.shopper(phone=False)
        errands.send_receipt(survivor.kit, shopper.party, shopper.content)
        survivor.drain()
        assert shop.payout(shopper).state == "no_phone"
        return shopper, {"party": shopper.party, "phone": shopper.phone}

    cases = doomed.everywhere(survivor, errands.give_phone, wait)
    assert len(cases) > 12
    for case in cases:
        errands.give_phone(survivor.kit, case.subject.party, case.subject.phone)
    survivor.restart()
    assert_who_died_at_the_call_is_asked_about(shop, cases)
    survivor.restart()
    shop.assert_each_was_paid_once(cases)
    for case in cases:
        assert len(shop.bills(case.subject)) == 1, case
