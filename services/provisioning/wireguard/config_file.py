"""The buyer's tunnel as a file that every WireGuard app imports. Source: wg-quick(8)."""

import re
from ipaddress import IPv4Interface, IPv6Interface

MTU = 1280  # the least IPv6 allows: fits through mobile networks and PPPoE, where the usual 1420 stalls
KEEPALIVE = 25  # seconds: keeps the way back open through NAT
LONGEST_NAME = 15  # the file's name becomes the interface's: Linux IFNAMSIZ - 1, and the phones' apps check it too
PREFIX = "kiosk-"


def render(
    *,
    private_key: str,
    addresses: tuple[IPv4Interface, IPv6Interface],
    dns: str,
    server_public_key: str,
    preshared_key: str,
    endpoint: str,
) -> str:
    """The text of the .conf: all traffic goes through the tunnel. `dns` is comma-separated, `endpoint` is host:port."""
    return f"""\
[Interface]
PrivateKey = {private_key}
Address = {", ".join(map(str, addresses))}
DNS = {dns}
MTU = {MTU}

[Peer]
PublicKey = {server_public_key}
PresharedKey = {preshared_key}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = {endpoint}
PersistentKeepalive = {KEEPALIVE}
"""


def file_name(server_code: str, number: int) -> str:
    """ "kiosk-de1-7.conf". A long server code loses letters before its own number: "frankfurt2" becomes "frankf2".

    Raises ValueError unless `number` has 1 to 9 digits."""
    if not 0 <= number < 10**9:
        raise ValueError(f"no file name for number {number}")
    letters, digits = _parts(re.sub(r"[^a-zA-Z0-9_=+.-]", "", server_code))
    room = LONGEST_NAME - len(f"{PREFIX}-{number}")
    code = (letters[: max(0, room - len(digits))] + digits)[: max(0, room)]
    return f"{PREFIX}{code}-{number}.conf" if code else f"{PREFIX}{number}.conf"


def _parts(code: str) -> tuple[str, str]:
    letters = code.rstrip("0123456789")
    return letters, code[len(letters) :]
