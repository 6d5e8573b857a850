"""The group of variables of each WireGuard server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from services.platform.config_values import OutsideUrl

CODE = "[a-z][a-z0-9]{1,11}"
# What each kind of server cannot do without.
NEEDED = {"agent": ("agent_url", "agent_secret"), "portal": ("portal_url", "portal_user", "portal_token")}


class VpnServer(BaseModel):
    """One WireGuard server: the group VPN_<CODE>_... of a code listed in VPN_SERVERS. Its `kind` is who sets it up:
    our agent, or a wg-portal."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: str
    kind: Literal["agent", "portal"] = "agent"
    agent_url: OutsideUrl | None = None
    agent_secret: SecretStr | None = Field(None, min_length=16)
    portal_url: OutsideUrl | None = None
    portal_user: str | None = Field(None, pattern=r"^[^:\s]{1,64}$")
    portal_token: SecretStr | None = Field(None, min_length=16)
    portal_interface: str = Field("wg0", pattern=r"^[a-zA-Z0-9_=+.-]{1,15}$")
    public_key: str = Field(pattern=r"^[A-Za-z0-9+/]{43}=$")
    endpoint: str = Field(pattern=r"^[^\s:]+:[0-9]{1,5}$|^\[[0-9a-fA-F:]+\]:[0-9]{1,5}$")
    location: str = Field(min_length=1, max_length=60)
    network4: IPv4Network
    network6: IPv6Network
    capacity: int = Field(250, ge=1, le=60000)
    dns: str = "1.1.1.1, 2606:4700:4700::1111"


def read_servers(
    given: Mapping[str, str], faults: list[str], lines: Callable[[ValidationError, str], list[str]]
) -> Iterator[VpnServer]:
    """Those of VPN_SERVERS that are right; what is wrong with the others is added to `faults`, as `lines` words it.
    Whoever sets up a server believes to be alone there: two codes for one would end each other's peers."""
    told: dict[tuple[str | None, str], str] = {}
    for code in dict.fromkeys(part.strip() for part in given.get("VPN_SERVERS", "").split(",") if part.strip()):
        if not re.fullmatch(CODE, code):
            faults.append(f"VPN_SERVERS: each code must match {CODE}")
            continue
        prefix = f"VPN_{code.upper()}_"
        group = {name[len(prefix) :].lower(): value for name, value in given.items() if name.startswith(prefix)}
        needed = NEEDED.get(group.get("kind", "agent"), ())
        faults += [f"{prefix}{name.upper()}: missing" for name in needed if name not in group]
        try:
            server = VpnServer.model_validate({**group, "code": code})
        except ValidationError as error:
            faults += lines(error, prefix)
            continue
        at = (server.agent_url, "") if server.kind == "agent" else (server.portal_url, server.portal_interface)
        if at[0] and told.setdefault(at, code) != code:
            which = "AGENT_URL" if server.kind == "agent" else "PORTAL_INTERFACE"
            faults.append(f"{prefix}{which}: is that of {told[at]}")
        yield server
