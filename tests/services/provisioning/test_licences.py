"""Licence keys: one for each who paid, the same for ever, and never sold twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from services import catalog, provisioning, subscriptions
from services.platform.crypto import Cipher
from services.platform.errors import Misconfigured
from services.provisioning import AccessNotFound, SoldOut
from services.provisioning.grants import read
from services.provisioning.licences import LicenceNotFound, NothingToReplace, TooSoon, pool
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.licence import Licences
from tests.stock import (
    SIGNING_KEY,
    accesses,
    arrive,
    key_of,
    keys_in,
    owned,
    rotate,
    stocked,
    verified,
)
from tests.world import Kiosk, MakeKiosk, Person

DAY = timedelta(days=1)


@pytest.fixture
def buyer(kiosk: Kiosk) -> Person:
    """Has bought the first of three keys."""
    stocked(kiosk, "KEY-1", "KEY-2", "KEY-3")
    anna = kiosk.person()
    kiosk.buy(anna, "game")
    return anna


def apply_again(kiosk: Kiosk) -> None:
    """As a redelivery of everything that was ever wanted."""
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE access_grants SET applied_revision = 0"))
        tx.execute(text("UPDATE outbox_deliveries SET done_at = NULL WHERE reaction = 'provisioning.apply'"))
    kiosk.hurry()


# --- pools ------------------------------------------------------------------------------------------------------------


def test_a_key_is_given_once_and_stays_the_same(kiosk: Kiosk, buyer: Person) -> None:
    assert key_of(kiosk, buyer) == "KEY-1"
    apply_again(kiosk)
    kiosk.buy(buyer, "game")
    assert key_of(kiosk, buyer) == "KEY-1"
    assert keys_in(kiosk) == {"free": 2, "taken": 1}
    assert verified(kiosk, " KEY-1 ").state == "active"


def test_a_pause_keeps_the_key_and_it_does_not_count_meanwhile(kiosk: Kiosk, buyer: Person) -> None:
    subscription_id = owned(kiosk, buyer).id
    with kiosk.kit.db.begin() as tx:
        subscriptions.pause(tx, buyer.party, subscription_id, kiosk.now)
    kiosk.drain()
    assert verified(kiosk, "KEY-1").state == "suspended"
    assert key_of(kiosk, buyer) is None
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, buyer.party, subscription_id, kiosk.now)
    kiosk.drain()
    assert verified(kiosk, "KEY-1").state == "active"
    assert key_of(kiosk, buyer) == "KEY-1"
    assert keys_in(kiosk) == {"free": 2, "taken": 1}


def test_an_ended_key_is_sold_to_nobody_and_comes_back_with_its_owner(kiosk: Kiosk, buyer: Person) -> None:
    kiosk.pass_time(timedelta(days=40), step=10 * DAY)
    assert verified(kiosk, "KEY-1").state == "ended"
    assert keys_in(kiosk) == {"free": 2, "revoked": 1}
    others = [kiosk.person(f"Покупатель {n}") for n in range(2)]
    for other in others:
        kiosk.buy(other, "game")
    assert [key_of(kiosk, other) for other in others] == ["KEY-2", "KEY-3"]
    kiosk.buy(buyer, "game")  # nothing is free, and yet it is theirs
    assert key_of(kiosk, buyer) == "KEY-1"
    assert verified(kiosk, "KEY-1").state == "active"


def test_a_refunded_key_counts_no_more_and_is_not_sold_again(kiosk: Kiosk, buyer: Person) -> None:
    kiosk.refund(kiosk.scalar("SELECT max(id) FROM payments"))
    kiosk.drain()
    assert verified(kiosk, "KEY-1").state == "refunded"
    assert keys_in(kiosk) == {"free": 2, "revoked": 1}


def test_a_replaced_key_is_another_and_the_old_one_is_dead(kiosk: Kiosk, buyer: Person) -> None:
    kiosk.pass_time(2 * DAY, step=DAY)
    rotate(kiosk, buyer)
    assert key_of(kiosk, buyer) == "KEY-2"
    assert (verified(kiosk, "KEY-1").state, verified(kiosk, "KEY-2").state) == ("rotated", "active")
    assert keys_in(kiosk) == {"free": 1, "taken": 1, "revoked": 1}
    apply_again(kiosk)
    kiosk.pass_time(40 * DAY, step=10 * DAY)
    kiosk.buy(buyer, "game")
    assert key_of(kiosk, buyer) == "KEY-2", "the replaced one comes never back"
    assert verified(kiosk, "KEY-1").state == "rotated"


def test_a_key_is_replaced_once_a_day(kiosk: Kiosk, buyer: Person) -> None:
    with pytest.raises(TooSoon):
        rotate(kiosk, buyer)
    kiosk.pass_time(2 * DAY, step=DAY)
    rotate(kiosk, buyer)
    with pytest.raises(TooSoon):
        rotate(kiosk, buyer)
    assert key_of(kiosk, buyer) == "KEY-2"
    assert keys_in(kiosk) == {"free": 1, "taken": 1, "revoked": 1}


def test_with_an_empty_pool_nothing_is_replaced_and_nothing_lost(kiosk: Kiosk) -> None:
    stocked(kiosk, "KEY-1")
    anna = kiosk.person()
    kiosk.buy(anna, "game")
    kiosk.pass_time(2 * DAY, step=DAY)
    with pytest.raises(SoldOut):
        rotate(kiosk, anna)
    assert accesses(kiosk, anna)["game-key"].generation == 0
    assert (key_of(kiosk, anna), verified(kiosk, "KEY-1").state) == ("KEY-1", "active")


def test_a_crash_between_taking_and_telling_takes_no_second_key(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    stocked(kiosk, "KEY-1", "KEY-2")
    anna = kiosk.person()

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(Licences, "_of_pool", die)
        kiosk.buy(anna, "game")
    assert keys_in(kiosk) == {"free": 1, "taken": 1}
    assert accesses(kiosk, anna)["game-key"].state == "preparing"
    kiosk.hurry()
    assert key_of(kiosk, anna) == "KEY-1"
    assert keys_in(kiosk) == {"free": 1, "taken": 1}
    granted = "name = 'provisioning.access_granted'"
    assert kiosk.count("outbox_events", granted) == 1


def test_other_terms_with_another_pool_bring_another_key(kiosk: Kiosk, buyer: Person) -> None:
    """A good is mended for everybody; a key that somebody has stays theirs."""
    arrive(kiosk, "OTHER-1", pool="other")
    kiosk.scalar("""UPDATE goods SET options = '{"pool": "other"}' WHERE name = 'game-key' RETURNING 1""")
    apply_again(kiosk)
    assert key_of(kiosk, buyer) == "KEY-1"
    boris = kiosk.person("Борис")
    kiosk.buy(boris, "game")
    assert key_of(kiosk, boris) == "OTHER-1"


def test_parallel_takers_get_keys_of_their_own_and_the_rest_none(kiosk: Kiosk) -> None:
    """At the table itself: nobody waits in vain, and nobody gets what another one has."""
    stocked(kiosk, "KEY-1", "KEY-2", "KEY-3")
    grants = []
    for n in range(12):
        person = kiosk.person(f"Покупатель {n}")
        kiosk.buy(person, "plain")
        grants.append(kiosk.scalar("SELECT max(id) FROM access_grants"))

    def take(grant_id: int) -> int | None:
        try:
            with kiosk.kit.db.begin() as tx:
                return pool.hold(tx, "games", grant_id, 0, kiosk.now).id
        except provisioning.OutOfStock:
            return None

    with ThreadPoolExecutor(6) as threads:
        taken = [one for one in threads.map(take, grants) if one is not None]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 3
    assert keys_in(kiosk) == {"taken": 3}


def test_the_last_key_of_a_purchase_that_fails_is_not_said_to_be_gone(kiosk: Kiosk, buyer: Person) -> None:
    """Whoever finds every free key locked waits for what becomes of them."""
    kiosk.scalar(
        "DELETE FROM licence_keys WHERE state = 'free' AND id <> (SELECT max(id) FROM licence_keys) RETURNING 1"
    )
    boris = kiosk.person("Борис")
    kiosk.buy(boris, "plain")
    grant_id = kiosk.scalar("SELECT max(id) FROM access_grants")
    with ThreadPoolExecutor(1) as threads:
        failing = kiosk.kit.db.engine.connect()
        failing.execute(text("SELECT id FROM licence_keys WHERE state = 'free' FOR UPDATE"))

        def take() -> int:
            with kiosk.kit.db.begin() as tx:
                return pool.hold(tx, "games", grant_id, 0, kiosk.now).id

        waiting = threads.submit(take)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'licence_keys'"
        while not waiting.done() and not kiosk.scalar(waits):
            pass
        failing.rollback()
        failing.close()
        assert waiting.result(timeout=10)


def test_keys_open_in_their_own_row_only(kiosk: Kiosk, buyer: Person) -> None:
    kiosk.scalar(
        "UPDATE licence_keys SET sealed = (SELECT sealed FROM licence_keys ORDER BY id DESC LIMIT 1) RETURNING 1"
    )
    kiosk.scalar("UPDATE access_grants SET applied_revision = 0, sealed = NULL RETURNING 1")
    apply_again(kiosk)
    assert key_of(kiosk, buyer) is None
    assert any(reaction == "provisioning.apply" for reaction, _ in kiosk.undone())


# --- signed -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def signing(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(LICENCE_SIGNING_KEY=SIGNING_KEY) as kiosk:
        stocked(kiosk)
        yield kiosk


def app_key(kiosk: Kiosk, person: Person) -> str:
    key = key_of(kiosk, person, "app", "app")
    assert key is not None
    return key


def said(kiosk: Kiosk, key: str) -> provisioning.licences.SignedLicence:
    found = provisioning.licences.Signer.of(kiosk.kit.settings.licence_signing_keys).read(key)
    assert found is not None
    return found


def test_a_signed_key_says_whose_what_and_until_when(signing: Kiosk) -> None:
    anna = signing.person()
    signing.buy(anna, "app")
    licence, one = said(signing, app_key(signing, anna)), accesses(signing, anna, "app")["app"]
    assert (licence.id, licence.plan, licence.generation) == (one.grant_id, "pro", 0)
    assert timedelta() <= licence.ends_at - owned(signing, anna, "app").ends_at < timedelta(seconds=1)
    state = verified(signing, app_key(signing, anna))
    assert (state.state, state.plan, state.product, state.valid) == ("active", "pro", "app", True)


def test_an_extension_is_a_later_end_under_the_same_id_and_both_keys_count(signing: Kiosk) -> None:
    anna = signing.person()
    signing.buy(anna, "app")
    first = app_key(signing, anna)
    signing.buy(anna, "app")
    second = app_key(signing, anna)
    assert said(signing, first).id == said(signing, second).id
    assert said(signing, second).ends_at > said(signing, first).ends_at
    assert verified(signing, first) == verified(signing, second)
    assert signing.count("outbox_events", "name = 'provisioning.access_granted' AND body->>'fresh' = 'true'") == 2


def test_a_refunded_month_brings_the_end_nearer_and_is_no_news(signing: Kiosk) -> None:
    anna = signing.person()
    signing.buy(anna, "app")
    signing.buy(anna, "app")
    long = app_key(signing, anna)
    signing.refund(signing.scalar("SELECT max(id) FROM payments"))
    signing.drain()
    assert said(signing, app_key(signing, anna)).ends_at < said(signing, long).ends_at
    assert verified(signing, long).state == "active"
    assert verified(signing, long).ends_at < said(signing, long).ends_at, "our clock, not the key's"
    assert signing.count("outbox_events", "name = 'provisioning.access_granted' AND body->>'fresh' = 'true'") == 2


def test_only_the_newest_generation_counts(signing: Kiosk) -> None:
    anna = signing.person()
    signing.buy(anna, "app")
    first = app_key(signing, anna)
    rotate(signing, anna, "app", "app")
    second = app_key(signing, anna)
    assert (said(signing, first).generation, said(signing, second).generation) == (0, 1)
    assert (verified(signing, first).state, verified(signing, second).state) == ("rotated", "active")


def test_a_signed_key_ends_and_is_renewed(signing: Kiosk) -> None:
    anna = signing.person()
    signing.buy(anna, "app")
    first = app_key(signing, anna)
    signing.pass_time(40 * DAY, step=10 * DAY)
    assert verified(signing, first).state == "ended"
    signing.buy(anna, "app")
    assert verified(signing, first).state == "active", "the licence is the same"


def test_keys_of_an_earlier_signing_key_still_count(make_kiosk: MakeKiosk) -> None:
    new = provisioning.licences.make_signing_key()
    with make_kiosk(LICENCE_SIGNING_KEY=SIGNING_KEY) as kiosk:
        stocked(kiosk)
        anna = kiosk.person()
        kiosk.buy(anna, "app")
        first = app_key(kiosk, anna)
    with make_kiosk(LICENCE_SIGNING_KEY=new, LICENCE_SIGNING_KEY_EARLIER=SIGNING_KEY) as kiosk:
        assert verified(kiosk, first).state == "active"
    with make_kiosk(LICENCE_SIGNING_KEY=new) as kiosk, pytest.raises(LicenceNotFound):
        verified(kiosk, first)


def test_without_a_signing_key_the_buyer_waits_and_gets_it_later(kiosk: Kiosk, make_kiosk: MakeKiosk) -> None:
    stocked(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "app")
    assert accesses(kiosk, anna, "app")["app"].state == "preparing"
    assert kiosk.count("messages", "kind = 'access_delayed'") == 1
    with make_kiosk(LICENCE_SIGNING_KEY=SIGNING_KEY) as mended:
        mended.hurry()
        assert verified(mended, app_key(mended, anna)).state == "active"


def test_a_good_that_goes_over_to_signed_keys_ends_those_of_its_pool(signing: Kiosk) -> None:
    arrive(signing, "KEY-1")
    anna = signing.person()
    signing.buy(anna, "game")
    signing.scalar("""UPDATE goods SET options = '{"signed": true}' WHERE name = 'game-key' RETURNING 1""")
    apply_again(signing)
    key = key_of(signing, anna)
    assert key is not None
    assert (verified(signing, key).state, verified(signing, key).plan) == ("active", "game-key")
    assert verified(signing, "KEY-1").state == "rotated"
    assert keys_in(signing) == {"revoked": 1}


# --- the port ---------------------------------------------------------------------------------------------------------


def test_the_port_tells_what_is_there(kiosk: Kiosk, buyer: Person) -> None:
    licences = kiosk.kit.provisioners["licence"]
    with kiosk.kit.db.begin() as tx:
        assert licences.places(tx) == ["games"]
    health = licences.check("games")
    assert (health.used, health.capacity) == (1, 3)
    assert "2 of 3 keys are free" in health.says
    assert licences.check("nowhere").capacity == 0


def test_what_is_there_is_found_again_and_an_end_twice_is_an_end(kiosk: Kiosk, buyer: Person) -> None:
    licences, db = kiosk.kit.provisioners["licence"], kiosk.kit.db
    with db.begin() as tx:
        row = tx.get_one(AccessGrantRow, accesses(kiosk, buyer)["game-key"].grant_id)
        grant, ref, credentials = read(tx, row), row.ref, row.credentials
    held = licences.fetch(db, grant, ref, kiosk.now)
    assert (held.state, held.key) == ("active", credentials)
    assert licences.fetch(db, grant, {}, kiosk.now) == held, "whatever became of the reference"
    licences.remove(db, grant, ref, kiosk.now)
    licences.remove(db, grant, ref, kiosk.now)
    assert licences.fetch(db, grant, ref, kiosk.now).state == "absent"
    assert keys_in(kiosk) == {"free": 2, "revoked": 1}


def test_a_licence_of_nothing_is_the_operators_fault(kiosk: Kiosk, buyer: Person) -> None:
    kiosk.scalar("UPDATE goods SET options = '{}' WHERE name = 'game-key' RETURNING 1")
    apply_again(kiosk)
    assert Misconfigured.code in kiosk.scalar("SELECT problem FROM access_grants")


# --- operators --------------------------------------------------------------------------------------------------------


def revoke(kiosk: Kiosk, grant_id: int, **how: bool) -> None:
    with kiosk.kit.db.begin() as tx:
        provisioning.licences.revoke_licence(tx, grant_id, reason="leaked", actor="console:test", now=kiosk.now, **how)
    kiosk.drain()


def test_a_revoked_licence_counts_no_more_until_it_is_restored(kiosk: Kiosk, buyer: Person) -> None:
    grant_id = accesses(kiosk, buyer)["game-key"].grant_id
    revoke(kiosk, grant_id)
    revoke(kiosk, grant_id)
    assert verified(kiosk, "KEY-1").state == "suspended"
    kiosk.buy(buyer, "game")
    assert verified(kiosk, "KEY-1").state == "suspended", "a payment is no pardon"
    assert keys_in(kiosk) == {"free": 2, "taken": 1}
    with kiosk.kit.db.begin() as tx:
        provisioning.licences.restore_licence(tx, grant_id, reason="a mistake", actor="console:test", now=kiosk.now)
    kiosk.drain()
    assert (verified(kiosk, "KEY-1").state, key_of(kiosk, buyer)) == ("active", "KEY-1")
    with kiosk.kit.db.begin() as tx, pytest.raises(NothingToReplace):
        provisioning.licences.restore_licence(tx, grant_id, reason="again", actor="console:test", now=kiosk.now)


def test_what_is_revoked_before_it_came_takes_no_key(kiosk: Kiosk) -> None:
    stocked(kiosk)
    anna = kiosk.person()
    with kiosk.kit.db.begin() as tx:
        quote = catalog.quote(tx, "game", "RUB", {"all"})
        subscriptions.give(tx, anna.party, quote, reference="test:1", cause="gift", value=quote.price, now=kiosk.now)
    kiosk.drain()
    grant_id = accesses(kiosk, anna)["game-key"].grant_id
    revoke(kiosk, grant_id)
    arrive(kiosk, "KEY-1")
    kiosk.hurry()
    assert keys_in(kiosk) == {"free": 1}
    assert kiosk.undone() == []
    with kiosk.kit.db.begin() as tx:
        provisioning.licences.restore_licence(tx, grant_id, reason="a mistake", actor="console:test", now=kiosk.now)
    kiosk.drain()
    assert key_of(kiosk, anna) == "KEY-1"


def test_an_operator_replaces_a_key_at_once(kiosk: Kiosk, buyer: Person) -> None:
    grant_id = accesses(kiosk, buyer)["game-key"].grant_id
    revoke(kiosk, grant_id, replace=True)
    assert key_of(kiosk, buyer) == "KEY-2"
    assert (verified(kiosk, "KEY-1").state, verified(kiosk, "KEY-2").state) == ("rotated", "active")
    revoke(kiosk, grant_id, replace=True)
    with pytest.raises(SoldOut):
        revoke(kiosk, grant_id, replace=True)
    assert key_of(kiosk, buyer) == "KEY-3"


def test_other_grants_are_no_licences(kiosk: Kiosk, buyer: Person) -> None:
    kiosk.buy(buyer, "plain")
    grant_id = accesses(kiosk, buyer, "bundle")["wireguard"].grant_id
    for no_licence in (grant_id, 10**9):
        with pytest.raises(AccessNotFound):
            revoke(kiosk, no_licence)


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_no_key_stands_in_the_open(signing: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    arrive(signing, "KEY-1-SECRET", "KEY-2-SECRET")
    anna = signing.person()
    signing.buy(anna, "game")
    signing.buy(anna, "app")
    revoke(signing, accesses(signing, anna)["game-key"].grant_id, replace=True)
    secrets = ["KEY-1-SECRET", "KEY-2-SECRET", app_key(signing, anna)]
    assert key_of(signing, anna) == "KEY-2-SECRET"
    tables = ("outbox_events", "outbox_deliveries", "messages", "access_grants", "licence_keys", "audit_log")
    with signing.kit.db.begin() as tx:
        for table in tables:
            whole = str(tx.execute(text(f"SELECT t::text FROM {table} t")).all())
            assert not any(secret in whole for secret in secrets), table
    logged = capsys.readouterr()
    assert not any(secret in logged.out + logged.err for secret in secrets)


def test_a_fingerprint_is_keyed() -> None:
    """Two installations, or two secrets, have nothing in common to look keys up by."""
    one, other = Cipher("a secret of sixteen"), Cipher("another secret of it")
    assert one.blind_indexes(b"KEY-1", pool.FINGERPRINT) != other.blind_indexes(b"KEY-1", pool.FINGERPRINT)
