"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.apply import apply
from services.provisioning.barring import bar, unbar
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    ServerCheckDue,
)
from services.provisioning.events_watch import (
    AccessFailed,
    AccessHinted,
    AccessRemovalDue,
    PlaceMended,
    PlaceTroubled,
    RemovalsDue,
    WithdrawalStuck,
)
from services.provisioning.failing import AccessNotFailed, announce_lost, refundable, take_money_back, watch_failing
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound
from services.provisioning.hints import look, note_hint
from services.provisioning.overview import (
    GrantLine,
    RepairLine,
    counts,
    grant_line,
    grants,
    repairs_of,
    retry,
)
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Device,
    Health,
    OutOfStock,
    Provisioner,
    Unsupported,
)
from services.provisioning.reconcile import Looked, look_at_place, plan_checks, reconcile, schedule_checks
from services.provisioning.removal import plan_removals, remove, schedule_removals
from services.provisioning.rotate import rotate
from services.provisioning.troubles import PlaceTrouble, troubles

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessFailed",
    "AccessGranted",
    "AccessHinted",
    "AccessNotFailed",
    "AccessNotFound",
    "AccessRemovalDue",
    "AccessSoldOut",
    "Artifact",
    "Capability",
    "ChecksDue",
    "Device",
    "GrantChanged",
    "GrantLine",
    "Health",
    "Looked",
    "OutOfStock",
    "PlaceMended",
    "PlaceTrouble",
    "PlaceTroubled",
    "Provisioner",
    "RemovalsDue",
    "RepairLine",
    "ServerCheckDue",
    "Unsupported",
    "WithdrawalStuck",
    "access_of",
    "announce_lost",
    "apply",
    "bar",
    "counts",
    "grant",
    "grant_line",
    "grants",
    "look",
    "look_at_place",
    "note_hint",
    "plan_checks",
    "plan_removals",
    "qr_png",
    "reconcile",
    "refundable",
    "remove",
    "repairs_of",
    "retry",
    "rotate",
    "schedule_checks",
    "schedule_removals",
    "take_money_back",
    "troubles",
    "unbar",
    "watch_failing",
    "withdraw",
]
