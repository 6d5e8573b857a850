"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning import channels, documents, licences, tasks
from services.provisioning.access import Access, access_of, own_access, qr_png
from services.provisioning.apply import apply
from services.provisioning.barring import bar, unbar
from services.provisioning.devices import devices, forget_device
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    SaleUndone,
    ServerCheckDue,
    TaskDeclined,
    TaskOpened,
    TaskOverdue,
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
from services.provisioning.grants import AccessNotFound, AccessNotReady
from services.provisioning.hints import look, note_hint
from services.provisioning.locate import LocationNotFound, choose_location, locations_for
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
    Location,
    OutOfStock,
    Provisioner,
    Provisioners,
    Unsupported,
)
from services.provisioning.reconcile import Looked, look_at_place, plan_checks, reconcile, schedule_checks
from services.provisioning.remnawave.hear import hear_panel
from services.provisioning.removal import plan_removals, remove, schedule_removals
from services.provisioning.rotate import rotate
from services.provisioning.stock import SoldOut, require_stock, why_not_to_charge
from services.provisioning.troubles import PlaceTrouble, troubles
from services.provisioning.undo_sale import undo_sale

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessFailed",
    "AccessGranted",
    "AccessHinted",
    "AccessNotFailed",
    "AccessNotFound",
    "AccessNotReady",
    "AccessRemovalDue",
    "AccessSoldOut",
    "Artifact",
    "Capability",
    "ChecksDue",
    "Device",
    "GrantChanged",
    "GrantLine",
    "Health",
    "Location",
    "LocationNotFound",
    "Looked",
    "OutOfStock",
    "PlaceMended",
    "PlaceTrouble",
    "PlaceTroubled",
    "Provisioner",
    "Provisioners",
    "RemovalsDue",
    "RepairLine",
    "SaleUndone",
    "ServerCheckDue",
    "SoldOut",
    "TaskDeclined",
    "TaskOpened",
    "TaskOverdue",
    "Unsupported",
    "WithdrawalStuck",
    "access_of",
    "announce_lost",
    "apply",
    "bar",
    "channels",
    "choose_location",
    "counts",
    "devices",
    "documents",
    "forget_device",
    "grant",
    "grant_line",
    "grants",
    "hear_panel",
    "licences",
    "locations_for",
    "look",
    "look_at_place",
    "note_hint",
    "own_access",
    "plan_checks",
    "plan_removals",
    "qr_png",
    "reconcile",
    "refundable",
    "remove",
    "repairs_of",
    "require_stock",
    "retry",
    "rotate",
    "schedule_checks",
    "schedule_removals",
    "take_money_back",
    "tasks",
    "troubles",
    "unbar",
    "undo_sale",
    "watch_failing",
    "why_not_to_charge",
    "withdraw",
]
