from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from services import identity, provisioning
from services.notifications.about_channels import refused
from services.notifications.channels.base import Channel, NotSent, Sent, SlowDown
from services.notifications.events import JoinRefusalTold
from services.notifications.pace import Pace
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.i18n import language
from services.platform.outbox import emit

log = structlog.get_logger(__name__)


def refuse_join(
    db: Database,
    event: provisioning.channels.JoinRefused,
    now: datetime,
    *,
    channel: Channel,
    pace: Pace,
    bot_url: Callable[[], str],
) -> None:
    """Says why to whoever may not join, then has them declined (`JoinRefusalTold`): a stranger can be written to only
    while the request is open (Telegram Bot API 10.3, ChatJoinRequest.user_chat_id). Whether the words arrive or not,
    they are declined. Raises TryLater while it must wait."""
    with db.begin() as tx:
        person = identity.find_user(tx, event.telegram_id)
    knows_us = person is not None and person.reachable
    say = person.language if person else language(event.language_code)
    words = refused(say, event.title, None if knows_us else f"{bot_url()}?start=shop")
    wait = pace.take(event.user_chat_id)
    if wait > 0:
        raise TryLater("another message goes first", after=wait)
    outcome = channel.send(event.user_chat_id, words)
    if isinstance(outcome, SlowDown):
        pace.pause(outcome.seconds)
        raise TryLater("Telegram asks to slow down", after=outcome.seconds)
    if isinstance(outcome, NotSent):
        raise TryLater(f"Telegram cannot be reached: {outcome.error}")
    if not isinstance(outcome, Sent):
        log.info("refusal_not_told", outcome=type(outcome).__name__)
    with db.begin() as tx:
        told = JoinRefusalTold(
            chat_id=event.chat_id, telegram_id=event.telegram_id, asked_at=event.asked_at, update_id=event.update_id
        )
        emit(tx, told, now)
