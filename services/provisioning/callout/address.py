"""Where a call may go: never into our own network, whatever a name says or comes to say."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.provisioning.provisioners.base import Misconfigured, TryLater


@dataclass(frozen=True, slots=True)
class Target:
    """`url` has the address that was looked at in place of the name: what is called is what was checked. `host` is for
    the Host header, `name` the one on the certificate."""

    url: str
    host: str
    name: str


def target_of(url: str, *, private: bool) -> Target:
    """`private`: plain HTTP and addresses of our own network are allowed, outside production. Raises TryLater when the
    name is not found, Misconfigured when it may not be called."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    if parts.scheme != "https" and not private:
        raise Misconfigured(f"{name} is not called without TLS")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise TryLater(f"{name} is not found") from None
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not private and not all(map(is_public, addresses)):
        raise Misconfigured(f"{name} is an address of a private network")
    chosen = addresses[0]
    literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)
    called = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    return Target(called, parts.netloc, name)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """In the Internet, and one machine. IPv6 that carries an IPv4 address is judged by that, too."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """NAT64 (RFC 6052, 64:ff9b::/96)."""
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
