"""Trial, grace, pause, cancel, and days that nobody paid for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services import catalog, subscriptions
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.money import Money
from services.platform.outbox import OutboxEvent
from services.subscriptions import NotNow, Subscription, SubscriptionNotFound, TrialUsed
from services.subscriptions.models import SubscriptionChangeRow
from tests.factories import at_once, make_paid_invoice, make_tariff, make_user, tariff_toml

DAY = timedelta(days=1)
SECRET = "a secret for tests, long enough"


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(SECRET)


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    offer_all(tx, now)
    return make_user(tx, now).party


def offer_all(tx: Session, now: datetime) -> None:
    make_tariff(tx, now)
    catalog.import_catalogue(tx, tariff_toml("vpn-grace", more="grace = {days = 3}"), now)
    catalog.import_catalogue(tx, tariff_toml("vpn-trial", period="{days = 3}", more='audience = "trial"'), now)


def buy(tx: Session, now: datetime, party: Party, slug: str = "vpn-1m") -> Subscription:
    subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, party, slug), now)
    return only(tx, party)


def only(tx: Session, party: Party) -> Subscription:
    tx.flush()
    tx.expire_all()
    (found,) = subscriptions.subscriptions_of(tx, party)
    return found


def news(tx: Session) -> list[str]:
    return [name.removeprefix("subscriptions.") for name in tx.scalars(select(OutboxEvent.name).order_by("id"))]


def causes(tx: Session) -> list[tuple[str, str | None, str | None]]:
    rows = tx.scalars(select(SubscriptionChangeRow).order_by(SubscriptionChangeRow.id))
    return [(row.kind, row.state, row.cause) for row in rows]


def test_a_trial_runs_and_ends_without_grace(tx: Session, now: datetime, party: Party, cipher: Cipher) -> None:
    subscriptions.start_trial(tx, cipher, party, "vpn-trial", now)
    mine = only(tx, party)
    assert (mine.state, mine.ends_at, mine.is_on) == ("trial", now + 3 * DAY, True)
    assert subscriptions.expire(tx, now + 3 * DAY) == 1
    assert only(tx, party).state == "expired"
    assert causes(tx) == [("began", "trial", "trial"), ("expired", "expired", "schedule")]


def test_from_trial_to_paid_no_day_is_lost(tx: Session, now: datetime, party: Party, cipher: Cipher) -> None:
    subscriptions.start_trial(tx, cipher, party, "vpn-trial", now)
    mine = buy(tx, now + DAY, party, "vpn-grace")
    end_of_trial = now + 3 * DAY
    assert (mine.state, mine.ends_at) == ("active", end_of_trial.replace(month=12))


def test_a_trial_with_fewer_devices_keeps_its_days_as_days(
    tx: Session, now: datetime, party: Party, cipher: Cipher
) -> None:
    poor = tariff_toml("vpn-poor", period="{days = 3}", more='audience = "trial"\ndevices = 1')
    catalog.import_catalogue(tx, poor, now)
    subscriptions.start_trial(tx, cipher, party, "vpn-poor", now)
    mine = buy(tx, now + DAY, party)
    assert mine.terms.devices is None
    assert mine.ends_at == now + DAY + 2 * DAY + (datetime(2026, 12, 22, 12, tzinfo=UTC) - (now + DAY))


def test_a_trial_is_had_once(tx: Session, now: datetime, party: Party, cipher: Cipher) -> None:
    (offered,) = subscriptions.trials_open_to(tx, cipher, party)
    assert offered.slug == "vpn-trial"
    subscriptions.start_trial(tx, cipher, party, "vpn-trial", now)
    assert subscriptions.trials_open_to(tx, cipher, party) == []
    with pytest.raises(TrialUsed):
        subscriptions.start_trial(tx, cipher, party, "vpn-trial", now + DAY)
    assert only(tx, party).ends_at == now + 3 * DAY


def test_no_trial_after_a_purchase(tx: Session, now: datetime, party: Party, cipher: Cipher) -> None:
    buy(tx, now, party)
    subscriptions.expire(tx, now + 60 * DAY)
    assert subscriptions.trials_open_to(tx, cipher, party) == []
    with pytest.raises(TrialUsed):
        subscriptions.start_trial(tx, cipher, party, "vpn-trial", now + 61 * DAY)


def test_an_erased_account_does_not_bring_a_trial_back_nor_does_a_new_secret(
    tx: Session, now: datetime, party: Party, cipher: Cipher
) -> None:
    subscriptions.start_trial(tx, cipher, party, "vpn-trial", now)
    telegram_id = tx.scalar(text("SELECT telegram_id FROM users WHERE id = :id"), {"id": party.id})
    tx.execute(text("UPDATE users SET telegram_id = -telegram_id WHERE id = :id"), {"id": party.id})
    again = make_user(tx, now, telegram_id=telegram_id).party
    assert again != party
    for later in (cipher, Cipher("another secret, long enough", [SECRET])):
        assert subscriptions.trials_open_to(tx, later, again) == []
        with pytest.raises(TrialUsed):
            subscriptions.start_trial(tx, later, again, "vpn-trial", now + DAY)
    assert str(telegram_id) not in str(list(tx.execute(text("SELECT * FROM subscription_trials"))))


def test_what_is_sold_is_not_given_away(tx: Session, now: datetime, party: Party, cipher: Cipher) -> None:
    for slug, error in (("vpn-1m", catalog.NotForSale), ("nothing", catalog.TariffNotFound)):
        with pytest.raises(error):
            subscriptions.start_trial(tx, cipher, party, slug, now)
    with pytest.raises(catalog.NotForSale):
        catalog.quote(tx, "vpn-trial", "RUB", {"all", "new"})
    assert subscriptions.subscriptions_of(tx, party) == []


def test_twenty_taps_on_a_trial_are_one(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        offer_all(tx, now)
        party = make_user(tx, now).party

    def tap(_: int) -> bool:
        try:
            with db.begin() as tx:
                subscriptions.start_trial(tx, Cipher(SECRET), party, "vpn-trial", now)
        except TrialUsed:
            return False
        return True

    assert sum(at_once(10, tap)) == 1
    with db.begin() as tx:
        assert only(tx, party).ends_at == now + 3 * DAY


def test_grace_goes_on_visibly_and_then_ends(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party, "vpn-grace")
    assert mine.access_until == mine.ends_at + 3 * DAY
    subscriptions.expire(tx, mine.ends_at)
    in_grace = only(tx, party)
    assert (in_grace.state, in_grace.is_on, in_grace.access_until) == ("grace", True, mine.ends_at + 3 * DAY)
    assert subscriptions.expire(tx, mine.ends_at + 3 * DAY - timedelta(seconds=1)) == 0
    assert subscriptions.expire(tx, mine.ends_at + 3 * DAY) == 1
    assert only(tx, party).state == "expired"
    assert news(tx)[-2:] == ["grace_began", "expired"]


def test_who_pays_in_grace_begins_now(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party, "vpn-grace")
    subscriptions.expire(tx, mine.ends_at)
    later = mine.ends_at + 2 * DAY
    renewed = buy(tx, later, party, "vpn-grace")
    assert (renewed.state, renewed.grace_ends_at) == ("active", None)
    assert renewed.ends_at == later.replace(year=2027, month=1)
    assert subscriptions.expire(tx, later + 3 * DAY) == 0, "the old grace is over"


def test_a_sweep_that_comes_after_the_grace_ends_it_at_once(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party, "vpn-grace")
    subscriptions.expire(tx, mine.ends_at + 10 * DAY)
    assert only(tx, party).state == "expired"
    assert "grace_began" not in news(tx)


def test_who_canceled_gets_no_grace(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party, "vpn-grace")
    assert subscriptions.cancel(tx, party, mine.id, now) == mine.ends_at
    canceled = only(tx, party)
    assert (canceled.state, canceled.is_on, canceled.access_until) == ("canceled", True, mine.ends_at)
    subscriptions.expire(tx, mine.ends_at)
    assert only(tx, party).state == "expired"


def test_a_cancellation_can_be_taken_back_until_the_end(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    subscriptions.cancel(tx, party, mine.id, now)
    with pytest.raises(NotNow):
        subscriptions.cancel(tx, party, mine.id, now)
    subscriptions.keep(tx, party, mine.id, now + DAY)
    assert only(tx, party).state == "active"
    subscriptions.cancel(tx, party, mine.id, now + DAY)
    with pytest.raises(NotNow):
        subscriptions.keep(tx, party, mine.id, mine.ends_at)


def test_a_pause_over_the_end_of_a_month_keeps_the_rest_to_the_microsecond(
    tx: Session, now: datetime, party: Party
) -> None:
    begun = datetime(2027, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
    mine = buy(tx, begun, party)
    paused_at, resumed_at = begun + 10 * DAY + timedelta(microseconds=3), datetime(2027, 3, 31, 1, tzinfo=UTC)
    left = mine.ends_at - paused_at
    subscriptions.pause(tx, party, mine.id, paused_at)
    paused = only(tx, party)
    assert (paused.state, paused.is_on, paused.left_while_paused) == ("paused", False, left)
    assert subscriptions.expire(tx, resumed_at) == 0
    subscriptions.resume(tx, party, mine.id, resumed_at)
    assert only(tx, party).ends_at == resumed_at + left
    assert news(tx)[-3:] == ["extended", "paused", "extended"]
    renewed = buy(tx, resumed_at, party)
    assert renewed.ends_at.day == (resumed_at + left).day, "months now end on the day of the new end"


def test_who_pays_while_it_stands_still_wants_it_to_run(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    subscriptions.pause(tx, party, mine.id, now + 10 * DAY)
    paid = buy(tx, now + 40 * DAY, party)
    assert (paid.state, paid.paused_at) == ("active", None)
    assert paid.ends_at > mine.ends_at + 30 * DAY + 30 * DAY


def test_days_given_while_it_stands_still_wait_too(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    subscriptions.pause(tx, party, mine.id, now)
    left = only(tx, party).left_while_paused
    subscriptions.give_days(tx, party, "vpn", 5 * DAY, reference="days:1", cause="promo", now=now + 90 * DAY)
    paused = only(tx, party)
    assert (paused.state, paused.left_while_paused) == ("paused", left + 5 * DAY)
    assert news(tx)[-1] == "paused", "no access for what stands still"


def test_nobody_pauses_resumes_or_cancels_what_is_not_theirs(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    stranger = make_user(tx, now).party
    for act in (subscriptions.pause, subscriptions.resume, subscriptions.cancel, subscriptions.keep):
        with pytest.raises(SubscriptionNotFound):
            act(tx, stranger, mine.id, now)
        with pytest.raises(SubscriptionNotFound):
            act(tx, party, mine.id + 1, now)
    assert only(tx, party) == mine


def test_what_has_ended_cannot_be_paused_before_the_sweep_either(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    with pytest.raises(NotNow):
        subscriptions.pause(tx, party, mine.id, mine.ends_at)


def test_days_are_given_once_and_taken_back_once(tx: Session, now: datetime, party: Party) -> None:
    assert subscriptions.give_days(tx, party, "vpn", DAY, reference="d", cause="promo", now=now) is None, "to nothing"
    mine = buy(tx, now, party)
    for _ in range(2):
        subscriptions.give_days(tx, party, "vpn", 7 * DAY, reference="d", cause="referral", now=now)
    assert only(tx, party).ends_at == mine.ends_at + 7 * DAY
    assert subscriptions.take_back(tx, "d", cause="refund", now=now) == 7 * DAY
    assert subscriptions.take_back(tx, "d", cause="refund", now=now) == timedelta()
    assert subscriptions.take_back(tx, "unknown", cause="refund", now=now) == timedelta()
    assert only(tx, party).ends_at == mine.ends_at


def test_only_what_is_left_of_given_days_is_taken_back(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    subscriptions.give_days(tx, party, "vpn", 7 * DAY, reference="d", cause="referral", now=now)
    late = mine.ends_at + 5 * DAY
    assert subscriptions.take_back(tx, "d", cause="refund", now=late) == 2 * DAY
    assert only(tx, party).state == "expired"


def test_a_gift_begins_a_subscription(tx: Session, now: datetime, party: Party) -> None:
    quote = catalog.quote(tx, "vpn-1m", "RUB", {"all"})
    gift = {"reference": "gift:1", "cause": "gift", "value": Money(29900, "RUB"), "now": now}
    first = subscriptions.give(tx, party, quote, happens="paid", **gift)  # type: ignore[arg-type]
    assert first == only(tx, party).id
    assert subscriptions.give(tx, party, quote, happens="paid", **gift) is None  # type: ignore[arg-type]
    assert only(tx, party).ends_at == now.replace(month=12)
