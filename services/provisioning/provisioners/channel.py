"""Private channels and groups of Telegram: a link of one's own to ask by, and a door that opens for who has paid.

Telegram ends nothing by itself: the bot lets people in and puts them out. Only the bot's own requests and members are
touched; whoever administrators let in is theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services import catalog
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.outbox import emit
from services.provisioning.channels import door, invites
from services.provisioning.channels.api import DoorApi
from services.provisioning.channels.entitled import KIND, chat_of
from services.provisioning.channels.events import JoinRequested, MemberBanned
from services.provisioning.channels.models import ChannelMemberRow, ChannelRow
from services.provisioning.channels.roster import member_row
from services.provisioning.channels.trouble import note_fine, note_trouble
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Grant,
    Health,
    Held,
    Misconfigured,
    Provisioner,
    Ref,
    Rejected,
)

BANNED = "banned"


class TelegramChats(Provisioner):
    kind = KIND
    capabilities = Capability.SUSPEND | Capability.ROTATE
    tells_of_rights = True

    def __init__(self, *, api_url: str, token: str, cipher: Cipher) -> None:
        self._api = DoorApi(api_url, token)
        self._cipher = cipher

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        """There is room for everybody."""

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        if grant.telegram_id is None:
            if grant.state == "ended":
                return Held("absent")
            raise Rejected("a chat is for people, and this grant is no person's")
        chat = chat_of(grant.good) if grant.state != "ended" else None
        try:
            self._close(db, grant, grant.telegram_id, but=chat, now=now)
        except Misconfigured:
            if chat is None:
                raise
            # A chat that its good has left, where the bot cannot work any more, keeps nobody out of the new one:
            # `repair` ends it there as soon as that can be done.
        if chat is None:
            return Held("absent")
        with self._watched(db, chat, now):
            title = self._known(db, chat)
            if grant.state == "active":
                return self._open(db, chat, title, grant, now)
            door.put_out(db, self._api, chat, grant.telegram_id, now)
        return Held("suspended", ref={"chat": chat}, place=str(chat), location=title)

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """A grant that has its link is held, whether its owner has come in yet or not. Without a reference, it is held
        where its good leads to."""
        chat = ref.get("chat") or chat_of(grant.good)
        with db.begin() as tx:
            link, title = invites.link_in(tx, self._cipher, chat, grant.id), door.title_of(tx, chat)
        if link is None or grant.telegram_id is None:
            return Held("absent")
        member = self._api.member(chat, grant.telegram_id)
        held = _held(chat, title, link, None if member.status != "kicked" else BANNED)
        return held if grant.state == "active" else replace(held, state="suspended", artifacts=())

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        self.apply(db, replace(grant, state="ended"), ref, now)

    def places(self, tx: Session) -> Sequence[str]:
        """Chats of the catalogue, and those which people still have access to."""
        sold = {chat_of(good) for good in catalog.goods(tx) if good.kind == KIND}
        return [str(chat) for chat in sorted(sold | set(tx.scalars(select(ChannelRow.chat_id))), reverse=True)]

    def check(self, place: str) -> Health:
        chat = int(place)
        lacking = self._api.missing_rights(chat)
        if lacking:
            raise Misconfigured(f"the bot lacks {', '.join(lacking)}")
        count = self._api.count(chat)
        return Health(f"{self._api.title(chat)}: {count} members, the bot may invite and remove")

    def repair(self, db: Database, place: str, now: datetime) -> None:
        """Puts out who may not be there any more, and notices whether the bot may work there. That is told to operators
        once, and does not fail again and again."""
        chat = int(place)
        try:
            with self._watched(db, chat, now):
                self._known(db, chat, anew=True)
                lacking = self._api.missing_rights(chat)
                if lacking:
                    raise Misconfigured(f"missing rights: {', '.join(lacking)}")
                with db.begin() as tx:
                    note_fine(tx, chat, now)
                door.put_out_all(db, self._api, chat, now)
                with db.begin() as tx:
                    stale = invites.stale_links(tx, chat)
                for link in stale:
                    invites.revoke(db, self._api, self._cipher, link)
        except Misconfigured:
            return

    def answer(self, db: Database, event: JoinRequested, now: datetime) -> None:
        """Lets in who has paid, or has the others told. Raises TryLater, Misconfigured, Rejected."""
        with self._watched(db, event.chat_id, now):
            door.answer_request(db, self._api, event, now)

    def decline(self, db: Database, event: JoinRequested, now: datetime) -> None:
        """Or lets in, where it was paid meanwhile. Raises TryLater, Misconfigured, Rejected."""
        with self._watched(db, event.chat_id, now):
            door.decline_request(db, self._api, event, now)

    def close(self) -> None:
        self._api.close()

    def _open(self, db: Database, chat: int, title: str, grant: Grant, now: datetime) -> Held:
        assert grant.telegram_id is not None
        link = invites.ensure_link(db, self._api, self._cipher, chat, grant, now)
        problem = None
        if self._api.member(chat, grant.telegram_id).status == "kicked":
            with db.begin() as tx:
                row = member_row(tx, chat, grant.telegram_id)
                if not (row.status == "kicked" and row.by_us):
                    problem = BANNED
                    emit(tx, _ban(row, title, grant), now)
            if problem is None:  # a removal of ours that Telegram did not finish
                self._api.lift_ban(chat, grant.telegram_id)
        return _held(chat, title, link, problem)

    def _close(self, db: Database, grant: Grant, telegram_id: int, *, but: int | None, now: datetime) -> None:
        """Ends the grant in every chat it led to, but for one: there may be several when its good was mended."""
        with db.begin() as tx:
            links = [link for link in invites.links_of(tx, grant.id) if link.chat_id != but]
            came = select(ChannelMemberRow.chat_id).where(
                ChannelMemberRow.grant_id == grant.id, ChannelMemberRow.chat_id != (but or 0)
            )
            chats = {link.chat_id for link in links} | set(tx.scalars(came))
        for chat in sorted(chats):
            with self._watched(db, chat, now):
                door.put_out(db, self._api, chat, telegram_id, now)
                for link in links:
                    if link.chat_id == chat:
                        invites.revoke(db, self._api, self._cipher, link)

    def _known(self, db: Database, chat: int, *, anew: bool = False) -> str:
        """Its title, asked for at first and then `anew` only; from now on its roster is kept."""
        with db.begin() as tx:
            tx.execute(insert(ChannelRow).values(chat_id=chat, title="").on_conflict_do_nothing())
            title = tx.get_one(ChannelRow, chat).title
        if title and not anew:
            return title
        title = self._api.title(chat)
        with db.begin() as tx:
            tx.get_one(ChannelRow, chat).title = title
        return title

    @contextmanager
    def _watched(self, db: Database, chat: int, now: datetime) -> Iterator[None]:
        """Operators hear, once, that the bot cannot work in a chat; then it is raised."""
        try:
            yield
        except Misconfigured as error:
            with db.begin() as tx:
                note_trouble(tx, chat, str(error), now)
            raise


def _held(chat: int, title: str, link: str, problem: str | None) -> Held:
    return Held(
        "active",
        ref={"chat": chat},
        key=hashlib.sha256(link.encode()).hexdigest()[:16],
        place=str(chat),
        location=title,
        artifacts=(Artifact("invite", link, title),),
        problem=problem,
    )


def _ban(row: ChannelMemberRow, title: str, grant: Grant) -> MemberBanned:
    return MemberBanned(
        chat_id=row.chat_id, title=title, telegram_id=row.telegram_id, grant_id=grant.id, party=grant.party
    )
