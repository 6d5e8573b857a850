"""What was used of a limit. WireGuard only has counters, which begin anew with every restart: the sum, the limit and
the day on which counting begins anew are ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.catalog import Period
from services.provisioning.models import WireguardPeerRow
from services.provisioning.provisioners.base import Grant
from services.provisioning.wireguard.agent import PeerStats

MONTH = Period(1, "month")


@dataclass(frozen=True, slots=True)
class Look:
    """A server at one moment: `live` are the public keys that may connect, `stats` by public key where it counts."""

    live: frozenset[str]
    stats: Mapping[str, PeerStats]
    asked_at: datetime  # wall clock
    answered_at: datetime


def count(peers: Iterable[WireguardPeerRow], look: Look) -> None:
    """Adds what was used since the last look, in both directions. The rows must be locked."""
    for peer in peers:
        if peer.counted_at is not None and peer.counted_at >= look.asked_at:
            continue  # a later answer was counted already
        seen = look.stats.get(peer.public_key)
        if seen is None:
            if peer.public_key not in look.live and look.live <= look.stats.keys():
                # The server counts, and has let this one go: its counter begins anew when it is back.
                peer.counted_bytes, peer.counted_at = 0, look.answered_at
            continue
        counter = seen.rx + seen.tx
        # A counter that went back began anew: with the server, or with the peer.
        peer.used_bytes += counter - peer.counted_bytes if counter >= peer.counted_bytes else counter
        peer.counted_bytes, peer.counted_at = counter, look.answered_at


def begin_anew(peer: WireguardPeerRow, grant: Grant, now: datetime) -> None:
    """Forgets what was used before the present period, of payments or of the calendar (UTC), once."""
    if peer.usage_epoch < grant.usage_epoch:
        peer.usage_epoch = grant.usage_epoch
        if grant.traffic_reset == "period":
            peer.used_bytes, peer.counting_since = 0, now
    began = _began(grant.traffic_reset, peer.counting_since, now)
    if began > peer.counting_since:
        peer.used_bytes, peer.counting_since = 0, began


def is_used_up(peer: WireguardPeerRow, grant: Grant) -> bool:
    return grant.traffic_bytes is not None and peer.used_bytes >= grant.traffic_bytes


def meter(peer: WireguardPeerRow, grant: Grant, now: datetime) -> bool:
    """Ends and gives back access by the limit alone: what is suspended stays so, whatever an older wish says. Returns
    whether the server is to be told."""
    begin_anew(peer, grant, now)
    if grant.state != "active" or is_used_up(peer, grant) == peer.limited or not (peer.active or peer.limited):
        return False
    peer.limited = not peer.limited
    peer.active = not peer.limited
    return True


def _began(reset: str, since: datetime, now: datetime) -> datetime:
    """When the calendar's present period began; long ago where the calendar does not matter."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match reset:
        case "day":
            return midnight
        case "week":
            return midnight - timedelta(days=midnight.weekday())
        case "month":
            return midnight.replace(day=1)
        case "month_rolling":
            while (following := MONTH.after(since, since.day)) <= now:
                since = following
    return since
