"""Who has which address: slot n is the n-th address of both networks. Slot 1 is the server, clients start at 2."""

from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

FIRST_CLIENT = 2


def slots(network4: IPv4Network, network6: IPv6Network, capacity: int) -> range:
    """The slots for `capacity` clients, or for as many as the smaller network has room for."""
    return range(FIRST_CLIENT, max(FIRST_CLIENT, min(FIRST_CLIENT + capacity, _end(network4, network6))))


def addresses(network4: IPv4Network, network6: IPv6Network, slot: int) -> tuple[IPv4Interface, IPv6Interface]:
    """The single hosts (/32 and /128) of a slot. Raises ValueError when a network has no such slot."""
    if not 1 <= slot < _end(network4, network6):
        raise ValueError(f"no slot {slot} in {network4} and {network6}")
    return IPv4Interface(network4[slot]), IPv6Interface(network6[slot])


def _end(network4: IPv4Network, network6: IPv6Network) -> int:
    """One more than the last slot: index 0 is the network itself, and the last IPv4 address is its broadcast."""
    return min(network4.num_addresses - 1, network6.num_addresses)
