"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.apply import apply
from services.provisioning.events import (
    AccessDelayed,
    AccessGranted,
    AccessSoldOut,
    ChecksDue,
    GrantChanged,
    SaleUndone,
    ServerCheckDue,
)
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound
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
from services.provisioning.places import check_server, plan_checks, schedule_checks
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Device,
    Health,
    OutOfStock,
    Provisioner,
    Unsupported,
)
from services.provisioning.rotate import rotate
from services.provisioning.stock import SoldOut, require_stock, why_not_to_charge
from services.provisioning.undo_sale import undo_sale

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "AccessNotFound",
    "AccessSoldOut",
    "Artifact",
    "BadKeys",
    "Capability",
    "ChecksDue",
    "Device",
    "GrantChanged",
    "Health",
    "ImportRunning",
    "LicenceLine",
    "LicenceNotFound",
    "LicenceState",
    "NothingToReplace",
    "OutOfStock",
    "PoolCount",
    "Provisioner",
    "SaleUndone",
    "ServerCheckDue",
    "SignedLicence",
    "Signer",
    "SoldOut",
    "TooSoon",
    "Unsupported",
    "access_of",
    "apply",
    "check_server",
    "grant",
    "import_keys",
    "licence_pools",
    "list_licences",
    "make_signing_key",
    "plan_checks",
    "qr_png",
    "read_keys",
    "require_stock",
    "restore_licence",
    "revoke_licence",
    "rotate",
    "schedule_checks",
    "undo_sale",
    "verify_licence",
    "why_not_to_charge",
    "withdraw",
]
