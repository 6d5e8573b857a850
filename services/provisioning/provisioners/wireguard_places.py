"""Where a grant may be: what its good, its tariff and its owner say of servers, by their codes or locations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from services.catalog import Good
from services.platform.config_vpn import VpnServer
from services.provisioning.provisioners.base import Grant, Location

SCARCE = 0.8  # taken of capacity: from here on operators are told


def allowed(servers: Mapping[str, VpnServer], grant: Grant) -> list[str]:
    """Codes, in the order of VPN_SERVERS. A choice that the tariff does not leave, or nobody knows any more, counts for
    nothing: access goes before place."""
    offered = offered_by(servers, grant.good, grant.locations)
    chosen = [code for code in offered if grant.location and _is_named(servers[code], [grant.location])]
    return chosen or offered


def offered_by(servers: Mapping[str, VpnServer], good: Good, locations: Collection[str]) -> list[str]:
    """Codes of the servers that a good and a tariff's locations leave; neither naming any, all."""
    own = good.options.get("servers")
    return [
        code
        for code, server in servers.items()
        if (not own or _is_named(server, own)) and (not locations or _is_named(server, locations))
    ]


def choices(
    servers: Mapping[str, VpnServer], codes: Collection[str], free: Mapping[str, tuple[int, int]], here: str | None
) -> list[Location]:
    """The locations of these servers, each once. `free` is (taken, room) of each server."""
    groups: dict[str, list[str]] = {}
    for code in codes:
        groups.setdefault(servers[code].location, []).append(code)
    return [
        Location(
            code=group[0],
            name=name,
            wanted=group[0] if len(group) == 1 else name,
            room=_word(sum(free[code][0] for code in group), sum(free[code][1] for code in group)),
            here=here in group,
        )
        for name, group in groups.items()
    ]


def _word(taken: int, room: int) -> Literal["plenty", "little", "none"]:
    if taken >= room:
        return "none"
    return "little" if taken >= SCARCE * room else "plenty"


def _is_named(server: VpnServer, names: Collection[str]) -> bool:
    return server.code in names or server.location in names
