from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services import identity
from services.platform.db import Database
from services.platform.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests.factories import at_once

SECOND = timedelta(seconds=1)


def issue(tx: Session, now: datetime, name: str = "shop", *scopes: str) -> identity.IssuedKey:
    return identity.create_client(tx, name=name, scopes=scopes or ("payments",), actor="console:test", now=now)


def used(tx: Session) -> datetime | None:
    return identity.clients(tx)[0].last_used_at


def test_a_key_is_its_clients(tx: Session, now: datetime) -> None:
    issued = issue(tx, now, "Bookkeeping 2.0", "payments:refund", "payments")
    assert issued.client.scopes == ("payments", "payments:refund"), "in the house's order"
    assert issued.key.startswith(f"kiosk_{issued.client.id}_")
    other = issue(tx, now, "other")
    for one in (issued, other):
        assert identity.authenticate(tx, one.key, now).id == one.client.id
    assert issued.client.actor == f"client:{issued.client.id}"


def test_the_key_is_kept_nowhere(tx: Session, now: datetime) -> None:
    issued = issue(tx, now)
    secret = issued.key.split("_", 2)[2]
    (row,) = tx.execute(text("SELECT api_clients::text AS all, key_hash FROM api_clients")).all()
    assert secret not in row.all
    assert row.key_hash == sha256(secret.encode()).hexdigest()
    assert secret not in repr(issued)
    assert secret not in str(tx.execute(text("SELECT audit_log::text FROM audit_log")).all())


def test_nothing_else_opens(tx: Session, now: datetime) -> None:
    issued, other = issue(tx, now), issue(tx, now, "other")
    secret = issued.key.split("_", 2)[2]
    wrong = [
        *("", "kiosk", "kiosk_", secret, issued.key[:-1], issued.key + "A", issued.key + "\n", " " + issued.key),
        *(issued.key.upper(), issued.key.replace("kiosk_", "kiosk_0"), f"kiosk_{other.client.id}_{secret}"),
        *(f"kiosk_99999_{secret}", f"kiosk_{'9' * 18}_{secret}", f"kiosk_{'9' * 30}_{secret}", f"kiosk_-1_{secret}"),
        *(f"kiosk_{issued.client.id}_{'ы' * 43}", f"kiosk_{issued.client.id}_{secret[:-1]}\0", "kiosk_١_" + secret),
    ]
    for key in wrong:
        with pytest.raises(identity.BadKey) as caught:
            identity.authenticate(tx, key, now)
        assert isinstance(caught.value, Unauthenticated)
        assert secret not in str(caught.value)
    assert used(tx) is None


def test_a_revoked_key_counts_no_more_and_its_name_is_free(tx: Session, now: datetime) -> None:
    issued = issue(tx, now)
    with pytest.raises(identity.NameTaken) as caught:
        issue(tx, now)
    assert isinstance(caught.value, Conflict)
    first = identity.revoke_client(tx, issued.client.id, actor="console:test", now=now)
    again = identity.revoke_client(tx, issued.client.id, actor="console:test", now=now + SECOND)
    assert first.revoked_at == again.revoked_at == now
    with pytest.raises(identity.BadKey):
        identity.authenticate(tx, issued.key, now)
    successor = issue(tx, now)
    assert identity.authenticate(tx, successor.key, now).id == successor.client.id
    assert [client.revoked_at for client in identity.clients(tx)] == [now, None]
    actions = tx.execute(text("SELECT actor, action, subject FROM audit_log ORDER BY id")).all()
    assert [tuple(row) for row in actions] == [
        ("console:test", "client.create", f"client:{issued.client.id}"),
        ("console:test", "client.revoke", f"client:{issued.client.id}"),
        ("console:test", "client.create", f"client:{successor.client.id}"),
    ]


@pytest.mark.parametrize("client_id", [0, -1, 99999, 2**63, 10**30])
def test_nobody_to_revoke(tx: Session, now: datetime, client_id: int) -> None:
    with pytest.raises(identity.ClientNotFound) as caught:
        identity.revoke_client(tx, client_id, actor="console:test", now=now)
    assert isinstance(caught.value, NotFound)


def test_use_is_noted_once_a_minute(tx: Session, now: datetime) -> None:
    key = issue(tx, now).key
    assert used(tx) is None
    for seconds, noted in ((0, 0), (1, 0), (59, 0), (60, 60), (90, 60), (3600, 3600)):
        identity.authenticate(tx, key, now + seconds * SECOND)
        tx.expire_all()
        assert used(tx) == now + noted * SECOND, f"after {seconds} s"


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        *((name, ("payments",)) for name in ("", " ", " shop", "_", "x" * 61, "a\nb", "a\0b", "<b>")),
        *(("shop", scopes) for scopes in ((), ("everything",), ("payments", "payment"), ("",), ("PAYMENTS",))),
    ],
)
def test_bad_clients_are_refused(tx: Session, now: datetime, name: str, scopes: tuple[str, ...]) -> None:
    with pytest.raises(identity.BadClient) as caught:
        identity.create_client(tx, name=name, scopes=scopes, actor="console:test", now=now)
    assert isinstance(caught.value, Invalid)
    assert identity.clients(tx) == []


def test_one_of_many_gets_a_name(db: Database, now: datetime) -> None:
    def create(_: int) -> bool:
        try:
            with db.begin() as tx:
                issue(tx, now)
        except identity.NameTaken:
            return False
        return True

    assert sum(at_once(4, create)) == 1


def test_many_calls_with_one_key_at_once(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        key = issue(tx, now).key

    def call(_: int) -> int:
        with db.begin() as tx:
            return identity.authenticate(tx, key, now).id

    assert len(set(at_once(5, call))) == 1
