"""Who is in which chat, as Telegram's updates tell. Updates may come twice, late and out of order: the newest by its
date, and by its number within one second, has the last word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.platform.outbox import emit
from services.provisioning.channels.entitled import last_grant
from services.provisioning.channels.events import JoinRequested
from services.provisioning.channels.models import ChannelMemberRow, ChannelRow
from services.provisioning.channels.trouble import note_fine, note_trouble

KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MemberChange:
    """One chat_member update (Telegram Bot API, ChatMemberUpdated), with what it says of before and after. `by_us`: our
    bot did it."""

    chat_id: int
    telegram_id: int
    was_in: bool
    is_in: bool
    status: str
    by_us: bool
    at: datetime
    update_id: int


@dataclass(frozen=True, slots=True)
class RightsChange:
    """One my_chat_member update of a channel or group: `missing` names the rights that the bot lacks now."""

    chat_id: int
    title: str
    missing: Sequence[str]
    at: datetime
    update_id: int


def note_member(tx: Session, change: MemberChange) -> None:
    """Keeps the roster of a chat that is sold; of others nothing is kept."""
    if tx.get(ChannelRow, change.chat_id) is None:
        return
    row = member_row(tx, change.chat_id, change.telegram_id)
    if _is_old(row, change.at, change.update_id):
        return
    if row.is_in != change.is_in or row.since is None:
        row.since = change.at
    came = change.is_in and not change.was_in
    let_in = (row.let_in_at, row.let_in_update or 0) if row.let_in_at else None
    if came and change.by_us and row.grant_id is None:
        row.grant_id = last_grant(tx, change.telegram_id, change.chat_id)  # we forgot, Telegram did not
    elif came and not change.by_us and (let_in is None or (change.at, change.update_id) > let_in):
        row.grant_id = row.let_in_at = row.let_in_update = (
            None  # somebody else let them in: they are not ours to remove
        )
    row.status, row.is_in, row.by_us = change.status, change.is_in, change.by_us
    row.told_at, row.told_update = change.at, change.update_id


def note_rights(tx: Session, change: RightsChange, now: datetime) -> None:
    """The bot's rights in a chat that is sold were changed."""
    row = tx.get(ChannelRow, change.chat_id, with_for_update=True)
    if row is None or _is_old(row, change.at, change.update_id):
        return
    row.title, row.told_at, row.told_update = change.title or row.title, change.at, change.update_id
    if change.missing:
        note_trouble(tx, change.chat_id, f"missing rights: {', '.join(change.missing)}", now)
    else:
        note_fine(tx, change.chat_id, now)


def note_request(tx: Session, request: JoinRequested, now: datetime) -> None:
    """Has a chat_join_request answered, once, however often it is told. Other people's links to chats that are not sold
    are other people's business."""
    if not request.ours and tx.get(ChannelRow, request.chat_id) is None:
        return
    row = member_row(tx, request.chat_id, request.telegram_id)
    if row.asked_update != request.update_id:
        row.asked_at, row.asked_update = request.asked_at, request.update_id
        emit(tx, request, now)


def purge_roster(tx: Session, now: datetime) -> int:
    """Forgets people who have not been in for a while and have not asked again. Returns how many."""
    newest = func.greatest(ChannelMemberRow.told_at, ChannelMemberRow.asked_at, ChannelMemberRow.since)
    gone = delete(ChannelMemberRow).where(
        ~ChannelMemberRow.is_in, ChannelMemberRow.grant_id.is_(None), newest < now - KEPT
    )
    return len(tx.execute(gone.returning(ChannelMemberRow.telegram_id)).all())


def member_row(tx: Session, chat_id: int, telegram_id: int) -> ChannelMemberRow:
    """The locked line of the roster, a new one if there is none."""
    new = insert(ChannelMemberRow).values(
        chat_id=chat_id, telegram_id=telegram_id, status="unknown", is_in=False, by_us=False
    )
    tx.execute(new.on_conflict_do_nothing())
    own = select(ChannelMemberRow).where(
        ChannelMemberRow.chat_id == chat_id, ChannelMemberRow.telegram_id == telegram_id
    )
    return tx.scalars(own.with_for_update().execution_options(populate_existing=True)).one()


def _is_old(row: ChannelMemberRow | ChannelRow, at: datetime, update_id: int) -> bool:
    return row.told_at is not None and (row.told_at, row.told_update or 0) >= (at, update_id)
