"""Whether what the catalogue describes can be given."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from apps.console.findings import Trouble
from services import catalog, provisioning
from services.kit import Kit
from services.platform.errors import KioskError
from services.platform.storage import NoSuchFile


def goods(kit: Kit) -> str:
    """The first thing that is missing."""
    try:
        with kit.db.begin() as tx:
            found = catalog.goods(tx)
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None
    for good in found:
        if good.kind == "file":
            _file(kit, good)
        elif good.kind == "callout" and not kit.settings.callout_secret:
            raise Trouble(f"{good.name} is given by signed calls, and nothing signs them", "set CALLOUT_SECRET")
        elif good.kind == "manual" and not kit.settings.telegram_admin_ids:
            raise Trouble(f"{good.name} is given by operators, and there are none", "set TELEGRAM_ADMIN_IDS")
    return ", ".join(good.name for good in found) or "none described; tariffs name kinds"


def tasks(kit: Kit) -> str:
    """How many wait for operators, and whether one does for too long."""
    try:
        with kit.db.begin() as tx:
            waiting = provisioning.tasks.open_tasks(tx)
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None
    late = [one for one in waiting if one.due_at <= kit.clock.now()]
    if late:
        raise Trouble(
            f"{len(late)} of {len(waiting)} have waited longer than was promised", "python -m apps.console tasks list"
        )
    return f"{len(waiting)} wait"


def _file(kit: Kit, good: catalog.Good) -> None:
    key = str(good.options["file"])
    if kit.storage is None:
        raise Trouble(f"{good.name} is a file, and there is no storage", "set STORAGE_*")
    try:
        size = kit.storage.look(key).size
    except NoSuchFile:
        raise Trouble(
            f"{key} of {good.name} is not in storage", f"python -m apps.console goods upload {key} FILE"
        ) from None
    except KioskError as error:
        raise Trouble(str(error), "mend the storage first") from None
    if size > provisioning.documents.SENDABLE and kit.settings.public_url is None:
        raise Trouble(f"{good.name} is too large for Telegram, and links have no address", "set PUBLIC_URL")
