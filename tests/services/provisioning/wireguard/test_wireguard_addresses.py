from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioning.wireguard.addresses import addresses, slots

NETWORK4, NETWORK6 = IPv4Network("10.66.0.0/22"), IPv6Network("fd42:66::/112")
networks4 = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(16, 32),
)
networks6 = st.builds(
    lambda address, prefix: IPv6Network((address, prefix), strict=False),
    st.integers(0, 2**128 - 1),
    st.integers(64, 128),
)


def test_the_server_and_the_first_client() -> None:
    assert [str(a) for a in addresses(NETWORK4, NETWORK6, 1)] == ["10.66.0.1/32", "fd42:66::1/128"]
    assert [str(a) for a in addresses(NETWORK4, NETWORK6, 2)] == ["10.66.0.2/32", "fd42:66::2/128"]


def test_a_22_has_room_for_1021_clients() -> None:
    assert slots(NETWORK4, NETWORK6, 10_000) == range(2, 1023)
    assert str(addresses(NETWORK4, NETWORK6, 1022)[0]) == "10.66.3.254/32"


def test_capacity_is_a_limit() -> None:
    assert slots(NETWORK4, NETWORK6, 250) == range(2, 252)
    assert len(slots(NETWORK4, NETWORK6, 0)) == 0


@pytest.mark.parametrize("slot", [-1, 0, 1023, 5000])
def test_there_is_no_slot_outside(slot: int) -> None:
    with pytest.raises(ValueError, match=f"no slot {slot} in"):
        addresses(NETWORK4, NETWORK6, slot)


def test_the_smaller_network_decides() -> None:
    assert slots(NETWORK4, IPv6Network("fd42:66::/126"), 250) == range(2, 4)
    assert slots(IPv4Network("10.66.0.0/30"), NETWORK6, 250) == range(2, 3)
    assert len(slots(IPv4Network("10.66.0.7/32"), NETWORK6, 250)) == 0


@given(networks4, networks6, st.integers(0, 300))
def test_every_slot_is_a_usable_address_of_its_own(network4: IPv4Network, network6: IPv6Network, capacity: int) -> None:
    given_out = [addresses(network4, network6, slot) for slot in slots(network4, network6, capacity)]
    fours, sixes = [four for four, _ in given_out], [six for _, six in given_out]

    assert len(given_out) <= capacity
    assert len(set(fours)) == len(set(sixes)) == len(given_out)
    for four, six in given_out:
        assert (four.network.prefixlen, six.network.prefixlen) == (32, 128)
        assert four.ip in network4
        assert four.ip not in (network4.network_address, network4.broadcast_address, network4.network_address + 1)
        assert six.ip in network6
        assert six.ip not in (network6.network_address, network6.network_address + 1)


@given(networks4, networks6)
def test_no_usable_address_is_wasted(network4: IPv4Network, network6: IPv6Network) -> None:
    room = slots(network4, network6, 2**40)

    assert len(room) == max(0, min(network4.num_addresses - 3, network6.num_addresses - 2))
