"""Pictures of closed receipts go after their time, and never one that somebody still needs."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.sandbox.stack import Stack
from services import receipts
from services.platform.errors import KioskError, Misconfigured
from services.platform.storage import NoSuchFile, Storage
from services.reactions import BY_NAME
from services.receipts import PictureExpired
from services.receipts.views import OPEN
from services.schedule import SCHEDULE, run
from tests.factories import database_url, kit
from tests.services.receipts.desk import Desk, picture

KEPT = timedelta(days=90)
CLOSED = ("paid", "pay_failed", "rejected", "reversed")


def sent(desk: Desk, state: str) -> int:
    """A receipt that came to this state at once."""
    own = desk.send(picture(), person=receipts.STATES.index(state) + 1).id
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE receipts SET state = :state WHERE id = :id"), {"state": state, "id": own})
    return own


def planned(desk: Desk, limit: int = 500) -> int:
    with desk.db.begin() as tx:
        return receipts.plan_expiry(tx, desk.now, KEPT, limit)


def delete(desk: Desk, receipt_id: int) -> None:
    receipts.delete_picture(desk.db, PictureExpired(receipt_id=receipt_id), desk.now, desk.storage)


def is_there(desk: Desk, key: str) -> bool:
    try:
        desk.storage.look(key)
    except NoSuchFile:
        return False
    return True


def test_only_what_was_closed_long_ago_goes(desk: Desk) -> None:
    closed = {sent(desk, state) for state in CLOSED}
    still_open = {sent(desk, state) for state in OPEN}
    desk.pass_time(KEPT - timedelta(seconds=1))
    assert planned(desk) == 0
    desk.pass_time(timedelta(seconds=1))
    with desk.db.begin() as tx:  # of another it is not so long ago
        tx.execute(text("UPDATE receipts SET changed_at = :now WHERE id = :id"), {"now": desk.now, "id": min(closed)})
    assert planned(desk) == len(CLOSED) - 1
    assert planned(desk) == 0, "they are announced already"
    keys = {own: desk.look(own).picture_key or "" for own in closed | still_open}
    for own in keys:
        delete(desk, own)
    gone = {own for own in keys if desk.look(own).picture_key is None}
    assert gone == closed, "an event is believed only where nothing is to come"
    assert {own for own, key in keys.items() if not is_there(desk, key)} == closed


def test_the_clock_begins_it_with_the_days_that_are_set(desk: Desk, stack: Stack, redis: redis_client.Redis) -> None:
    own = sent(desk, "paid")
    desk.pass_time(timedelta(days=2))
    with kit(database_url(desk.db), stack.redis_url, RECEIPT_PICTURE_DAYS="2") as made:
        object.__setattr__(made, "storage", desk.storage)
        scheduled = next(one for one in SCHEDULE if one.name == "receipts.schedule_picture_sweep")
        assert run(made.db, scheduled, desk.now) == 1
        with made.db.begin() as tx:
            BY_NAME["receipts.plan_expiry"].inside(made, tx, receipts.PictureSweepDue(), desk.now)  # type: ignore[misc]
        BY_NAME["receipts.delete_picture"].outside(made, PictureExpired(receipt_id=own), desk.now)  # type: ignore[misc]
    assert desk.events(receipts.PictureSweepDue) == desk.events(PictureExpired) == 1
    assert desk.look(own).picture_key is None


def test_a_sweep_takes_so_many_and_the_oldest_first(desk: Desk) -> None:
    ids = [sent(desk, state) for state in CLOSED]
    desk.pass_time(KEPT)
    assert [planned(desk, limit=3), planned(desk, limit=3), planned(desk, limit=3)] == [3, 1, 0]
    with desk.db.begin() as tx:
        bodies = tx.scalars(text("SELECT body FROM outbox_events WHERE name = 'receipts.picture_expired' ORDER BY id"))
        assert [body["receipt_id"] for body in bodies] == ids


def test_deleting_again_or_what_is_not_there_changes_nothing(desk: Desk) -> None:
    own, lost = sent(desk, "paid"), sent(desk, "rejected")
    desk.storage.delete(desk.look(lost).picture_key or "")
    for receipt_id in (own, own, lost):
        delete(desk, receipt_id)
    assert [desk.look(one).picture_key for one in (own, lost)] == [None, None]
    assert desk.look(own).state == "paid"


def test_while_the_storage_does_not_answer_nothing_is_forgotten(desk: Desk) -> None:
    own = sent(desk, "paid")
    away = Storage(endpoint="http://127.0.0.1:9", bucket="b", access_key="a", secret_key="s", region="r")
    for storage, error in ((away, KioskError), (None, Misconfigured)):
        with pytest.raises(error):
            receipts.delete_picture(desk.db, PictureExpired(receipt_id=own), desk.now, storage)
    assert desk.look(own).picture_key
