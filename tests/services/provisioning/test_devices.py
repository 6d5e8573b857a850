"""The devices of one's own access, asked for where they are known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import provisioning, subscriptions
from services.identity import Party
from services.platform.errors import Misconfigured, TryLater
from services.provisioning import AccessNotFound, AccessNotReady, Capability, Unsupported
from tests.contracts.memory_access import Elsewhere, MemoryAccess
from tests.world import Kiosk, Person


class Watched(MemoryAccess):
    """Asked outside of every transaction only."""

    kiosk: Kiosk

    def devices(self, grant, ref):  # type: ignore[no-untyped-def]
        assert self.kiosk.kit.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        return super().devices(grant, ref)

    def forget_device(self, grant, ref, device_id):  # type: ignore[no-untyped-def]
        assert self.kiosk.kit.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        super().forget_device(grant, ref, device_id)


@pytest.fixture
def elsewhere(kiosk: Kiosk) -> Iterator[Elsewhere]:
    there = Elsewhere(lambda: kiosk.now)
    side = Watched(there, kind="wireguard")
    side.kiosk = kiosk
    real = kiosk.kit.provisioners["wireguard"]
    kiosk.kit.provisioners["wireguard"] = side  # type: ignore[index]
    yield there
    kiosk.kit.provisioners["wireguard"] = real  # type: ignore[index]


@pytest.fixture
def anna(kiosk: Kiosk, elsewhere: Elsewhere) -> Person:
    person = kiosk.person()
    kiosk.buy(person)
    (thing,) = elsewhere.things.values()
    thing.devices |= {"d1": "Phone", "d2": "Laptop"}
    return person


def grant_of(kiosk: Kiosk, person: Person) -> int:
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, person.party)
        return provisioning.access_of(tx, kiosk.kit.cipher, person.party, mine.id)[0].grant_id


def ask(kiosk: Kiosk, party: Party, grant_id: int) -> list[str]:
    return [one.name for one in provisioning.devices(kiosk.kit.db, kiosk.kit.provisioners, party, grant_id)]


def forget(kiosk: Kiosk, party: Party, grant_id: int, device: str) -> None:
    provisioning.forget_device(kiosk.kit.db, kiosk.kit.provisioners, party, grant_id, device)


def test_own_devices_are_listed_and_forgotten_as_often_as_asked(kiosk: Kiosk, anna: Person) -> None:
    number = grant_of(kiosk, anna)
    assert ask(kiosk, anna.party, number) == ["Phone", "Laptop"]
    for _ in range(2):
        forget(kiosk, anna.party, number, "d1")
    assert ask(kiosk, anna.party, number) == ["Laptop"]


def test_other_peoples_are_not_there(kiosk: Kiosk, anna: Person, elsewhere: Elsewhere) -> None:
    number, stranger = grant_of(kiosk, anna), kiosk.person("Чужой")
    asked = elsewhere.requests.copy()
    for party in (stranger.party, Party("workspace", anna.party.id)):
        with pytest.raises(AccessNotFound):
            ask(kiosk, party, number)
        with pytest.raises(AccessNotFound):
            forget(kiosk, party, number, "d1")
    assert elsewhere.requests == asked, "nobody else was asked"


@pytest.mark.parametrize("what", ["held = 'absent'", "wanted = 'suspended'", "wanted = 'ended'", "barred = 'abuse'"])
def test_what_is_not_ready_has_none(kiosk: Kiosk, anna: Person, what: str) -> None:
    number = grant_of(kiosk, anna)
    kiosk.scalar(f"UPDATE access_grants SET {what} RETURNING 1")
    with pytest.raises(AccessNotReady):
        ask(kiosk, anna.party, number)
    with pytest.raises(AccessNotReady):
        forget(kiosk, anna.party, number, "d1")


def test_a_kind_without_devices_says_so(kiosk: Kiosk, anna: Person) -> None:
    number, side = grant_of(kiosk, anna), kiosk.kit.provisioners["wireguard"]
    side.capabilities = ~Capability.DEVICES
    for provisioners in (kiosk.kit.provisioners, {}):
        with pytest.raises(Unsupported):
            provisioning.devices(kiosk.kit.db, provisioners, anna.party, number)


@pytest.mark.parametrize(("mode", "error"), [("down", TryLater), ("misconfigured", Misconfigured)])
def test_failures_come_through(
    kiosk: Kiosk, anna: Person, elsewhere: Elsewhere, mode: str, error: type[Exception]
) -> None:
    elsewhere.break_down(mode)
    with pytest.raises(error):
        ask(kiosk, anna.party, grant_of(kiosk, anna))
