from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.platform import idempotency
from services.platform.db import Database
from services.platform.errors import Conflict, Invalid
from services.platform.idempotency import Answer, Go, fingerprint
from tests.factories import at_once

SECOND = timedelta(seconds=1)
THIS = fingerprint("POST", "/payments", {"user_id": 1, "tariff": "vpn"})
OTHER = fingerprint("POST", "/payments", {"user_id": 2, "tariff": "vpn"})
BODY = {"payment_id": 7, "текст": "да"}


def go(tx: Session, now: datetime, key: str = "key-1", client_id: int = 1, request: str = THIS) -> Go:
    begun = idempotency.begin(tx, client_id, key, request, now)
    assert isinstance(begun, Go)
    return begun


def test_an_answer_is_given_again(tx: Session, now: datetime) -> None:
    begun = go(tx, now)
    idempotency.finish(tx, begun, 201, BODY)
    for later in (0 * SECOND, SECOND, timedelta(hours=24)):
        assert idempotency.begin(tx, 1, "key-1", THIS, now + later) == Answer(201, BODY)


def test_keys_are_each_clients_own(tx: Session, now: datetime) -> None:
    mine, yours, another = go(tx, now), go(tx, now, client_id=2), go(tx, now, key="key-2")
    idempotency.finish(tx, mine, 201, BODY)
    assert len({mine.reference, yours.reference, another.reference}) == 3
    with pytest.raises(idempotency.IdempotencyKeyInUse):
        go(tx, now, client_id=2)


def test_another_request_with_the_same_key(tx: Session, now: datetime) -> None:
    begun = go(tx, now)
    steps = {
        "working": lambda: None,
        "free": lambda: idempotency.release(tx, begun),
        "done": lambda: idempotency.finish(tx, begun, 201, BODY),
    }
    for take in steps.values():
        take()
        with pytest.raises(idempotency.IdempotencyKeyReused) as caught:
            go(tx, now, request=OTHER)
        assert isinstance(caught.value, Invalid)


def test_while_the_first_works_others_are_sent_away(tx: Session, now: datetime) -> None:
    go(tx, now)
    for seconds in (0, 1, 59):
        with pytest.raises(idempotency.IdempotencyKeyInUse) as caught:
            go(tx, now + seconds * SECOND)
        assert isinstance(caught.value, Conflict)
        assert caught.value.after > 0


def test_a_dead_ones_key_is_free_after_a_minute_and_its_work_has_the_same_reference(tx: Session, now: datetime) -> None:
    dead = go(tx, now)
    heir = go(tx, now + idempotency.WORK)
    assert heir.reference == dead.reference
    with pytest.raises(idempotency.IdempotencyKeyInUse):
        go(tx, now + idempotency.WORK + SECOND)


def test_one_who_was_only_slow_does_not_disturb_its_heir(tx: Session, now: datetime) -> None:
    slow = go(tx, now)
    heir = go(tx, now + idempotency.WORK)
    idempotency.release(tx, slow)
    with pytest.raises(idempotency.IdempotencyKeyInUse):
        go(tx, now + idempotency.WORK + SECOND)
    idempotency.finish(tx, heir, 201, BODY)
    idempotency.finish(tx, slow, 201, {"payment_id": 8})
    assert idempotency.begin(tx, 1, "key-1", THIS, now) == Answer(201, BODY), "what was said once stays"


def test_work_that_raised_may_be_tried_again_at_once(tx: Session, now: datetime) -> None:
    begun = go(tx, now)
    idempotency.release(tx, begun)
    assert go(tx, now).reference == begun.reference


def test_a_reference_outlives_the_memory_of_its_key(tx: Session, now: datetime) -> None:
    begun = go(tx, now)
    assert idempotency.purge(tx, now) == 0
    assert idempotency.purge(tx, now + SECOND) == 1
    assert go(tx, now).reference == begun.reference, "a very late repetition finds what was done"
    assert idempotency.purge(tx, now + SECOND) == 1
    assert go(tx, now, request=OTHER).reference != begun.reference


def test_purging_goes_by_portions_and_spares_the_young(tx: Session, now: datetime) -> None:
    for number in range(5):
        go(tx, now + number * SECOND, key=f"key-{number}")
    assert [idempotency.purge(tx, now + 4 * SECOND, limit=3) for _ in range(3)] == [3, 1, 0]
    assert tx.scalar(text("SELECT count(*) FROM api_idempotency")) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\n", "\x7f", "\0", "ключ", "é", "a\tb"])
def test_bad_keys(tx: Session, now: datetime, key: str) -> None:
    with pytest.raises(idempotency.BadIdempotencyKey) as caught:
        go(tx, now, key=key)
    assert isinstance(caught.value, Invalid)
    assert tx.scalar(text("SELECT count(*) FROM api_idempotency")) == 0


def test_any_visible_ascii_is_a_key_and_none_of_it_is_kept(tx: Session, now: datetime) -> None:
    longest = "".join(map(chr, range(0x21, 0x7F))) + "buyer@example.net" + "x" * 144
    assert len(longest) == 255
    go(tx, now, key=longest)
    go(tx, now, key="!")
    assert "buyer@example.net" not in str(tx.execute(text("SELECT api_idempotency::text FROM api_idempotency")).all())


def test_what_makes_requests_the_same() -> None:
    assert fingerprint("POST", "/payments", {"tariff": "vpn", "user_id": 1}) == THIS
    changed = [
        ("GET", "/payments", {"user_id": 1, "tariff": "vpn"}),
        ("POST", "/payments/7/retry", {"user_id": 1, "tariff": "vpn"}),
        ("POST", "/payments", {"user_id": 1, "tariff": "VPN"}),
        ("POST", "/payments", {"user_id": "1", "tariff": "vpn"}),
        ("POST", "/payments", {"user_id": 1, "tariff": "vpn", "provider": None}),
        ("POST", "/payments", {"user_id": True, "tariff": "vpn"}),
    ]
    assert len({THIS, OTHER, *(fingerprint(*request) for request in changed)}) == 8


def test_of_many_at_once_one_works(db: Database, now: datetime) -> None:
    def call(_: int) -> str:
        try:
            with db.begin() as tx:
                return type(idempotency.begin(tx, 1, "key-1", THIS, now)).__name__
        except idempotency.IdempotencyKeyInUse:
            return "in use"

    assert sorted(at_once(5, call)) == ["Go", *["in use"] * 4]
