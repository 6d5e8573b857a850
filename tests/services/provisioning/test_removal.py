"""What ended is kept for a while and then removed; what an operator bars stays off, whatever is paid."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from services import provisioning, subscriptions
from services.identity import Party
from services.platform.db import Database
from tests.contracts.memory_access import Elsewhere, MemoryAccess
from tests.services.provisioning.desk import Desk
from tests.world import Kiosk

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEPT = 30 * DAY


@pytest.fixture
def desk(db: Database, now: datetime) -> Desk:
    return Desk(db, now)


def sweep(desk: Desk) -> int:
    with desk.db.begin() as tx:
        planned = provisioning.plan_removals(tx, desk.now, KEPT)
    desk.work()
    return planned


def ended(desk: Desk) -> int:
    (mine,) = desk.people(1)
    desk.now = desk.row(mine).ends_at + HOUR
    desk.expire()
    return mine


def renew(desk: Desk, grant_id: int) -> None:
    desk.give(Party.parse(desk.row(grant_id).party))
    desk.work()


def test_thirty_days_after_its_end_nothing_is_kept(desk: Desk) -> None:
    mine = ended(desk)
    desk.now += KEPT - 2 * HOUR
    assert sweep(desk) == 0
    assert desk.row(mine).sealed is not None
    desk.now += 2 * HOUR
    (going_on,) = desk.people(1)
    assert sweep(desk) == 1
    row = desk.row(mine)
    assert f"k{mine}" not in desk.elsewhere.things
    assert (row.sealed, row.credentials, row.ref, row.held) == (None, None, {}, "absent")
    assert f"k{going_on}" in desk.elsewhere.things
    assert sweep(desk) == 0, "once"
    assert desk.check()["put"] == 0, "and it is not made again"


def test_who_renews_before_keeps_the_keys(desk: Desk) -> None:
    mine = ended(desk)
    secret = desk.elsewhere.things[f"k{mine}"].secret
    desk.now += KEPT - DAY
    renew(desk, mine)
    desk.now += 2 * DAY
    assert sweep(desk) == 0
    assert desk.elsewhere.things[f"k{mine}"].secret == secret
    assert [one.fresh for one in desk.events(provisioning.AccessGranted)] == [True, False]


def test_who_renews_later_is_given_new_ones(desk: Desk) -> None:
    mine = ended(desk)
    desk.now += KEPT
    sweep(desk)
    with desk.db.begin() as tx:
        party = Party.parse(desk.row(mine).party)
        (old,) = subscriptions.subscriptions_of(tx, party)
    renew(desk, mine)
    new = desk.ids()[-1]
    with desk.db.begin() as tx:
        (now_owned,) = subscriptions.subscriptions_of(tx, party)
    assert (new != mine) == (now_owned.id != old.id)
    assert not desk.elsewhere.things[f"k{new}"].off
    assert [one.fresh for one in desk.events(provisioning.AccessGranted)] == [True, True]


def test_a_renewal_between_the_plan_and_the_removal_wins(desk: Desk) -> None:
    mine = ended(desk)
    desk.now += KEPT
    with desk.db.begin() as tx:
        assert provisioning.plan_removals(tx, desk.now, KEPT) == 1
        desk_row = text("UPDATE access_grants SET wanted = 'active', revision = revision + 1 WHERE id = :id")
        tx.execute(desk_row, {"id": mine})
    desk.work()
    assert f"k{mine}" in desk.elsewhere.things
    assert desk.row(mine).sealed is not None


def test_a_removal_that_fails_is_tried_until_done_and_ordered_once(desk: Desk) -> None:
    mine = ended(desk)
    desk.now += KEPT
    desk.elsewhere.break_down("down")
    assert sweep(desk) == 1
    desk.sql("UPDATE outbox_events SET planned = true")
    last = "SELECT max(id) FROM outbox_events WHERE name = 'provisioning.access_removal_due'"
    desk.sql(f"""
        INSERT INTO outbox_deliveries (event_id, reaction, queue, due_at, sends, failures)
        VALUES (({last}), 'provisioning.remove', 'access', now() + interval '1 hour', 1, 1)
    """)
    with desk.db.begin() as tx:
        assert provisioning.plan_removals(tx, desk.now, KEPT) == 0
    assert desk.row(mine).sealed is not None, "nothing is forgotten before it is gone there"
    desk.elsewhere.break_down(None)
    desk.work()
    assert desk.row(mine).sealed is None


def test_a_removal_waits_for_whoever_applies(desk: Desk) -> None:
    mine = ended(desk)
    desk.now += KEPT
    desk.sql("UPDATE access_grants SET claimed_until = now() + interval '50 years' WHERE id = :id", id=mine)
    sweep(desk)
    assert f"k{mine}" in desk.elsewhere.things
    assert len(desk.undone) == 1


def test_a_good_that_the_tariff_lost_is_kept_from_then_on(desk: Desk) -> None:
    """Its subscription goes on for long; the good's own end counts."""
    (mine,) = desk.people(1)
    desk.sql("""UPDATE subscriptions SET terms = terms || '{"access": []}'::jsonb""")
    extended = desk.events(subscriptions.SubscriptionExtended)[-1]
    desk.now += DAY
    with desk.db.begin() as tx:
        provisioning.grant(tx, extended, desk.now, desk.provisioners)
    desk.work()
    assert (desk.row(mine).wanted, desk.row(mine).ends_at) == ("ended", desk.now)
    desk.now += KEPT
    assert sweep(desk) == 1


def test_barred_is_off_whatever_is_paid(desk: Desk) -> None:
    (mine,) = desk.people(1)
    who = {"reason": "shared with the whole street", "actor": "operator:1"}
    with desk.db.begin() as tx:
        assert provisioning.bar(tx, mine, now=desk.now, **who)
        assert not provisioning.bar(tx, mine, now=desk.now, **who), "twice is once"
    desk.work()
    thing = desk.elsewhere.things[f"k{mine}"]
    secret = thing.secret
    assert thing.off
    renew(desk, mine)
    assert thing.off
    assert desk.check()["put"] == 0, "a check does not lift it, either"
    thing.off = False
    desk.check()
    assert thing.off, "nor does somebody at the panel"
    with desk.db.begin() as tx:
        assert provisioning.unbar(tx, mine, reason="sorry", actor="operator:1", now=desk.now)
        assert not provisioning.unbar(tx, mine, reason="sorry", actor="operator:1", now=desk.now)
    desk.work()
    assert (thing.off, thing.secret) == (False, secret)
    assert len(desk.events(provisioning.AccessGranted)) == 1
    with desk.db.begin() as tx:
        kept = tx.execute(
            text("SELECT action, actor, detail FROM audit_log WHERE subject = :s"), {"s": f"grant:{mine}"}
        )
        assert [(row.action, row.actor) for row in kept] == [
            ("access.bar", "operator:1"),
            ("access.unbar", "operator:1"),
        ]


def test_nobody_bars_what_is_not_there(desk: Desk) -> None:
    for act in (provisioning.bar, provisioning.unbar):
        with desk.db.begin() as tx, pytest.raises(provisioning.AccessNotFound):
            act(tx, 12345, reason="x", actor="operator:1", now=desk.now)


def test_a_month_after_the_end_by_itself(kiosk: Kiosk) -> None:
    """ACCESS_KEPT_DAYS is 30."""
    there = Elsewhere(lambda: kiosk.now)
    kiosk.kit.provisioners["wireguard"] = MemoryAccess(there, kind="wireguard")  # type: ignore[index]
    kiosk.buy(kiosk.person())
    ends_at = kiosk.scalar("SELECT ends_at FROM access_grants")
    kiosk.pass_time(ends_at - kiosk.now + HOUR, step=20 * DAY)
    kiosk.pass_time(29 * DAY, step=29 * DAY)
    assert [thing.off for thing in there.things.values()] == [True]
    kiosk.pass_time(DAY, step=DAY)
    assert there.things == {}
    assert kiosk.count("access_grants", "sealed IS NULL AND credentials IS NULL AND held = 'absent'") == 1
    assert kiosk.undone() == []
