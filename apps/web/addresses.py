"""Who is at the other end. A person's address is personal data: it is logged with failures only."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import Request

Address = IPv4Address | IPv6Address


def client_address(request: Request, hops: int) -> Address | None:
    """The address that the outermost of our own proxies saw. Each of `hops` proxies appends the address it was called
    from to X-Forwarded-For (Heroku's router is one of them), so whatever stands before the last `hops` entries was
    written by the caller and is ignored. 0: nobody is in front of us, and the socket's peer is the client. Where the
    header is not what those proxies write, the peer is the answer; None when that is no address either."""
    peer = _address(request.client.host) if request.client else None
    if hops == 0:
        return peer
    entries = ",".join(request.headers.getlist("x-forwarded-for")).rsplit(",", hops)[-hops:]
    seen = _address(entries[0]) if len(entries) == hops else None
    return seen or peer


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or (address if address.scope_id is None else None)
