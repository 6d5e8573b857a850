"""What the doctor finds where VPN servers are, and what it tells to do."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from apps.console import doctor, doctor_vpn
from apps.console.findings import Trouble
from apps.sandbox import vpn, wgportal
from apps.sandbox.environment import AGENT_SECRET, PORTAL_TOKEN
from tests.world import Kiosk, MakeKiosk, World


def findings(kiosk: Kiosk) -> dict[str, str]:
    """What each check says; of troubles with the remedy behind "->"."""
    found = {}
    for what, check in doctor_vpn.checks(kiosk.kit):
        try:
            found[what] = check(kiosk.kit)
        except Trouble as trouble:
            found[what] = f"{trouble.says} -> {trouble.remedy}"
    return found


def test_each_server_tells_health_peers_and_capacity(kiosk: Kiosk) -> None:
    kiosk.buy(kiosk.person())
    found = findings(kiosk)

    assert sorted(found) == ["VPN server de1", "VPN server nl1", "VPN servers"]
    assert found["VPN server de1"].startswith("Frankfurt: ")
    assert sorted(found[f"VPN server {code}"].split(", ")[-1] for code in ("de1", "nl1")) == [
        "0 of 250 addresses taken",
        "1 of 250 addresses taken",
    ]
    assert found["VPN servers"] == "de1, nl1"
    assert {"VPN server de1", "VPN servers"} <= {one.what for one in doctor.examine(kiosk.kit)}


def test_a_server_that_does_not_answer(kiosk: Kiosk) -> None:
    kiosk.post("/vpn/faults", mode="down")

    for code in ("de1", "nl1"):
        says, remedy = findings(kiosk)[f"VPN server {code}"].split(" -> ")
        assert "cannot be reached" in says
        assert f"VPN_{code.upper()}_AGENT_URL and VPN_{code.upper()}_AGENT_SECRET" in remedy


def test_almost_full_full_and_sold_out(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(VPN_DE1_CAPACITY="5", VPN_NL1_CAPACITY="1") as kiosk:
        people = [kiosk.person(f"Покупатель {n}") for n in range(6)]
        for person in people[:5]:
            kiosk.buy(person)
        found = findings(kiosk)
        assert found["VPN server de1"].startswith("it is almost full: ")
        assert "4 of 5 addresses taken -> raise VPN_DE1_CAPACITY" in found["VPN server de1"]
        assert found["VPN server nl1"].startswith("it is full: ")
        assert found["VPN servers"] == "de1, nl1"

        kiosk.buy(people[5])
        assert findings(kiosk)["VPN servers"].startswith("nothing is left for vpn-1m -> ")


def test_a_tariff_of_a_place_that_is_not_there(kiosk: Kiosk) -> None:
    kiosk.scalar("""UPDATE tariffs SET locations = '{"codes": ["fr1"]}' RETURNING 1""")

    assert findings(kiosk)["VPN servers"].startswith("nothing is left for vpn-1m -> add servers, or mend")


def test_no_servers_at_all(make_kiosk: MakeKiosk, world: World) -> None:
    with make_kiosk() as kiosk:
        settings = kiosk.kit.settings.model_copy(update={"vpn_servers": ()})
        object.__setattr__(kiosk.kit, "settings", settings)
        assert findings(kiosk)["VPN servers"].startswith("there is none to give access on -> set VPN_SERVERS")


def portal(world: World, **changes: str) -> dict[str, str]:
    """The variables of an agent's server de1 and a portal's server pt1."""
    given = {
        "VPN_SERVERS": "de1,pt1",
        "VPN_DE1_AGENT_URL": f"{world.url}/vpn/de1",
        "VPN_DE1_AGENT_SECRET": AGENT_SECRET,
        "VPN_DE1_PUBLIC_KEY": vpn.public_key("de1"),
        "VPN_PT1_KIND": "portal",
        "VPN_PT1_PORTAL_URL": f"{world.url}/wgportal",
        "VPN_PT1_PORTAL_USER": "kiosk",
        "VPN_PT1_PORTAL_TOKEN": PORTAL_TOKEN,
        "VPN_PT1_PUBLIC_KEY": wgportal.interface_key("wg0"),
    }
    for number, code in ((66, "DE1"), (68, "PT1")):
        given |= {f"VPN_{code}_ENDPOINT": "vpn.example.net:51820", f"VPN_{code}_LOCATION": code}
        given |= {f"VPN_{code}_NETWORK4": f"10.{number}.0.0/22", f"VPN_{code}_NETWORK6": f"fd42:{number}::/118"}
    return given | changes


def test_a_portal_in_the_fleet(make_kiosk: MakeKiosk, world: World) -> None:
    with make_kiosk(**portal(world)) as kiosk:
        for _ in range(2):  # the emptiest server is filled first: one each
            kiosk.buy(kiosk.person())
        found = findings(kiosk)
        assert found["VPN server pt1"].startswith("PT1: 1 of ")
        assert found["VPN server pt1"].endswith("1 of 250 addresses taken")
        with kiosk.kit.db.begin() as tx:
            assert len(set(tx.scalars(text("SELECT place FROM access_grants WHERE held = 'active'")))) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"VPN_PT1_PORTAL_TOKEN": "another token than this one"}, "the portal answered 401"),
        ({"VPN_PT1_PORTAL_INTERFACE": "wg9"}, "the portal has no interface wg9"),
        ({"VPN_PT1_PUBLIC_KEY": "A" * 43 + "="}, "another public key"),
    ],
)
def test_a_portal_that_is_not_set_up(make_kiosk: MakeKiosk, world: World, changes: dict[str, str], says: str) -> None:
    with make_kiosk(**portal(world, **changes)) as kiosk:
        found = findings(kiosk)["VPN server pt1"]
        assert says in found
        assert "VPN_PT1_PORTAL_URL and VPN_PT1_PORTAL_USER and VPN_PT1_PORTAL_TOKEN" in found
        assert PORTAL_TOKEN not in found
