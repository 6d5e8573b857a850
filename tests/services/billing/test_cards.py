"""Remembered cards: kept with consent, charged once for a purpose, in few tries, never after a no."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import billing, catalog, identity
from services.platform.db import Database
from tests.factories import at_once
from tests.world import Kiosk, Person

HOUR = timedelta(hours=1)
PURPOSE = "subscription:1:2026-12-21"


def remember_card(kiosk: Kiosk, person: Person) -> billing.SavedMethod:
    with kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, person.party, kiosk.now)
    checkout = kiosk.checkout(person, save=True)
    kiosk.pay(checkout)
    kiosk.drain()
    return cards(kiosk, person)[0]


def cards(kiosk: Kiosk, person: Person) -> list[billing.SavedMethod]:
    with kiosk.kit.db.begin() as tx:
        return billing.methods_of(tx, person.party)


def start(kiosk: Kiosk, person: Person, method_id: int, purpose: str = PURPOSE) -> int:
    with kiosk.kit.db.begin() as tx:
        quote = catalog.quote(tx, "vpn-1m", "RUB", {"all"})
        return billing.start_charge(
            tx, party=person.party, purpose=purpose, method_id=method_id, quote=quote, now=kiosk.now
        )


def charge(kiosk: Kiosk, purpose: str = PURPOSE) -> billing.Charge:
    with kiosk.kit.db.begin() as tx:
        found = billing.charge_of(tx, purpose)
    assert found
    return found


def decline(kiosk: Kiosk, reason: str | None) -> None:
    """What becomes of charges of the test card from now on."""
    kiosk.post("/yookassa/settings", declines={"4444": reason, "1111": reason, "4477": reason} if reason else {})


def payments_there(kiosk: Kiosk) -> int:
    keys = set(kiosk.attempt_keys())
    listed = kiosk.http.get("/yookassa/v3/payments?limit=100", auth=("100500", "test_SANDBOX")).json()["items"]
    return len([payment for payment in listed if payment["metadata"].get("attempt") in keys])


@pytest.fixture(autouse=True)
def _cards_work(kiosk: Kiosk) -> None:
    decline(kiosk, None)


def test_without_consent_no_card_is_remembered(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    with pytest.raises(billing.ConsentMissing):
        kiosk.checkout(anna, save=True)
    kiosk.buy(anna)
    assert cards(kiosk, anna) == []


def test_with_consent_it_is_listed_and_can_be_forgotten(kiosk: Kiosk) -> None:
    anna, stranger = kiosk.person(), kiosk.person("Чужой")
    card = remember_card(kiosk, anna)
    assert "•" in card.title or card.title[-4:].isdigit()
    with kiosk.kit.db.begin() as tx:
        assert identity.has_consented(tx, anna.party.id, "saved_card", "1")
    with kiosk.kit.db.begin() as tx, pytest.raises(billing.MethodNotFound):
        billing.forget_method(tx, stranger.party, card.id, kiosk.now)
    with kiosk.kit.db.begin() as tx:
        billing.forget_method(tx, anna.party, card.id, kiosk.now)
    assert cards(kiosk, anna) == []
    with pytest.raises(billing.MethodNotFound):
        start(kiosk, anna, card.id)


def test_it_is_charged_once_for_a_purpose(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    assert start(kiosk, anna, card.id) == start(kiosk, anna, card.id)
    kiosk.tick()
    kiosk.tick()
    assert charge(kiosk).state == "paid"
    assert payments_there(kiosk) == 2
    assert kiosk.count("subscription_changes", "kind = 'extended'") == 1
    kiosk.pass_time(timedelta(days=5), step=timedelta(days=1))
    assert payments_there(kiosk) == 2
    assert kiosk.faults() == []


@pytest.mark.parametrize("mode", ["500", "500_after", "502", "dropped", "dropped_after", "202", "429"])
def test_a_lost_answer_is_asked_about_and_never_charged_again(kiosk: Kiosk, mode: str) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    kiosk.post("/yookassa/faults", mode=mode, method="POST", times=2, delay=0)
    start(kiosk, anna, card.id)
    kiosk.tick()
    assert charge(kiosk).state in ("sending", "paid"), "what was carried out may be notified at once"
    kiosk.pass_time(timedelta(minutes=20), step=timedelta(minutes=1))
    kiosk.hurry()
    assert charge(kiosk).state == "paid"
    assert payments_there(kiosk) == 2
    assert kiosk.faults() == []


def test_too_little_money_is_tried_again_twice_and_told_each_time(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    decline(kiosk, "insufficient_funds")
    start(kiosk, anna, card.id)
    kiosk.tick()
    first = charge(kiosk)
    assert (first.state, first.tries) == ("due", 1)
    assert first.next_at is not None
    assert timedelta(hours=23) < first.next_at - kiosk.now <= timedelta(hours=24)
    kiosk.pass_time(timedelta(days=8), step=timedelta(hours=8))
    last = charge(kiosk)
    assert (last.state, last.tries, last.next_at) == ("stopped", 3, None)
    assert payments_there(kiosk) == 1 + 3
    assert kiosk.count("messages", "kind = 'charge_declined'") == 3
    assert kiosk.count("messages", "kind = 'payment_failed'") == 0
    assert len(cards(kiosk, anna)) == 1


def test_the_second_try_may_succeed(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    decline(kiosk, "insufficient_funds")
    start(kiosk, anna, card.id)
    kiosk.tick()
    decline(kiosk, None)
    kiosk.pass_time(timedelta(hours=25), step=HOUR)
    assert (charge(kiosk).state, charge(kiosk).tries) == ("paid", 2)
    assert kiosk.faults() == []


@pytest.mark.parametrize("reason", ["card_expired", "permission_revoked", "fraud_suspected"])
def test_a_card_that_cannot_succeed_is_left_alone(kiosk: Kiosk, reason: str) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    decline(kiosk, reason)
    start(kiosk, anna, card.id)
    kiosk.tick()
    assert (charge(kiosk).state, charge(kiosk).tries) == ("stopped", 1)
    assert cards(kiosk, anna) == []
    kiosk.pass_time(timedelta(days=4), step=timedelta(hours=24))
    assert payments_there(kiosk) == 2


def test_a_no_in_between_stops_it(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    decline(kiosk, "insufficient_funds")
    start(kiosk, anna, card.id)
    kiosk.tick()
    decline(kiosk, None)
    with kiosk.kit.db.begin() as tx:
        assert billing.stop_charge(tx, PURPOSE, "turned off", kiosk.now)
    kiosk.pass_time(timedelta(days=4), step=timedelta(hours=24))
    assert (charge(kiosk).state, charge(kiosk).tries) == ("stopped", 1)
    assert payments_there(kiosk) == 2


def test_forgetting_the_card_in_between_stops_it_too(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    start(kiosk, anna, card.id)
    with kiosk.kit.db.begin() as tx:
        billing.forget_method(tx, anna.party, card.id, kiosk.now)
    kiosk.tick()
    assert (charge(kiosk).state, charge(kiosk).reason) == ("stopped", "card_forgotten")
    assert payments_there(kiosk) == 1


def test_two_workers_charge_once(kiosk: Kiosk, db: Database) -> None:
    anna = kiosk.person()
    card = remember_card(kiosk, anna)
    charge_id = start(kiosk, anna, card.id)
    due = billing.ChargeDue(charge_id=charge_id)
    at_once(6, lambda _: billing.carry_out_charge(db, kiosk.kit.providers, due, kiosk.now))
    kiosk.drain()
    assert charge(kiosk).state == "paid"
    assert payments_there(kiosk) == 2
