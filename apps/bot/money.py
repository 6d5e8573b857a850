"""What the bot's updates tell of money, on its way to billing. None of it may get lost."""

from __future__ import annotations

import asyncio
import json

import structlog
from sqlalchemy.exc import SQLAlchemyError

from apps.threads import in_thread
from services import billing, notifications
from services.kit import Kit

STARS = "stars"
AGAIN = 1.0  # seconds

log = structlog.get_logger(__name__)


async def keep(kit: Kit, notice: billing.RawNotice) -> None:
    """Stores it; tries for as long as the caller lets it. Of a payment that this misses, the checks of its attempt and
    the daily statement hear later."""
    while True:
        try:
            await in_thread(_keep, kit, notice)
        except SQLAlchemyError as error:
            log.warning("money_not_noted", error=type(error).__name__)
            await asyncio.sleep(AGAIN)
        else:
            return


def _keep(kit: Kit, notice: billing.RawNotice) -> None:
    provider = kit.providers.get(STARS)
    with kit.db.begin() as tx:
        if provider is not None:
            try:
                billing.accept_notification(tx, provider, notice, kit.clock.now())
            except billing.BadNotification as error:
                log.error("stars_unreadable", reason=str(error))  # noqa: TRY400  # the traceback says no more
            else:
                return
        told = json.loads(notice.body)
        log.error("stars_of_nobody", is_configured=provider is not None, kind=told["kind"])
        admins = kit.settings.telegram_admin_ids
        notifications.tell_stray_stars(tx, told, kit.clock.now(), admins)
