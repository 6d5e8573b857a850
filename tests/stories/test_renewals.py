"""Renewals over months: early, late, and at a month's end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from services import catalog, provisioning, subscriptions
from services.subscriptions import Subscription
from tests.world import TOML, Kiosk, Person


def owned(kiosk: Kiosk, person: Person) -> Subscription:
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, person.party)
    return mine


def config(kiosk: Kiosk, person: Person) -> str:
    with kiosk.kit.db.begin() as tx:
        (access,) = provisioning.access_of(tx, kiosk.kit.cipher, person.party, owned(kiosk, person).id)
    return access.artifacts[0].content


def travel_to(kiosk: Kiosk, moment: datetime) -> None:
    kiosk.pass_time(moment - kiosk.now, step=timedelta(days=400))


def test_an_early_renewal_adds_to_the_end_and_keeps_the_configuration(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    before, file = owned(kiosk, anna), config(kiosk, anna)

    kiosk.pass_time(timedelta(days=5), step=timedelta(days=1))
    kiosk.buy(anna)

    after = owned(kiosk, anna)
    assert after.id == before.id
    assert timedelta(days=28) <= after.ends_at - before.ends_at <= timedelta(days=31)
    assert config(kiosk, anna) == file
    assert "пасибо" in kiosk.messages(anna)[-1]["text"]


def test_access_ends_by_our_clock_and_a_late_renewal_starts_now_with_the_same_configuration(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)
    file = config(kiosk, anna)
    key = next(line for line in file.splitlines() if line.startswith("Address"))

    kiosk.pass_time(owned(kiosk, anna).ends_at - kiosk.now + timedelta(minutes=5), step=timedelta(days=40))

    assert owned(kiosk, anna).state == "expired"
    assert peers(kiosk, key) == 0, "the server still lets the expired in"

    kiosk.pass_time(timedelta(days=1), step=timedelta(hours=12))
    renewed_at = kiosk.now
    kiosk.buy(anna)
    mine = owned(kiosk, anna)
    assert mine.state == "active"
    assert mine.started_at >= renewed_at
    assert mine.ends_at - kiosk.now >= timedelta(days=27, hours=23)
    assert config(kiosk, anna) == file
    assert peers(kiosk, key) == 1


def test_addresses_of_the_lapsed_rest_and_then_go_to_somebody_else(kiosk: Kiosk) -> None:
    anna, boris, clara = (kiosk.person(name) for name in ("Анна", "Борис", "Клара"))
    kiosk.buy(anna)
    address = kiosk.scalar("SELECT ipv4 FROM wireguard_peers")
    kiosk.pass_time(owned(kiosk, anna).ends_at - kiosk.now + timedelta(minutes=5), step=timedelta(days=40))

    with kiosk.kit.db.begin() as tx:
        server = tx.scalar(text("SELECT server FROM wireguard_peers"))
        catalog.import_catalogue(tx, TOML + f'locations = ["{server}"]', kiosk.now)
    kiosk.buy(boris)
    assert kiosk.count("wireguard_peers", f"ipv4 = '{address}' AND active") == 0, "somebody got an address that rests"
    kiosk.pass_time(timedelta(days=3, hours=1), step=timedelta(days=1))
    kiosk.buy(clara)
    assert kiosk.count("wireguard_peers", f"ipv4 = '{address}' AND active") == 1

    kiosk.buy(anna)  # back again: a new address, so a new file
    assert kiosk.messages(anna)[-2]["document"]["file_name"].endswith(".conf")
    assert kiosk.count("wireguard_peers", "active") == 3


def test_months_keep_their_day(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    travel_to(kiosk, datetime(kiosk.now.year + 1, 1, 31, 10, 0, tzinfo=UTC))
    kiosk.buy(anna)
    year = kiosk.now.year
    last_of_february = (datetime(year, 3, 1, tzinfo=UTC) - timedelta(days=1)).day

    ends = [owned(kiosk, anna).ends_at]
    for _ in range(3):
        kiosk.buy(anna)
        ends.append(owned(kiosk, anna).ends_at)
    assert [(end.month, end.day) for end in ends] == [(2, last_of_february), (3, 31), (4, 30), (5, 31)]


def peers(kiosk: Kiosk, address_line: str) -> int:
    """How many peers all servers hold with this file's first address."""
    address = address_line.removeprefix("Address = ").split(",")[0]
    count = 0
    for code in kiosk.world.vpn_keys:
        held = kiosk.http.get(f"/vpn/{code}/peers.json").json()["peers"]
        count += sum(address in peer["allowed_ips"] for peer in held)
    return count
