"""Access equal to what was paid, whatever the server does meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services import billing, identity, provisioning, subscriptions
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.crypto import Unreadable
from services.react import react
from services.reactions import routes
from tests.world import Kiosk, MakeKiosk, Person


def held(kiosk: Kiosk) -> list[dict[str, Any]]:
    """Peers that this Kiosk's servers hold now."""
    with kiosk.kit.db.begin() as tx:
        ours = {key for (key,) in tx.execute(text("SELECT public_key FROM wireguard_peers"))}
    everywhere = [kiosk.http.get(f"/vpn/{code}/peers.json").json()["peers"] for code in kiosk.world.vpn_keys]
    return [peer for peers in everywhere for peer in peers if peer["public_key"] in ours]


def access(kiosk: Kiosk, person: Person) -> provisioning.Access:
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, person.party)
        (found,) = provisioning.access_of(tx, kiosk.kit.cipher, person.party, mine.id)
    return found


@pytest.mark.parametrize("mode", ["down", "500", "html", "500_after", "dropped_after"])
def test_a_server_down_at_payment_is_told_and_tried_until_done(kiosk: Kiosk, mode: str) -> None:
    kiosk.post("/vpn/faults", mode=mode)
    anna = kiosk.person()
    kiosk.buy(anna)
    assert access(kiosk, anna).state == "preparing"
    assert "платёж" in kiosk.messages(anna)[-1]["text"]
    assert kiosk.count("messages", "kind = 'access_delayed'") == 1
    kiosk.hurry()
    assert kiosk.count("messages", "kind = 'access_delayed'") == 1, "told twice"

    kiosk.http.delete("/vpn/faults")
    kiosk.hurry()
    kiosk.hurry()
    assert access(kiosk, anna).state == "ready"
    assert len(held(kiosk)) == 1
    assert kiosk.count("messages", "kind = 'access_file' AND state = 'sent'") == 1


def test_the_operators_hear_of_a_delay(kiosk: Kiosk) -> None:
    operator, anna = kiosk.person("Оператор"), kiosk.person("Анна")
    settings = kiosk.kit.settings.model_copy(update={"telegram_admin_ids": (operator.telegram_id,)})
    object.__setattr__(kiosk.kit, "settings", settings)
    kiosk.post("/vpn/faults", mode="down")
    kiosk.buy(anna)
    assert str(anna.party) in kiosk.messages(operator)[-1]["text"]


def test_many_purchases_at_once_share_no_address(kiosk: Kiosk) -> None:
    people = [kiosk.person(f"Покупатель {n}") for n in range(12)]
    for person in people:
        kiosk.pay(kiosk.checkout(person), notify="never")
    with kiosk.kit.db.begin() as tx:
        ids = [row.id for row in tx.execute(text("SELECT id FROM payments"))]
    for payment_id in ids:
        billing.reconcile(kiosk.kit.db, kiosk.kit.providers, payment_id, kiosk.now, cause="test")
    for _ in range(4):
        with kiosk.kit.db.begin() as tx:
            outbox.plan(tx, routes, wall_clock())
        with kiosk.kit.db.begin() as tx:
            due = outbox.lease(tx, wall_clock())
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda row: react(kiosk.kit, row[0], row[1]), due))
    kiosk.hurry()
    kiosk.drain()
    addresses = [address for peer in held(kiosk) for address in peer["allowed_ips"]]
    assert len(addresses) == len(set(addresses)) == 24
    assert {access(kiosk, person).state for person in people} == {"ready"}


def test_other_peoples_configuration_is_not_there(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    stranger = kiosk.person("Чужой")
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
        with pytest.raises(subscriptions.SubscriptionNotFound):
            provisioning.access_of(tx, kiosk.kit.cipher, stranger.party, mine.id)
        with pytest.raises(subscriptions.SubscriptionNotFound):
            provisioning.access_of(tx, kiosk.kit.cipher, identity.Party("workspace", anna.party.id), mine.id)


def test_an_expiry_overtaken_by_a_renewal_takes_nothing_away(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
    old_news = subscriptions.SubscriptionExpired(subscription_id=mine.id, party=str(anna.party), ends_at=mine.ends_at)
    with kiosk.kit.db.begin() as tx:
        provisioning.withdraw(tx, old_news, kiosk.now)
    kiosk.drain()
    assert access(kiosk, anna).state == "ready"
    assert len(held(kiosk)) == 1


def test_a_grant_overtaken_by_the_expiry_gives_nothing(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
    kiosk.pass_time(mine.ends_at - kiosk.now + timedelta(minutes=2), step=timedelta(days=5))
    old_news = subscriptions.SubscriptionExtended(
        subscription_id=mine.id, invoice_id=1, party=str(anna.party), ends_at=mine.ends_at
    )
    with kiosk.kit.db.begin() as tx:
        provisioning.grant(tx, old_news, kiosk.now, kiosk.kit.provisioners)
    kiosk.drain()
    assert held(kiosk) == []


def test_a_full_server_is_a_clear_error_and_not_a_shared_address(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(VPN_DE1_CAPACITY="1", VPN_NL1_CAPACITY="1") as kiosk:
        people = [kiosk.person(f"Покупатель {n}") for n in range(3)]
        for person in people:
            kiosk.buy(person)
        assert sorted(access(kiosk, person).state for person in people) == ["ended", "ready", "ready"]
        assert kiosk.undone() == []
        assert kiosk.count("messages", "kind = 'sold_out'") == 1
        assert kiosk.count("refunds", "state = 'succeeded'") == 1


def test_a_server_that_lost_its_list_gets_it_again(kiosk: Kiosk) -> None:
    """Our database was restored and is behind: the agent holds a newer revision than we ever made."""
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    kiosk.buy(anna)
    kiosk.scalar("UPDATE wireguard_servers SET revision = 1, applied = 1 RETURNING 1")
    kiosk.buy(boris)
    kiosk.buy(boris)
    kiosk.pass_time(timedelta(minutes=30), step=timedelta(minutes=10))
    assert len(held(kiosk)) == 2
    assert kiosk.count("wireguard_servers", "revision <> applied") == 0


def test_keys_open_in_their_own_row_only(kiosk: Kiosk) -> None:
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    kiosk.buy(anna)
    kiosk.buy(boris)
    swap = """
        UPDATE access_grants SET sealed = (SELECT sealed FROM access_grants ORDER BY id LIMIT 1)
        WHERE id = (SELECT max(id) FROM access_grants) RETURNING 1
    """
    kiosk.scalar(swap)
    with pytest.raises(Unreadable):
        access(kiosk, boris)


def test_no_secret_stands_in_the_open(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    secrets = [
        line.split(" = ")[1]
        for line in access(kiosk, anna).artifacts[0].content.splitlines()
        if "Key" in line and "Public" not in line
    ]
    assert len(secrets) == 2
    with kiosk.kit.db.begin() as tx:
        for table in ("outbox_events", "messages", "access_grants", "wireguard_peers", "payments"):
            whole = str(tx.execute(text(f"SELECT t::text FROM {table} t")).all())
            assert not any(secret in whole for secret in secrets), table
