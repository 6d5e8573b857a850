from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services import identity
from services.notifications.channels.base import (
    Channel,
    Delivered,
    MaybeSent,
    NotSent,
    Refused,
    Sent,
    SlowDown,
    Unreachable,
)
from services.notifications.events import MessageQueued
from services.notifications.messages import AFTER_DOUBT, AFTER_SENDING, WITH_LINK, compose
from services.notifications.models import MessageRow
from services.notifications.pace import Pace
from services.notifications.stored import fetched, send_stored
from services.notifications.tell import queue
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.errors import TryLater
from services.platform.storage import Storage

SHORT_WAIT = 0.1  # seconds a worker may wait for its turn itself; asleep it keeps a thread from everybody else
NEXT_IN_CHAT = 1.0  # seconds: the pace within a chat

log = structlog.get_logger(__name__)


def deliver(
    db: Database,
    event: MessageQueued,
    now: datetime,
    *,
    channel: Channel,
    pace: Pace,
    time_zone: str,
    cipher: Cipher,
    bot_url: Callable[[], str],
    storage: Storage | None = None,
) -> None:
    """Sends one queued message in its turn. A message that may have left once is never sent again: one found in
    "sending" becomes "maybe", and its contents stay one tap away in the bot. Raises TryLater while it must wait."""
    with db.begin() as tx:
        row = tx.get_one(MessageRow, event.message_id)
        if row.state != "queued":
            _abandon(tx, event.message_id, now)
            return
        person = identity.find_user(tx, row.telegram_id)
        if person is not None and not person.reachable:
            row.state, row.error = "dropped", "unreachable"
            return
        if _is_behind_another(tx, row):
            raise TryLater("an earlier message goes first", after=NEXT_IN_CHAT)
        shows_link = row.kind in WITH_LINK
        message = None if shows_link else compose(tx, row, person, time_zone, cipher)
    if shows_link:
        link = bot_url()  # may have to be asked for: outside every transaction
        with db.begin() as tx:
            row = tx.get_one(MessageRow, event.message_id)
            message = compose(tx, row, person, time_zone, cipher, link)
    if message is not None and message.stored is not None:
        message = fetched(db, channel, storage, message)
    _await_turn(pace, row.telegram_id)
    if not _claim(db, event.message_id):
        return
    if message is None:
        outcome: Delivered = Refused("nothing to say any more")
    elif message.stored is not None:
        outcome = send_stored(db, channel, storage, row.telegram_id, message, now)
    else:
        outcome = channel.send(row.telegram_id, message)
    if isinstance(outcome, SlowDown):
        pace.pause(outcome.seconds)
    _conclude(db, event.message_id, outcome, now)


def _is_behind_another(tx: Session, row: MessageRow) -> bool:
    """One person's messages come in the order in which they were meant."""
    earlier = select(MessageRow.id).where(MessageRow.telegram_id == row.telegram_id, MessageRow.id < row.id)
    return tx.scalar(earlier.where(MessageRow.state.in_(("queued", "sending"))).limit(1)) is not None


def _await_turn(pace: Pace, chat: int) -> None:
    wait = pace.take(chat)
    if 0 < wait <= SHORT_WAIT:
        time.sleep(wait)
        wait = pace.take(chat)
    if wait > 0:
        raise TryLater("another message goes first", after=wait)


def _claim(db: Database, message_id: int) -> bool:
    """From here on it counts as sent, unless we hear that it was not."""
    with db.begin() as tx:
        row = tx.get_one(MessageRow, message_id, with_for_update=True)
        if row.state != "queued":
            return False
        row.state = "sending"
        return True


def _conclude(db: Database, message_id: int, outcome: Delivered, now: datetime) -> None:
    with db.begin() as tx:
        row = tx.get_one(MessageRow, message_id, with_for_update=True)
        match outcome:
            case Sent(message_id=telegram_message_id):
                row.state, row.sent_at, row.telegram_message_id = "sent", now, telegram_message_id
                if follow := AFTER_SENDING.get(row.kind):
                    follow(tx, row.params, now)
            case Unreachable(error):
                row.state, row.error = "dropped", error[:200]
                identity.mark_unreachable(tx, row.telegram_id, now)
            case Refused(error):
                row.state, row.error = "refused", error[:200]
                log.error("message_refused", message=row.id, kind=row.kind, error=error)
            case MaybeSent(error):
                _give_up(tx, row, error, now)
            case SlowDown() | NotSent():
                row.state = "queued"
    if isinstance(outcome, SlowDown):
        raise TryLater("Telegram asks to slow down", after=outcome.seconds)
    if isinstance(outcome, NotSent):
        raise TryLater(f"Telegram cannot be reached: {outcome.error}")


def _abandon(tx: Session, message_id: int, now: datetime) -> None:
    """Another worker has it on its way, or died with it: either way it is not for us."""
    row = tx.get_one(MessageRow, message_id, with_for_update=True, populate_existing=True)
    if row.state == "sending":
        _give_up(tx, row, "the worker ended before Telegram answered", now)


def _give_up(tx: Session, row: MessageRow, error: str, now: datetime) -> None:
    """It may have arrived. What was bought must not hang on that: a short word says where it is to be had. What has to
    be known before a charge is said again."""
    row.state, row.error = "maybe", error[:200]
    log.warning("message_maybe_sent", message=row.id, kind=row.kind, error=error)
    if row.kind in AFTER_DOUBT and not row.key.startswith("again:"):
        queue(tx, row.telegram_id, AFTER_DOUBT[row.kind], f"again:{row.key}", row.params, now)
