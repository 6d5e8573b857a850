"""Access equal to what was paid.

A subscription is owed a grant for each good of its terms. Our database owns who has access until when; the other side
(a server, a panel, a chat) is told the wanted state, absolutely, as often as needed. A `Provisioner` is the port to
one kind; what it gives is sealed, and revealed to its owner only."""

from services.provisioning.access import Access, access_of, qr_png
from services.provisioning.apply import apply
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
    ServerCheckDue,
    TaskDeclined,
    TaskOpened,
    TaskOverdue,
)
from services.provisioning.follow import grant, withdraw
from services.provisioning.grants import AccessNotFound
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

__all__ = [
    "SENDABLE",
    "Access",
    "AccessDelayed",
    "AccessGranted",
    "AccessNotFound",
    "AccessSoldOut",
    "Artifact",
    "BadAnswer",
    "Capability",
    "ChecksDue",
    "Device",
    "Document",
    "DownloadGone",
    "GrantChanged",
    "Health",
    "OutOfStock",
    "Provisioner",
    "Question",
    "ServerCheckDue",
    "Task",
    "TaskClosed",
    "TaskDeclined",
    "TaskNotFound",
    "TaskOpened",
    "TaskOverdue",
    "TaskTaken",
    "Unsupported",
    "access_of",
    "apply",
    "ask_operator",
    "asked_of",
    "check_server",
    "decline_task",
    "document_of",
    "finish_task",
    "forget_asked",
    "grant",
    "make_download",
    "open_tasks",
    "payment_for",
    "plan_checks",
    "purge_downloads",
    "put_back_task",
    "qr_png",
    "redeem_download",
    "remind_of_tasks",
    "rotate",
    "schedule_checks",
    "see_download",
    "send_answer",
    "take_task",
    "task",
    "withdraw",
    "write_answer",
    "write_reason",
]
