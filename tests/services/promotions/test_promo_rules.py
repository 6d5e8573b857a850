"""When a code works, and the reason when it does not; how codes are made."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services import promotions
from services.identity import Party
from services.platform.audit import AuditRow
from services.platform.db import Database
from services.platform.money import Money
from services.promotions import PromoCode, Purchase
from tests.factories import at_once, make_tariff

ANNA, BORIS = Party("user", 1), Party("user", 2)
HOUR = timedelta(hours=1)
RUB = Money(29900, "RUB")


def made(tx: Session, now: datetime, **given: str) -> PromoCode:
    fields = {"code": "SUMMER", "kind": "percent", "value": "20"} | given
    return promotions.create(tx, fields, actor="console:test", now=now)


def purchase(price: Money = RUB, tariff: str = "vpn-1m", audience: str = "new") -> Purchase:
    return Purchase(tariff, price, Money(1 if price.currency == "XTR" else 100, price.currency), {"all", audience})


def appraised(tx: Session, now: datetime, **how: Any) -> promotions.Deal:
    return promotions.appraise(tx, "summer", purchase(**how), now)


def test_a_code_takes_its_percent_off(tx: Session, now: datetime) -> None:
    made(tx, now)
    deal = appraised(tx, now)
    assert (deal.code.code, deal.price, deal.at_minimum) == ("SUMMER", Money(23920, "RUB"), False)


def test_a_code_for_all_of_it_leaves_the_smallest_payment_and_says_so(tx: Session, now: datetime) -> None:
    made(tx, now, value="100")
    deal = appraised(tx, now)
    assert (deal.price, deal.at_minimum) == (Money(100, "RUB"), True)


def test_it_is_good_from_its_first_moment_and_not_at_its_last(tx: Session, now: datetime) -> None:
    made(tx, now, valid_from=now.isoformat(), valid_until=(now + HOUR).isoformat())
    with pytest.raises(promotions.PromoNotYet) as early:
        appraised(tx, now - timedelta(seconds=1))
    assert early.value.since == now
    appraised(tx, now)
    appraised(tx, now + HOUR - timedelta(seconds=1))
    with pytest.raises(promotions.PromoOver):
        appraised(tx, now + HOUR)


def test_what_does_not_exist_or_was_ended_does_not_work(tx: Session, now: datetime) -> None:
    with pytest.raises(promotions.PromoUnknown):
        appraised(tx, now)
    made(tx, now)
    promotions.deactivate(tx, "summer", actor="console:test", now=now)
    with pytest.raises(promotions.PromoOver):
        appraised(tx, now)


def test_it_is_bound_to_its_tariffs(tx: Session, now: datetime) -> None:
    make_tariff(tx, now, "vpn-12m")
    made(tx, now, tariffs="vpn-12m")
    appraised(tx, now, tariff="vpn-12m")
    with pytest.raises(promotions.PromoNotForTariff):
        appraised(tx, now)


@pytest.mark.parametrize(("audience", "other"), [("new", "existing"), ("existing", "new")])
def test_it_is_bound_to_new_or_existing_people(tx: Session, now: datetime, audience: str, other: str) -> None:
    made(tx, now, audience=audience)
    appraised(tx, now, audience=audience)
    with pytest.raises(promotions.PromoNotForYou) as refusal:
        appraised(tx, now, audience=other)
    assert refusal.value.audience == audience


def test_a_smallest_order_is_by_currency_and_a_currency_without_one_does_not_count(tx: Session, now: datetime) -> None:
    made(tx, now, minimum="299.00 RUB")
    appraised(tx, now)
    with pytest.raises(promotions.PromoBelowMinimum) as refusal:
        appraised(tx, now, price=Money(29899, "RUB"))
    assert refusal.value.minimum == RUB
    with pytest.raises(promotions.PromoNotForPayment):
        appraised(tx, now, price=Money(10**6, "XTR"))


def test_what_takes_nothing_off_is_not_used_up_for_nothing(tx: Session, now: datetime) -> None:
    made(tx, now, kind="fixed", value="50.00 RUB")
    assert appraised(tx, now).price == Money(24900, "RUB")
    with pytest.raises(promotions.PromoNotForPayment):
        appraised(tx, now, price=Money(150, "XTR"))


def test_a_code_that_works_by_itself_does_nothing_to_a_purchase(tx: Session, now: datetime) -> None:
    made(tx, now, kind="free_days", value="7")
    with pytest.raises(promotions.PromoWithoutPurchase):
        appraised(tx, now)


# --- counting ---------------------------------------------------------------------------------------------------------


def reserved(tx: Session, now: datetime, party: Party, invoice_id: int, until: datetime | None = None) -> int | None:
    code = promotions.find(tx, "SUMMER", lock=True)
    return promotions.reserve(tx, code, party, invoice_id, until or now + HOUR, now)


def numbers(tx: Session, now: datetime) -> tuple[int, int]:
    standing = promotions.standing(tx, "SUMMER", now)
    return standing.used, standing.reserved


def test_a_reserved_use_counts_until_its_invoice_is_over(tx: Session, now: datetime) -> None:
    made(tx, now, total="1")
    reserved(tx, now, ANNA, 1)
    with pytest.raises(promotions.PromoUsedUp):
        reserved(tx, now, BORIS, 2)
    later = now + HOUR
    assert numbers(tx, later) == (0, 0)
    reserved(tx, later, BORIS, 2)
    assert numbers(tx, later) == (0, 1)


def test_typing_and_reserving_use_nothing_and_paying_does(tx: Session, now: datetime) -> None:
    made(tx, now)
    reserved(tx, now, ANNA, 1)
    assert numbers(tx, now) == (0, 1)
    assert promotions.note_paid(tx, 1, now)
    assert not promotions.note_paid(tx, 1, now), "told twice, counted once"
    assert numbers(tx, now + timedelta(days=9)) == (1, 0)
    assert not promotions.note_paid(tx, 404, now)


def test_the_same_invoice_again_reserves_nothing_more(tx: Session, now: datetime) -> None:
    made(tx, now, total="1")
    assert reserved(tx, now, ANNA, 1) is None
    assert reserved(tx, now, ANNA, 1) is None
    assert numbers(tx, now) == (0, 1)


def test_a_person_uses_it_as_often_as_it_says(tx: Session, now: datetime) -> None:
    made(tx, now, per_person="2")
    for invoice in (1, 2):
        reserved(tx, now, ANNA, invoice)
        promotions.note_paid(tx, invoice, now)
    with pytest.raises(promotions.PromoUsedByYou):
        reserved(tx, now, ANNA, 3)
    reserved(tx, now, BORIS, 4)


def test_the_only_use_moves_to_the_newer_order_of_the_same_person(tx: Session, now: datetime) -> None:
    made(tx, now, total="1")
    reserved(tx, now, ANNA, 1)
    assert reserved(tx, now, ANNA, 2) == 1
    assert numbers(tx, now) == (0, 1)
    assert promotions.open_orders(tx, promotions.find(tx, "SUMMER"), ANNA, now) == [2]


def test_without_limits_no_order_gives_anything_up(tx: Session, now: datetime) -> None:
    made(tx, now, per_person="any")
    assert reserved(tx, now, ANNA, 1) is None
    assert reserved(tx, now, ANNA, 2) is None
    assert numbers(tx, now) == (0, 2)


def test_a_price_that_was_promised_counts_beyond_the_limit(tx: Session, now: datetime) -> None:
    made(tx, now, total="1")
    reserved(tx, now, ANNA, 1)
    later = now + HOUR
    reserved(tx, later, BORIS, 2, later + HOUR)
    promotions.note_paid(tx, 2, later)
    assert promotions.note_paid(tx, 1, later)
    assert numbers(tx, later) == (2, 0)


def test_looking_is_not_hindered_by_the_own_open_order(tx: Session, now: datetime) -> None:
    code = made(tx, now, total="1")
    reserved(tx, now, ANNA, 1)
    promotions.require_left(tx, code, ANNA, now)
    with pytest.raises(promotions.PromoUsedUp):
        promotions.require_left(tx, code, BORIS, now)
    promotions.note_paid(tx, 1, now)
    with pytest.raises(promotions.PromoUsedByYou):
        promotions.require_left(tx, code, ANNA, now)


def test_fifty_at_once_on_the_last_use_give_exactly_one(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        made(tx, now, total="3")
        for invoice in (1, 2):
            reserved(tx, now, Party("user", 100 + invoice), invoice)
            promotions.note_paid(tx, invoice, now)

    def one(number: int) -> bool:
        try:
            with db.begin() as tx:
                reserved(tx, now, Party("user", 200 + number), 10 + number)
                time.sleep(0.02)  # others have time to count what is not committed
        except promotions.PromoUsedUp:
            return False
        return True

    assert sum(at_once(50, one)) == 1
    with db.begin() as tx:
        assert numbers(tx, now) == (2, 1)


def test_one_person_many_times_at_once_holds_one_use(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        made(tx, now)

    def one(number: int) -> None:
        with db.begin() as tx:
            reserved(tx, now, ANNA, number)

    at_once(8, one)
    with db.begin() as tx:
        assert numbers(tx, now) == (0, 1)


# --- typing -----------------------------------------------------------------------------------------------------------


def entered(db: Database, now: datetime, typed: str, party: Party = ANNA) -> PromoCode:
    return promotions.enter(db, party, typed, {"all", "new"}, now)


def test_a_typed_code_is_remembered_for_a_day_in_the_place_of_the_one_before(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        made(tx, now)
        made(tx, now, code="WINTER")
    entered(db, now, "winter")
    entered(db, now, " Summer ")
    with db.begin() as tx:
        assert getattr(promotions.pending(tx, ANNA, now + 23 * HOUR), "code", None) == "SUMMER"
        assert promotions.pending(tx, ANNA, now + 24 * HOUR) is None
        assert promotions.pending(tx, BORIS, now) is None
        promotions.forget(tx, ANNA)
        assert promotions.pending(tx, ANNA, now) is None


def test_a_code_that_needs_no_purchase_or_does_not_work_is_not_remembered(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        made(tx, now, kind="bonus_tokens", value="5")
        made(tx, now, code="OLD", valid_until=now.isoformat())
        made(tx, now, code="REGULARS", audience="existing")
    entered(db, now, "summer")
    with pytest.raises(promotions.PromoOver):
        entered(db, now, "old")
    with pytest.raises(promotions.PromoNotForYou):
        entered(db, now, "regulars")
    with db.begin() as tx:
        assert promotions.pending(tx, ANNA, now) is None


def test_codes_are_not_found_by_guessing(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        made(tx, now)
    for number in range(10):
        with pytest.raises(promotions.PromoUnknown):
            entered(db, now + timedelta(minutes=number), f"guess{number}")
    with pytest.raises(promotions.TooManyGuesses) as wait:
        entered(db, now + timedelta(minutes=30), "summer")
    assert wait.value.after == 30 * 60
    entered(db, now, "summer", BORIS)
    entered(db, now + HOUR, "summer")


def test_what_no_longer_counts_is_purged(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        made(tx, now)
    entered(db, now, "summer")
    with pytest.raises(promotions.PromoUnknown):
        entered(db, now, "guess")
    with db.begin() as tx:
        assert promotions.purge(tx, now + HOUR - timedelta(seconds=1)) == 0
        assert promotions.purge(tx, now + HOUR) == 1
        assert promotions.pending(tx, ANNA, now + HOUR) is not None
        assert promotions.purge(tx, now + 24 * HOUR) == 1


def test_guesses_at_once_are_all_counted(db: Database, now: datetime) -> None:
    def one(number: int) -> str:
        try:
            entered(db, now, f"guess{number}")
        except (promotions.PromoUnknown, promotions.TooManyGuesses) as error:
            return error.code
        return "found"

    ends = at_once(20, one)
    assert (ends.count("promo_unknown"), ends.count("promo_too_many_guesses")) == (10, 10)


# --- making -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"code": "A"}, "code must be 3 to 32"),
        ({"kind": "gift"}, "kind must be one of"),
        ({"value": "101"}, "from 1 to 100"),
        ({"value": "0"}, "from 1 to 100"),
        ({"value": "1.5"}, "from 1 to 100"),
        ({"kind": "fixed", "value": "100 YEN"}, "value must be amounts"),
        ({"kind": "fixed", "value": "10.005 RUB"}, "value must be amounts"),
        ({"kind": "fixed", "value": "1.00 RUB; 2.00 RUB"}, "value must be amounts"),
        ({"kind": "trial", "value": "vpn-1m"}, "whose audience is trial"),
        ({"kind": "free_days", "value": "7", "tariffs": "nowhere"}, "names 'nowhere'"),
        ({"audience": "trial"}, "audience must be one of"),
        ({"total": "0"}, "total must be"),
        ({"per_person": "-1"}, "per_person must be"),
        ({"valid_from": "soon"}, "valid_from must be like"),
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "valid_until must be after"),
        ({"needs_purchase": "no"}, "needs_purchase must be yes"),
        ({"kind": "bonus_tokens", "minimum": "5.00 RUB"}, "minimum says nothing"),
        ({"active": "maybe"}, "active must be yes or no"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_what_cannot_be_a_code_is_told(tx: Session, now: datetime, given: dict[str, str], fault: str) -> None:
    with pytest.raises(promotions.BadPromo) as refusal:
        made(tx, now, **given)
    assert any(fault in one for one in refusal.value.faults), refusal.value.faults
    assert promotions.standings(tx, now) == []


def test_a_code_once_made_is_not_made_again_whatever_its_case(tx: Session, now: datetime) -> None:
    made(tx, now)
    with pytest.raises(promotions.BadPromo, match="SUMMER exists already"):
        made(tx, now, code="summer")


def test_a_file_is_imported_whole_or_not_at_all(tx: Session, now: datetime) -> None:
    good = {"code": "one", "kind": "percent", "value": "5"}
    lines = [(2, good), (3, good | {"value": "500", "total": "x"}), (4, good), (5, good | {"code": "two"})]
    with pytest.raises(promotions.BadPromo) as refusal:
        promotions.import_codes(tx, lines, actor="console:test", now=now)
    assert [fault.split(":")[0] for fault in refusal.value.faults] == ["line 3", "line 3", "line 4"]
    assert promotions.standings(tx, now) == []
    promotions.import_codes(tx, [lines[0], lines[3]], actor="console:test", now=now)
    assert [one.code.code for one in promotions.standings(tx, now)] == ["ONE", "TWO"]


def test_what_is_written_is_what_is_read(tx: Session, now: datetime) -> None:
    make_tariff(tx, now)
    code = made(
        tx,
        now,
        kind="fixed",
        value="100.00 RUB; 50 XTR",
        total="7",
        per_person="any",
        valid_from="2026-12-01",
        valid_until="2026-12-31T23:00+03:00",
        tariffs="vpn-1m",
        audience="new",
        minimum="200.00 RUB",
    )
    tx.execute(text("DELETE FROM promo_codes"))
    tx.expire_all()
    assert promotions.create(tx, promotions.written(code), actor="console:test", now=now) == code


def test_making_and_ending_a_code_is_in_the_audit_log_once(tx: Session, now: datetime) -> None:
    made(tx, now)
    for _time in range(2):
        promotions.deactivate(tx, "SUMMER", actor="console:test", now=now)
    lines = [(row.action, row.subject) for row in tx.scalars(select(AuditRow).order_by(AuditRow.id))]
    assert lines == [("promo.create", "promo:SUMMER"), ("promo.deactivate", "promo:SUMMER")]
