"""Access equal to what was paid.

A subscription is owed a grant for each kind of access in its terms. Our database owns who has access until when; the
other side (a WireGuard server today) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the
port to one kind; its sealed secrets are revealed to their owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.events import AccessDelayed, AccessGranted, ServerCheckDue
from services.provisioning.grant import grant, withdraw
from services.provisioning.provisioners.base import OutOfStock, Provisioner
from services.provisioning.servers import check_server, schedule_server_checks
from services.provisioning.shorten import shorten

__all__ = [
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "OutOfStock",
    "Provisioner",
    "ServerCheckDue",
    "access_of",
    "check_server",
    "grant",
    "qr_png",
    "schedule_server_checks",
    "shorten",
    "withdraw",
]
