"""Renewal without anybody's doing: told a day before, charged once, never against a no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from services import billing, catalog, subscriptions
from services.platform.money import Money
from services.subscriptions import Foreseen, Subscription
from services.subscriptions.ending import next_decent
from tests.factories import at_once
from tests.world import TOML, Kiosk, Person

HOUR = timedelta(hours=1)
ZONE = "Europe/Moscow"
GRACE = "\ngrace = {days = 4}"


@pytest.fixture(autouse=True)
def _cards_work(kiosk: Kiosk) -> Iterator[None]:
    decline(kiosk, None)
    yield
    decline(kiosk, None)


def decline(kiosk: Kiosk, reason: str | None) -> None:
    kiosk.post("/yookassa/settings", declines={"4444": reason, "1111": reason, "4477": reason} if reason else {})


def tariff(kiosk: Kiosk, more: str = "", **changes: str) -> None:
    toml = TOML + more
    for old, new in changes.items():
        toml = toml.replace(old, new)
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, toml, kiosk.now)


def subscribe(kiosk: Kiosk) -> Person:
    """Somebody who has paid with a card that is remembered: auto-renewal is on."""
    anna = kiosk.person()
    with kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, anna.party, kiosk.now)
    kiosk.pay(kiosk.checkout(anna, save=True))
    kiosk.drain()
    return anna


def mine(kiosk: Kiosk, person: Person) -> Subscription:
    with kiosk.kit.db.begin() as tx:
        (found,) = subscriptions.subscriptions_of(tx, person.party)
    return found


def seen(kiosk: Kiosk, person: Person) -> Foreseen:
    with kiosk.kit.db.begin() as tx:
        return subscriptions.foresee(tx, person.party, mine(kiosk, person).id, kiosk.now, ZONE)


def renewal(kiosk: Kiosk, person: Person) -> subscriptions.Renewal:
    with kiosk.kit.db.begin() as tx:
        found = subscriptions.renewal_of(tx, person.party, mine(kiosk, person).id)
    assert found
    return found


def card_of(kiosk: Kiosk, person: Person) -> billing.SavedMethod:
    with kiosk.kit.db.begin() as tx:
        return billing.methods_of(tx, person.party)[0]


def turn_off(kiosk: Kiosk, person: Person) -> None:
    with kiosk.kit.db.begin() as tx:
        subscriptions.turn_off_renewal(tx, person.party, mine(kiosk, person).id, kiosk.now)


def turn_on(kiosk: Kiosk, person: Person, by: subscriptions.By = "card") -> None:
    method = card_of(kiosk, person).id if by == "card" else None
    with kiosk.kit.db.begin() as tx:
        subscription_id = mine(kiosk, person).id
        subscriptions.turn_on_renewal(tx, person.party, subscription_id, by, method, kiosk.now, currency="RUB")


def go_to(kiosk: Kiosk, moment: datetime, step: timedelta = timedelta(days=400)) -> None:
    """The clock jumps in these steps, and ticks after each; at the end twice, as what is due brings what follows."""
    while kiosk.now < moment:
        kiosk.world.offset.move(int(min(step, moment - kiosk.now).total_seconds()) + 1)
        kiosk.tick()
    kiosk.tick()


def go_told(kiosk: Kiosk, person: Person) -> datetime:
    """To a moment when its notice has left, an hour or two after the first possible. Returns the end."""
    end = mine(kiosk, person).ends_at
    go_to(kiosk, next_decent(end - 72 * HOUR, ZONE) + HOUR)
    assert kiosk.count("subscription_reminders", "kind = 'renewal' AND told_at IS NOT NULL") == 1
    return end


def charged(kiosk: Kiosk) -> int:
    return kiosk.count("payments", "reference LIKE 'charge:%' AND state = 'succeeded'")


def words(kiosk: Kiosk, person: Person) -> list[str]:
    return [message.get("text") or message.get("caption") or "" for message in kiosk.messages(person)]


def said(kiosk: Kiosk, person: Person, part: str) -> int:
    return sum(part in one for one in words(kiosk, person))


def test_paying_with_a_remembered_card_turns_it_on_visibly(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    assert renewal(kiosk, anna) == subscriptions.Renewal(
        mine(kiosk, anna).id, True, "card", card_of(kiosk, anna).id, card_of(kiosk, anna).title, None
    )
    assert said(kiosk, anna, "автопродление включено") == 1
    with kiosk.kit.db.begin() as tx:
        stranger = kiosk.person("Чужой")
        assert subscriptions.renewal_of(tx, stranger.party, mine(kiosk, anna).id) is None


def test_it_is_told_a_day_before_and_charged_once_before_the_end(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    assert said(kiosk, anna, "продлится само") == 1
    assert "299" in words(kiosk, anna)[-1]
    go_to(kiosk, end - 31 * HOUR)
    assert charged(kiosk) == 0
    go_to(kiosk, end - 28 * HOUR)
    assert charged(kiosk) == 1
    renewed = mine(kiosk, anna)
    assert renewed.ends_at - end >= timedelta(days=28)
    told = kiosk.scalar("SELECT min(told_at) FROM subscription_reminders WHERE kind = 'renewal'")
    paid = kiosk.scalar("SELECT max(succeeded_at) FROM payments")
    assert paid - told >= 24 * HOUR
    go_to(kiosk, end + 30 * HOUR)
    assert charged(kiosk) == 1
    assert said(kiosk, anna, "Продлите") == 0, "who renews by itself was reminded"
    assert kiosk.count("messages", "kind IN ('reminder', 'expired')") == 0
    assert kiosk.faults() == []


def test_it_goes_on_period_after_period(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    for times in (1, 2, 3):
        end = mine(kiosk, anna).ends_at
        go_to(kiosk, next_decent(end - 72 * HOUR, ZONE) + HOUR)
        go_to(kiosk, end - 28 * HOUR)
        assert charged(kiosk) == times


def test_from_the_balance_it_is_charged_the_same_way(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    turn_on(kiosk, anna, "balance")
    kiosk.give(anna, Money(50000, "RUB"))
    end = go_told(kiosk, anna)
    go_to(kiosk, end - 28 * HOUR)
    assert kiosk.balance(f"wallet:{anna.party}") == -20100
    assert mine(kiosk, anna).ends_at > end
    assert kiosk.faults() == []


def test_too_little_on_the_balance_is_tried_again_a_day_later(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    turn_on(kiosk, anna, "balance")
    end = go_told(kiosk, anna)
    go_to(kiosk, end - 28 * HOUR)
    assert charged(kiosk) == 0
    assert said(kiosk, anna, "Не удалось списать") == 1
    assert kiosk.count("messages", "kind = 'payment_failed'") == 0, "told twice"
    kiosk.give(anna, Money(29900, "RUB"))
    go_to(kiosk, end - 2 * HOUR)
    assert charged(kiosk) == 1
    assert kiosk.balance(f"wallet:{anna.party}") == 0
    assert mine(kiosk, anna).ends_at > end


def test_without_grace_two_tries_are_made_and_then_it_is_off(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    decline(kiosk, "insufficient_funds")
    for hours in (-29, -4, 1, 60):
        go_to(kiosk, end + hours * HOUR)
    assert kiosk.scalar("SELECT tries FROM charges") == 2
    assert (renewal(kiosk, anna).on, renewal(kiosk, anna).off_cause) == (False, "declined")
    assert said(kiosk, anna, "Автопродление выключено") == 1
    assert mine(kiosk, anna).state == "expired"


def test_in_grace_a_third_try_brings_it_back(kiosk: Kiosk) -> None:
    tariff(kiosk, GRACE)
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    decline(kiosk, "insufficient_funds")
    for hours in (-29, -4, 20):
        go_to(kiosk, end + hours * HOUR)
    assert mine(kiosk, anna).state == "grace"
    assert said(kiosk, anna, "доступ работает до") == 1
    decline(kiosk, None)
    go_to(kiosk, end + 48 * HOUR, step=12 * HOUR)
    assert kiosk.scalar("SELECT tries FROM charges") == 3
    assert mine(kiosk, anna).state == "active"
    assert renewal(kiosk, anna).on


def test_a_card_that_the_bank_refuses_is_off_and_told_once(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    decline(kiosk, "card_expired")
    go_to(kiosk, end - 20 * HOUR)
    assert not renewal(kiosk, anna).on
    assert said(kiosk, anna, "Автопродление выключено") == 1
    assert kiosk.count("messages", "kind = 'renewal_off'") == 0
    go_to(kiosk, end - HOUR)
    assert kiosk.scalar("SELECT tries FROM charges") == 1
    assert kiosk.count("messages", "kind = 'reminder'") == 1, "now its owner must act"


def test_a_forgotten_card_turns_it_off_and_its_owner_is_told(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        billing.forget_method(tx, anna.party, card_of(kiosk, anna).id, kiosk.now)
    kiosk.drain()
    assert renewal(kiosk, anna).off_cause == "card_forgotten"
    assert said(kiosk, anna, "карта забыта") == 1
    go_to(kiosk, end)
    assert charged(kiosk) == 0
    assert said(kiosk, anna, "Не удалось списать") == 0


@pytest.mark.parametrize("when", ["before the notice", "after it"])
def test_turned_off_nothing_is_charged(kiosk: Kiosk, when: str) -> None:
    anna = subscribe(kiosk)
    end = mine(kiosk, anna).ends_at
    if when == "after it":
        go_told(kiosk, anna)
    turn_off(kiosk, anna)
    go_to(kiosk, end + HOUR)
    assert charged(kiosk) == 0
    assert mine(kiosk, anna).state == "expired"
    assert said(kiosk, anna, "продлится само") == (1 if when == "after it" else 0)


def test_turned_off_and_on_again_it_is_charged_once(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    turn_off(kiosk, anna)
    turn_on(kiosk, anna)
    go_to(kiosk, end - 28 * HOUR)
    assert charged(kiosk) == 1
    assert said(kiosk, anna, "продлится само") == 1


def test_another_way_chosen_after_the_notice_waits_a_day(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    kiosk.give(anna, Money(29900, "RUB"))
    end = go_told(kiosk, anna)
    go_to(kiosk, end - 32 * HOUR)
    turn_on(kiosk, anna, "balance")
    assert seen(kiosk, anna).charge_at == pytest.approx(kiosk.now + 24 * HOUR, abs=timedelta(minutes=1))
    go_to(kiosk, end - 20 * HOUR)
    assert charged(kiosk) == 0
    go_to(kiosk, end - 6 * HOUR)
    assert kiosk.scalar("SELECT provider FROM payments WHERE reference LIKE 'charge:%'") == "balance"


@pytest.mark.parametrize("no", ["cancel", "pause"])
def test_a_no_after_the_notice_is_heard(kiosk: Kiosk, no: str) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        act = subscriptions.cancel if no == "cancel" else subscriptions.pause
        act(tx, anna.party, mine(kiosk, anna).id, kiosk.now)
    go_to(kiosk, end + HOUR)
    assert charged(kiosk) == 0
    assert kiosk.scalar("SELECT state FROM charges") == "stopped"


def test_a_cancellation_taken_back_brings_the_charge_back(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    for act in (subscriptions.cancel, subscriptions.keep):
        with kiosk.kit.db.begin() as tx:
            act(tx, anna.party, mine(kiosk, anna).id, kiosk.now)
    go_to(kiosk, end - 28 * HOUR)
    assert charged(kiosk) == 1


def test_resumed_after_a_pause_it_is_told_anew_for_the_new_end(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        subscriptions.pause(tx, anna.party, mine(kiosk, anna).id, kiosk.now)
    go_to(kiosk, kiosk.now + timedelta(days=10))
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, anna.party, mine(kiosk, anna).id, kiosk.now)
    new_end = mine(kiosk, anna).ends_at
    assert new_end - end >= timedelta(days=10)
    go_to(kiosk, next_decent(kiosk.now + HOUR, ZONE) + HOUR / 6)
    go_to(kiosk, new_end - 20 * HOUR)
    assert charged(kiosk) == 1
    assert said(kiosk, anna, "продлится само") == 2


def test_renewed_by_hand_after_the_notice_it_is_not_charged(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    kiosk.buy(anna)
    assert mine(kiosk, anna).ends_at > end
    go_to(kiosk, end + HOUR, step=12 * HOUR)
    assert charged(kiosk) == 0
    assert kiosk.count("payments", "decision IS NOT NULL") == 0


def test_paid_by_hand_after_a_decline_it_is_not_tried_again(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    decline(kiosk, "insufficient_funds")
    go_to(kiosk, end - 28 * HOUR)
    decline(kiosk, None)
    kiosk.buy(anna)
    go_to(kiosk, end + 60 * HOUR, step=12 * HOUR)
    assert charged(kiosk) == 0
    assert renewal(kiosk, anna).on
    assert mine(kiosk, anna).ends_at - end < timedelta(days=32)


def test_a_hand_payment_that_is_not_applied_yet_holds_the_charge_back(kiosk: Kiosk) -> None:
    """Between the money and its days a charge would be a second period."""
    anna = subscribe(kiosk)
    go_told(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        invoice = "UPDATE invoices SET state = 'paid', paid_at = :now WHERE id = (SELECT max(id) FROM invoices)"
        tx.execute(text(invoice), {"now": kiosk.now})
        purpose = tx.scalar(text("SELECT purpose FROM charges"))
        assert subscriptions.why_not_to_charge(tx, purpose, kiosk.now + 40 * HOUR) == "extended"


def test_a_withdrawn_tariff_is_not_renewed_and_its_owner_may_choose(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    tariff(kiosk, "\nactive = false")
    end = mine(kiosk, anna).ends_at
    go_to(kiosk, end - 50 * HOUR)
    assert renewal(kiosk, anna).off_cause == "withdrawn"
    assert said(kiosk, anna, "больше не продаётся") == 1
    go_to(kiosk, end)
    assert charged(kiosk) == 0


def test_withdrawn_between_notice_and_charge_it_is_not_charged_either(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    tariff(kiosk, "\nactive = false")
    go_to(kiosk, end - 20 * HOUR)
    assert charged(kiosk) == 0
    assert said(kiosk, anna, "больше не продаётся") == 1


def test_the_price_that_was_told_holds(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    tariff(kiosk, **{"299.00": "999.00"})
    go_to(kiosk, end - 20 * HOUR)
    assert kiosk.scalar("SELECT amount_minor FROM payments WHERE reference LIKE 'charge:%'") == 29900
    assert charged(kiosk) == 1


def test_who_cannot_be_told_is_not_charged(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    kiosk.post(f"/telegram/chat/api/users/{anna.telegram_id}/block")
    end = mine(kiosk, anna).ends_at
    go_to(kiosk, end + HOUR)
    assert charged(kiosk) == 0
    assert mine(kiosk, anna).state == "expired"


def test_a_clock_that_stood_still_charges_nobody_untold(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = mine(kiosk, anna).ends_at
    go_to(kiosk, end - 44 * HOUR)
    told_at = kiosk.scalar("SELECT told_at FROM subscription_reminders WHERE kind = 'renewal'")
    assert told_at > end - 44 * HOUR
    go_to(kiosk, end, step=3 * HOUR)
    assert charged(kiosk) == 1
    assert kiosk.scalar("SELECT max(succeeded_at) FROM payments") >= told_at + 24 * HOUR


def test_too_late_for_a_notice_it_is_reminded_instead(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = mine(kiosk, anna).ends_at
    go_to(kiosk, next_decent(end - 20 * HOUR, ZONE))
    assert seen(kiosk, anna).why_not == "too_late"
    assert kiosk.count("messages", "kind = 'reminder'") == 1
    go_to(kiosk, end + HOUR)
    assert charged(kiosk) == 0


def test_short_periods_do_not_renew_by_themselves(kiosk: Kiosk) -> None:
    tariff(kiosk, **{"{months = 1}": "{days = 2}"})
    anna = subscribe(kiosk)
    with kiosk.kit.db.begin() as tx:
        assert subscriptions.renewal_of(tx, anna.party, mine(kiosk, anna).id) is None
    with pytest.raises(subscriptions.CannotRenew, match="short_period"):
        turn_on(kiosk, anna)


def test_it_cannot_be_turned_on_for_others_or_with_others_cards(kiosk: Kiosk) -> None:
    anna, boris = subscribe(kiosk), kiosk.person("Борис")
    kiosk.buy(boris)
    with kiosk.kit.db.begin() as tx, pytest.raises(subscriptions.SubscriptionNotFound):
        subscriptions.turn_off_renewal(tx, boris.party, mine(kiosk, anna).id, kiosk.now)
    with kiosk.kit.db.begin() as tx, pytest.raises(billing.MethodNotFound):
        subscriptions.turn_on_renewal(
            tx, boris.party, mine(kiosk, boris).id, "card", card_of(kiosk, anna).id, kiosk.now, currency="RUB"
        )


def test_off_and_the_charge_at_the_same_moment(kiosk: Kiosk) -> None:
    """Whoever is first wins; money and days always agree, and a no stays a no."""
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    go_to(kiosk, end - 31 * HOUR)
    kiosk.world.offset.move(int(timedelta(hours=2).total_seconds()))
    with kiosk.kit.db.begin() as tx:
        billing.schedule_charges(tx, kiosk.now)
        charge_id = tx.scalar(text("SELECT id FROM charges"))
    due = billing.ChargeDue(charge_id=charge_id, tries=0)

    def act(number: int) -> None:
        if number == 0:
            turn_off(kiosk, anna)
        else:
            billing.carry_out_charge(kiosk.kit.db, kiosk.kit.providers, due, kiosk.now, subscriptions.why_not_to_charge)

    at_once(4, act)
    kiosk.drain()
    assert not renewal(kiosk, anna).on
    assert (mine(kiosk, anna).ends_at > end) == (charged(kiosk) == 1)
    go_to(kiosk, end + HOUR, step=12 * HOUR)
    assert charged(kiosk) <= 1
    assert kiosk.faults() == []


def test_a_charge_that_outran_a_cancellation_does_not_undo_it(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = go_told(kiosk, anna)
    go_to(kiosk, end - 31 * HOUR)
    with kiosk.kit.db.begin() as tx:
        charge_id = tx.scalar(text("SELECT id FROM charges"))
    kiosk.world.offset.move(int(timedelta(hours=2).total_seconds()))
    billing.carry_out_charge(kiosk.kit.db, kiosk.kit.providers, billing.ChargeDue(charge_id=charge_id), kiosk.now)
    with kiosk.kit.db.begin() as tx:
        subscriptions.cancel(tx, anna.party, mine(kiosk, anna).id, kiosk.now)
    kiosk.drain()
    assert (mine(kiosk, anna).state, charged(kiosk)) == ("canceled", 1)
    assert mine(kiosk, anna).ends_at > end
    go_to(kiosk, mine(kiosk, anna).ends_at + HOUR)
    assert charged(kiosk) == 1


def test_two_clocks_at_once_announce_and_charge_once(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    end = mine(kiosk, anna).ends_at
    moment = next_decent(end - 72 * HOUR, ZONE)

    def clock(_: int) -> None:
        with kiosk.kit.db.begin() as tx:
            subscriptions.look_at_ends(tx, moment, ZONE)

    at_once(6, clock)
    assert kiosk.count("charges") == kiosk.count("outbox_events", "name = 'subscriptions.renewal_ahead'") == 1


def test_stars_that_renew_themselves_are_neither_charged_nor_reminded(kiosk: Kiosk) -> None:
    anna = subscribe(kiosk)
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE payments SET renews = true"))
        payment_id = tx.scalar(text("SELECT id FROM payments"))
        news = {"payment_id": payment_id, "party": str(anna.party)}
        subscriptions.note_provider_renewal(tx, billing.RenewalChanged(**news, state="active"), kiosk.now)
    assert renewal(kiosk, anna).by == "provider"
    with pytest.raises(subscriptions.CannotRenew, match="provider"):
        turn_on(kiosk, anna)
    end = mine(kiosk, anna).ends_at
    go_to(kiosk, end - 40 * HOUR, step=12 * HOUR)
    assert kiosk.count("charges") == kiosk.count("messages", "kind = 'reminder'") == 0
    with kiosk.kit.db.begin() as tx:
        subscriptions.note_provider_renewal(tx, billing.RenewalChanged(**news, state="canceled"), kiosk.now)
    go_to(kiosk, end - HOUR, step=12 * HOUR)
    assert kiosk.count("messages", "kind = 'reminder'") >= 1
