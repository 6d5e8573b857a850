"""What the doctor looks at where VPN servers are. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from apps.console.findings import Trouble
from services import catalog
from services.kit import Kit
from services.platform.config_vpn import NEEDED, VpnServer
from services.platform.errors import KioskError

SCARCE = 0.8  # of a server's addresses taken: time to do something about it
GUIDE = "docs/access/wireguard.md"


def checks(kit: Kit) -> list[tuple[str, Callable[[Kit], str]]]:
    servers = kit.settings.vpn_servers
    return [*((f"VPN server {server.code}", _server(server)) for server in servers), ("VPN servers", _servers)]


def _server(server: VpnServer) -> Callable[[Kit], str]:
    def check(kit: Kit) -> str:
        prefix = f"VPN_{server.code.upper()}_"
        try:
            health = kit.provisioners["wireguard"].check(server.code)
        except SQLAlchemyError:
            raise Trouble("it answers, but its addresses cannot be counted", "mend the database first") from None
        except KioskError as error:
            names = " and ".join(f"{prefix}{name.upper()}" for name in NEEDED[server.kind])
            raise Trouble(str(error), f"look at {names}, then at the {server.kind}; see {GUIDE}") from None
        if health.used is not None and health.capacity is not None and health.used >= SCARCE * health.capacity:
            full = "it is full" if health.used >= health.capacity else "it is almost full"
            more = f"raise {prefix}CAPACITY as far as its networks allow, or add a server with this VPN_..._LOCATION"
            raise Trouble(f"{full}: {health.says}", more)
        return f"{server.location}: {health.says}"

    return check


def _servers(kit: Kit) -> str:
    """Also whether there is anything left of what is on sale."""
    servers, fleet = kit.settings.vpn_servers, kit.provisioners["wireguard"]
    if not servers:
        raise Trouble("there is none to give access on", f"set VPN_SERVERS and its groups; see {GUIDE}")
    try:
        with kit.db.begin() as tx:
            sold_out = [
                tariff.slug
                for tariff in catalog.list_tariffs(tx, ("all", "new", "existing", "invited", "trial"))
                for good in (catalog.good(tx, name) for name in tariff.access)
                if good.kind == fleet.kind and fleet.stock(tx, good, tariff.locations, kit.clock.now()) == 0
            ]
    except SQLAlchemyError:
        raise Trouble("cannot be compared with the catalogue", "mend the database first") from None
    if sold_out:
        remedy = "add servers, or mend the `locations` of the tariffs and the `servers` of their goods"
        raise Trouble(f"nothing is left for {', '.join(dict.fromkeys(sold_out))}", remedy)
    return ", ".join(server.code for server in servers)
