"""Opening and closing: requests are answered, people whose time is over are put out."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from services.platform.db import Database
from services.platform.outbox import emit
from services.provisioning.channels.api import COMMANDING, DoorApi
from services.provisioning.channels.entitled import entitled, overstaying
from services.provisioning.channels.events import JoinRefused, JoinRequested, MemberRemoved
from services.provisioning.channels.models import ChannelMemberRow, ChannelRow
from services.provisioning.channels.roster import member_row
from services.provisioning.models import AccessGrantRow

log = structlog.get_logger(__name__)


def answer_request(db: Database, api: DoorApi, event: JoinRequested, now: datetime) -> None:
    """Lets in whoever has paid for this chat, whichever link they came by. Others are refused by `JoinRefused`, but
    only if they came by a link of ours: an administrator's own invitations are for administrators to answer. Raises as
    DoorApi."""
    with db.begin() as tx:
        grant_id = entitled(tx, event.telegram_id, event.chat_id, now)
        if grant_id is None:
            if event.ours:
                emit(tx, _refusal(event), now)
            return
        row = member_row(tx, event.chat_id, event.telegram_id)
        is_retry = row.let_in_update == event.update_id
        before = (row.grant_id, row.let_in_at, row.let_in_update)
        # Noted first: if we die after Telegram has opened, we must know that it was us.
        row.grant_id, row.let_in_at, row.let_in_update = grant_id, event.asked_at, event.update_id
    is_let_in = api.approve(event.chat_id, event.telegram_id)
    with db.begin() as tx:
        row = member_row(tx, event.chat_id, event.telegram_id)
        if is_let_in:
            row.grant_id, row.let_in_at, row.let_in_update = grant_id, event.asked_at, event.update_id
            row.status, row.is_in, row.by_us, row.since = "member", True, True, now
        elif not (row.is_in and row.by_us) and not (is_retry and not row.is_in):
            # Neither another worker nor an earlier try: an administrator was faster, or the request is taken back.
            row.grant_id, row.let_in_at, row.let_in_update = before
    if not is_let_in:
        return
    log.info("let_in", chat=event.chat_id, grant=grant_id)
    put_out(db, api, event.chat_id, event.telegram_id, now)  # it may have ended while the door was being opened


def decline_request(db: Database, api: DoorApi, event: JoinRequested, now: datetime) -> None:
    """Says no, or yes where it was paid meanwhile. Raises as DoorApi."""
    with db.begin() as tx:
        has_paid = entitled(tx, event.telegram_id, event.chat_id, now) is not None
    if has_paid:
        answer_request(db, api, event, now)
    else:
        api.decline(event.chat_id, event.telegram_id)


def put_out(db: Database, api: DoorApi, chat_id: int, telegram_id: int, now: datetime) -> None:
    """Removes somebody whom we let in and who may not be there any more. Owners and administrators stay, and so does
    who came by other ways; who was banned by hand stays banned. Raises as DoorApi."""
    with db.begin() as tx:
        row = tx.get(ChannelMemberRow, (chat_id, telegram_id))
        if row is None or row.grant_id is None or entitled(tx, telegram_id, chat_id, now) is not None:
            return
        let_in = row.let_in_update
    member = api.member(chat_id, telegram_id)
    is_removed = member.is_in and member.status not in COMMANDING and api.remove(chat_id, telegram_id)
    with db.begin() as tx:
        row = member_row(tx, chat_id, telegram_id)
        if row.grant_id is None or row.let_in_update != let_in:
            return  # somebody else did it, or they were let in again meanwhile
        if is_removed:
            log.info("put_out", chat=chat_id, grant=row.grant_id)
            emit(tx, _removal(row, title_of(tx, chat_id), tx.get_one(AccessGrantRow, row.grant_id).party, now), now)
        if is_removed or not member.is_in:
            row.status, row.by_us = ("left", True) if is_removed else (member.status, row.by_us)
            row.is_in, row.since = False, now
            row.grant_id = row.let_in_at = row.let_in_update = None


def put_out_all(db: Database, api: DoorApi, chat_id: int, now: datetime) -> None:
    """Everybody who was let in by us and may not be there any more, whatever updates or workers were lost. Raises as
    DoorApi."""
    with db.begin() as tx:
        people = overstaying(tx, chat_id, now)
    for telegram_id in people:
        put_out(db, api, chat_id, telegram_id, now)


def title_of(tx: Session, chat_id: int) -> str:
    """What the chat is called, as far as we know."""
    row = tx.get(ChannelRow, chat_id)
    return row.title if row else ""


def _refusal(event: JoinRequested) -> JoinRefused:
    return JoinRefused(
        chat_id=event.chat_id,
        telegram_id=event.telegram_id,
        user_chat_id=event.user_chat_id,
        language_code=event.language_code,
        title=event.title,
        asked_at=event.asked_at,
        update_id=event.update_id,
    )


def _removal(row: ChannelMemberRow, title: str, party: str, now: datetime) -> MemberRemoved:
    assert row.grant_id is not None
    return MemberRemoved(
        chat_id=row.chat_id, title=title, telegram_id=row.telegram_id, grant_id=row.grant_id, party=party, at=now
    )
