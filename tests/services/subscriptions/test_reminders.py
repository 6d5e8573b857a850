"""Reminders of an end: each once, at a decent hour, true, and only to whom they help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services import catalog, subscriptions
from services.identity import Party
from services.platform.db import Database
from services.platform.outbox import OutboxEvent
from services.subscriptions import remind
from services.subscriptions.ending import is_decent, next_decent
from services.subscriptions.models import SubscriptionRow
from tests.factories import at_once, make_paid_invoice, make_tariff, make_user, tariff_toml

HOUR = timedelta(hours=1)
ZONE = "Europe/Moscow"


@pytest.fixture
def party(tx: Session, now: datetime) -> Party:
    make_tariff(tx, now)
    return make_user(tx, now).party


def buy(tx: Session, now: datetime, party: Party, slug: str = "vpn-1m") -> subscriptions.Subscription:
    subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, party, slug), now)
    return only(tx, party)


def only(tx: Session, party: Party) -> subscriptions.Subscription:
    tx.expire_all()
    (found,) = subscriptions.subscriptions_of(tx, party)
    return found


def told(tx: Session) -> list[tuple[str, datetime]]:
    """(kind, when) of every reminder so far."""
    news = select(OutboxEvent).where(OutboxEvent.name == subscriptions.ReminderDue.name).order_by(OutboxEvent.id)
    return [(row.body["kind"], row.occurred_at) for row in tx.scalars(news)]


def kinds(tx: Session) -> list[str]:
    return [kind for kind, _ in told(tx)]


def live(tx: Session, since: datetime, until: datetime, zone: str = ZONE, step: timedelta = HOUR) -> None:
    """The clock goes, and looks at the ends twice each time."""
    while since <= until:
        subscriptions.expire(tx, since)
        subscriptions.look_at_ends(tx, since, zone)
        subscriptions.look_at_ends(tx, since, zone)
        since += step


def test_each_mark_is_told_once_and_in_its_hour(tx: Session, now: datetime, party: Party) -> None:
    end = buy(tx, now, party).ends_at
    live(tx, end - 80 * HOUR, end + 80 * HOUR)
    assert told(tx) == [
        ("72h", end - 72 * HOUR),
        ("48h", end - 48 * HOUR),
        ("24h", end - 24 * HOUR),
        ("after", end + 24 * HOUR),
    ]


@pytest.mark.parametrize("hour", [0, 3, 5, 6, 17, 18, 23])
def test_at_night_they_wait_for_the_morning_and_stay_before_the_end(
    tx: Session, now: datetime, party: Party, hour: int
) -> None:
    end = buy(tx, now.replace(hour=hour), party).ends_at
    live(tx, end - 80 * HOUR, end + 80 * HOUR)
    assert kinds(tx) == ["72h", "48h", "24h", "after"]
    for (_, at), mark in zip(told(tx), (-72, -48, -24, 24), strict=True):
        assert is_decent(at, ZONE)
        assert timedelta() <= at - (end + mark * HOUR) <= 12 * HOUR
    assert told(tx)[2][1] <= end - 12 * HOUR


@pytest.mark.parametrize("moment", ["2027-02-28T00:30:00+00:00", "2026-09-25T23:30:00+00:00"])
def test_when_the_zone_changes_its_clocks_nothing_is_lost_or_said_twice(
    tx: Session, now: datetime, party: Party, moment: str
) -> None:
    end = buy(tx, datetime.fromisoformat(moment), party).ends_at  # both ends are a day or two from a change in Berlin
    live(tx, end - 80 * HOUR, end + 80 * HOUR, "Europe/Berlin", timedelta(minutes=30))
    assert kinds(tx) == ["72h", "48h", "24h", "after"]
    hours = [at.astimezone(ZoneInfo("Europe/Berlin")).hour for _, at in told(tx)]
    assert all(9 <= hour < 21 for hour in hours)


def test_the_morning_after_is_at_nine_by_the_wall() -> None:
    night = datetime(2027, 3, 27, 22, 30, tzinfo=UTC)  # 23:30 in Berlin, whose clocks go forward that night
    assert next_decent(night, "Europe/Berlin") == datetime(2027, 3, 28, 7, 0, tzinfo=UTC)
    day = datetime(2027, 3, 28, 10, 0, tzinfo=UTC)
    assert next_decent(day, "Europe/Berlin") == day


@pytest.mark.parametrize(("hours", "newest"), [(-70, "72h"), (-30, "48h"), (-3, "24h"), (30, "after")])
def test_after_a_long_stop_only_the_newest_is_told(
    tx: Session, now: datetime, party: Party, hours: int, newest: str
) -> None:
    end = buy(tx, now.replace(hour=13), party).ends_at
    subscriptions.expire(tx, end + hours * HOUR)
    subscriptions.look_at_ends(tx, next_decent(end + hours * HOUR, ZONE), ZONE)
    assert kinds(tx) == [newest]


def test_after_days_of_silence_about_the_end_there_is_nothing_to_say(tx: Session, now: datetime, party: Party) -> None:
    end = buy(tx, now, party).ends_at
    live(tx, end + 49 * HOUR, end + 90 * HOUR)
    assert kinds(tx) == []


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("{hours = 5}", ["after"]),
        ("{days = 1}", ["after"]),
        ("{days = 2}", ["24h", "after"]),
        ("{days = 3}", ["48h", "24h", "after"]),
        ("{days = 4}", ["72h", "48h", "24h", "after"]),
    ],
)
def test_a_mark_before_the_period_is_none(
    tx: Session, now: datetime, party: Party, period: str, expected: list[str]
) -> None:
    make_tariff(tx, now, "short", period=period)
    end = buy(tx, now, party, "short").ends_at
    live(tx, now, end + 50 * HOUR)
    assert kinds(tx) == expected


def test_who_has_just_prolonged_a_little_is_not_told_at_once(tx: Session, now: datetime, party: Party) -> None:
    make_tariff(tx, now, "short", period="{days = 2}")
    end = buy(tx, now, party, "short").ends_at
    subscriptions.give_days(tx, party, "vpn", 30 * HOUR, reference="gift:1", cause="gift", now=end - HOUR)
    live(tx, end - HOUR, end + 5 * HOUR)
    assert kinds(tx) == []
    live(tx, end + 6 * HOUR, end + 29 * HOUR)
    assert kinds(tx) == ["24h"]


def test_a_new_end_has_its_own_reminders(tx: Session, now: datetime, party: Party) -> None:
    end = buy(tx, now, party).ends_at
    live(tx, end - 73 * HOUR, end - 50 * HOUR)
    second = buy(tx, end - 50 * HOUR, party).ends_at
    live(tx, end - 49 * HOUR, second - 60 * HOUR, step=6 * HOUR)
    assert kinds(tx) == ["72h", "72h"]


def test_paused_is_not_reminded(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    subscriptions.pause(tx, party, mine.id, mine.ends_at - 100 * HOUR)
    live(tx, mine.ends_at - 80 * HOUR, mine.ends_at + 50 * HOUR)
    assert kinds(tx) == []


def test_who_canceled_hears_one_last_word(tx: Session, now: datetime, party: Party) -> None:
    mine = buy(tx, now, party)
    subscriptions.cancel(tx, party, mine.id, now)
    live(tx, mine.ends_at - 80 * HOUR, mine.ends_at + 50 * HOUR)
    assert kinds(tx) == ["24h"]


def test_a_trial_is_reminded_too(tx: Session, now: datetime, party: Party) -> None:
    row = tx.get_one(SubscriptionRow, buy(tx, now, party).id)
    row.state = "trial"
    tx.flush()
    live(tx, row.ends_at - 80 * HOUR, row.ends_at - HOUR)
    assert kinds(tx) == ["72h", "48h", "24h"]


def test_a_refund_that_ends_it_needs_no_reminder(tx: Session, now: datetime, party: Party) -> None:
    make_tariff(tx, now)
    quote = catalog.quote(tx, "vpn-1m", "RUB", {"all"})
    subscriptions.give(tx, party, quote, reference="gift:2", cause="gift", value=quote.price, now=now)
    later = now + 10 * HOUR
    subscriptions.take_back(tx, "gift:2", cause="refund", now=later)
    assert only(tx, party).state == "expired"
    live(tx, later, later + 50 * HOUR)
    assert kinds(tx) == []


def test_in_grace_the_day_after_is_told_and_nothing_before_its_end(tx: Session, now: datetime) -> None:
    catalog.import_catalogue(tx, tariff_toml(more="grace = {days = 5}"), now)
    party = make_user(tx, now).party
    end = buy(tx, now, party).ends_at
    live(tx, end - HOUR, end + 4 * 24 * HOUR)
    assert kinds(tx) == ["24h", "after"]
    assert only(tx, party).state == "grace"


def test_whoever_is_back_is_not_reminded_of_the_lapse(tx: Session, now: datetime, party: Party) -> None:
    end = buy(tx, now, party).ends_at
    live(tx, end, end + HOUR)
    buy(tx, end + 2 * HOUR, party)
    live(tx, end + 3 * HOUR, end + 50 * HOUR)
    assert kinds(tx) == []


def test_two_clocks_at_once_remind_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        make_tariff(tx, now)
        ends = {buy(tx, now, make_user(tx, now).party).ends_at for _ in range(20)}
    (end,) = ends

    def clock(_: int) -> None:
        with db.begin() as tx:
            subscriptions.look_at_ends(tx, end - 72 * HOUR, ZONE)

    at_once(6, clock)
    with db.begin() as tx:
        assert kinds(tx) == ["72h"] * 20
        assert tx.scalar(text("SELECT count(*) FROM subscription_reminders")) == 20


def test_a_full_batch_goes_on_with_the_rest(
    tx: Session, now: datetime, monkeypatch: pytest.MonkeyPatch, party: Party
) -> None:
    end = buy(tx, now, party).ends_at
    for _ in range(4):
        buy(tx, now, make_user(tx, now).party)
    assert remind.remind(tx, end - 72 * HOUR, limit=2) == 2
    assert remind.remind(tx, end - 72 * HOUR, limit=2) == 2
    assert remind.remind(tx, end - 72 * HOUR, limit=2) == 1
    assert remind.remind(tx, end - 72 * HOUR, limit=2) == 0
    monkeypatch.setattr(remind, "BATCH", 1)
    more = select(OutboxEvent).where(OutboxEvent.name == subscriptions.EndsDue.name)
    subscriptions.look_at_ends(tx, end - 48 * HOUR, ZONE)
    assert len(tx.scalars(more).all()) == 1, "nobody comes back for the rest"
