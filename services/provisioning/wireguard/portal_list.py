"""A portal's interface made equal to a whole list, by as few requests as the difference needs."""

from collections.abc import Sequence

from services.provisioning.provisioners.base import Misconfigured
from services.provisioning.wireguard.portal import PortalClient, PortalPeer, is_as_wanted
from services.provisioning.wireguard.portal_answers import HeldPeer

PREFIX = "kiosk-"  # of the names of our peers; with another owner or another name a peer is somebody else's


def converge(portal: PortalClient, wanted: Sequence[PortalPeer], everybody: Sequence[HeldPeer]) -> None:
    """`everybody` is what the portal held before `wanted` was read. Repeating it changes nothing. Other people's peers
    on the interface are left alone; Misconfigured when one of them has an address of ours, which WireGuard would
    silently take away from it. Raises the errors of provisioners.base; what was done until then is right, and the next
    call goes on from there."""
    held = {peer.public_key: peer for peer in everybody}
    keys = {peer.public_key for peer in wanted}
    strangers = [peer for peer in held.values() if peer.public_key not in keys and not is_ours(peer, portal.user)]
    _refuse_overlap(wanted, strangers)
    # What goes away goes first: its addresses may be wanted for others.
    for other in held.values():
        if other.public_key not in keys and is_ours(other, portal.user):
            portal.delete(other.public_key)
    for peer in wanted:
        known = held.get(peer.public_key)
        if known is None:
            portal.create(peer)
        elif not is_as_wanted(known, peer, portal.user):
            portal.update(peer)


def differs(portal: PortalClient, wanted: Sequence[PortalPeer], everybody: Sequence[HeldPeer]) -> bool:
    """Whether `converge` would change anything."""
    held = {peer.public_key: peer for peer in everybody}
    ours = {key for key, peer in held.items() if is_ours(peer, portal.user)}
    if not ours <= {peer.public_key for peer in wanted}:
        return True
    return any(
        peer.public_key not in held or not is_as_wanted(held[peer.public_key], peer, portal.user) for peer in wanted
    )


def is_ours(peer: HeldPeer, user: str) -> bool:
    return peer.owner == user and peer.name.startswith(PREFIX)


def _refuse_overlap(wanted: Sequence[PortalPeer], strangers: Sequence[HeldPeer]) -> None:
    theirs = {address for peer in strangers for address in peer.addresses}
    for peer in wanted:
        if taken := theirs.intersection(map(str, peer.addresses)):
            raise Misconfigured(f"{min(taken)} is taken in the portal by a peer which is not ours")
