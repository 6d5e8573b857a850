"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, own_access, qr_png
from services.provisioning.apply import apply
from services.provisioning.barring import bar, unbar
from services.provisioning.channels.answering import answer_join, decline_join, go_on
from services.provisioning.channels.api import is_inside, missing_rights
from services.provisioning.channels.events import (
    ChannelBack,
    ChannelLost,
    JoinRefused,
    JoinRequested,
    MemberBanned,
    MemberRemoved,
)
from services.provisioning.channels.roster import (
    MemberChange,
    RightsChange,
    note_member,
    note_request,
    note_rights,
    purge_roster,
)
from services.provisioning.devices import devices, forget_device
from services.provisioning.documents import (
    SENDABLE,
    Document,
    DownloadGone,
    document_of,
    make_download,
    purge_downloads,
    redeem_download,
    see_download,
)
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
from services.provisioning.licences.importing import ImportRunning, import_keys
from services.provisioning.licences.operate import (
    LicenceLine,
    NothingToReplace,
    list_licences,
    restore_licence,
    revoke_licence,
)
from services.provisioning.licences.pool import PoolCount, TooSoon
from services.provisioning.licences.pool import pools as licence_pools
from services.provisioning.licences.reading import BadKeys, read_keys
from services.provisioning.licences.signed import SignedLicence, Signer, make_signing_key
from services.provisioning.licences.verify import LicenceNotFound, LicenceState, verify_licence
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
from services.provisioning.tasks import (
    BadAnswer,
    Task,
    decline_task,
    finish_task,
    open_tasks,
    payment_for,
    put_back_task,
    remind_of_tasks,
    send_answer,
    take_task,
    task,
    write_answer,
    write_reason,
)
from services.provisioning.tasks_asked import Question, ask_operator, asked_of, forget_asked
from services.provisioning.tasks_rows import TaskClosed, TaskNotFound, TaskTaken
from services.provisioning.troubles import PlaceTrouble, troubles
from services.provisioning.undo_sale import undo_sale

__all__ = [
    "SENDABLE",
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
    "BadAnswer",
    "BadKeys",
    "Capability",
    "ChannelBack",
    "ChannelLost",
    "ChecksDue",
    "Device",
    "Document",
    "DownloadGone",
    "GrantChanged",
    "GrantLine",
    "Health",
    "ImportRunning",
    "JoinRefused",
    "JoinRequested",
    "LicenceLine",
    "LicenceNotFound",
    "LicenceState",
    "Location",
    "LocationNotFound",
    "Looked",
    "MemberBanned",
    "MemberChange",
    "MemberRemoved",
    "NothingToReplace",
    "OutOfStock",
    "PlaceMended",
    "PlaceTrouble",
    "PlaceTroubled",
    "PoolCount",
    "Provisioner",
    "Provisioners",
    "Question",
    "RemovalsDue",
    "RepairLine",
    "RightsChange",
    "SaleUndone",
    "ServerCheckDue",
    "SignedLicence",
    "Signer",
    "SoldOut",
    "Task",
    "TaskClosed",
    "TaskDeclined",
    "TaskNotFound",
    "TaskOpened",
    "TaskOverdue",
    "TaskTaken",
    "TooSoon",
    "Unsupported",
    "WithdrawalStuck",
    "access_of",
    "announce_lost",
    "answer_join",
    "apply",
    "ask_operator",
    "asked_of",
    "bar",
    "choose_location",
    "counts",
    "decline_join",
    "decline_task",
    "devices",
    "document_of",
    "finish_task",
    "forget_asked",
    "forget_device",
    "go_on",
    "grant",
    "grant_line",
    "grants",
    "hear_panel",
    "import_keys",
    "is_inside",
    "licence_pools",
    "list_licences",
    "locations_for",
    "look",
    "look_at_place",
    "make_download",
    "make_signing_key",
    "missing_rights",
    "note_hint",
    "note_member",
    "note_request",
    "note_rights",
    "open_tasks",
    "own_access",
    "payment_for",
    "plan_checks",
    "plan_removals",
    "purge_downloads",
    "purge_roster",
    "put_back_task",
    "qr_png",
    "read_keys",
    "reconcile",
    "redeem_download",
    "refundable",
    "remind_of_tasks",
    "remove",
    "repairs_of",
    "require_stock",
    "restore_licence",
    "retry",
    "revoke_licence",
    "rotate",
    "schedule_checks",
    "schedule_removals",
    "see_download",
    "send_answer",
    "take_money_back",
    "take_task",
    "task",
    "troubles",
    "unbar",
    "undo_sale",
    "verify_licence",
    "watch_failing",
    "why_not_to_charge",
    "withdraw",
    "write_answer",
    "write_reason",
]
