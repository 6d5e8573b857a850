"""A file that somebody has bought, and links to download it: made on request, short-lived, worth nothing once access
has ended. Only a hash of a link's token is kept."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services import catalog
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.errors import NotFound
from services.provisioning.access import state_of
from services.provisioning.apply import sealed_place
from services.provisioning.grants import AccessNotFound
from services.provisioning.models import AccessGrantRow
from services.provisioning.models_goods import DownloadRow

SENDABLE = 50_000_000  # bytes that a bot may upload (Telegram Bot API 10.3, sendDocument: 50 MB)
LIVES = timedelta(hours=24)
USES = 3  # a download that broke off may be begun again


class DownloadGone(NotFound):
    """Made up, too old, used up, or of an access that has ended: nobody is told which."""

    code: ClassVar[str] = "download_gone"


@dataclass(frozen=True, slots=True)
class Document:
    """`key` is where it lies in the bucket, `name` what its owner sees it called, `size` in bytes; `version` names its
    content."""

    grant_id: int
    subscription_id: int
    party: Party
    good: catalog.Good
    key: str
    name: str
    size: int
    version: str

    @property
    def is_sendable(self) -> bool:
        """By Telegram. A larger one is downloaded."""
        return self.size <= SENDABLE


def document_of(tx: Session, cipher: Cipher, party: Party, grant_id: int) -> Document:
    """An own file, while access to it is given. Raises AccessNotFound."""
    row = tx.get(AccessGrantRow, grant_id)
    found = _document(tx, cipher, row) if row is not None and row.party == str(party) else None
    if found is None:
        raise AccessNotFound(f"file of grant {grant_id} of {party}")
    return found


def make_download(tx: Session, cipher: Cipher, party: Party, grant_id: int, now: datetime) -> str:
    """The token of a link to an own file. It is told to nobody but its owner, and cannot be told again. Raises
    AccessNotFound."""
    found = document_of(tx, cipher, party, grant_id)
    token = secrets.token_urlsafe(16)
    row = DownloadRow(
        token_hash=_hash(token), grant_id=found.grant_id, made_at=now, expires_at=now + LIVES, uses_left=USES
    )
    tx.add(row)
    tx.flush()
    return token


def see_download(tx: Session, cipher: Cipher, token: str, now: datetime) -> Document:
    """What a link leads to. Looking uses nothing up: programs that preview links look, too. Raises DownloadGone."""
    row = tx.get(DownloadRow, _hash(token))
    if row is None or row.expires_at <= now or row.uses_left < 1:
        raise DownloadGone
    return _given(tx, cipher, row.grant_id)


def redeem_download(tx: Session, cipher: Cipher, token: str, now: datetime) -> Document:
    """Uses the link once. Those who come at the same moment take turns. Raises DownloadGone, and then uses nothing."""
    alive = DownloadRow.token_hash == _hash(token), DownloadRow.expires_at > now, DownloadRow.uses_left > 0
    take = update(DownloadRow).where(*alive).values(uses_left=DownloadRow.uses_left - 1, used_at=now)
    grant_id = tx.scalar(take.returning(DownloadRow.grant_id))
    if grant_id is None:
        raise DownloadGone
    return _given(tx, cipher, grant_id)


def purge_downloads(tx: Session, now: datetime) -> int:
    """Forgets links that lead nowhere any more."""
    gone = delete(DownloadRow).where(DownloadRow.expires_at <= now)
    return len(tx.execute(gone.returning(DownloadRow.token_hash)).all())


def _given(tx: Session, cipher: Cipher, grant_id: int) -> Document:
    found = _document(tx, cipher, tx.scalar(select(AccessGrantRow).where(AccessGrantRow.id == grant_id)))
    if found is None:
        raise DownloadGone
    return found


def _document(tx: Session, cipher: Cipher, row: AccessGrantRow | None) -> Document | None:
    """None unless it is a file that is given now."""
    if row is None or row.kind != "file" or state_of(row) != "ready" or row.sealed is None:
        return None
    shown = json.loads(cipher.open(row.sealed, sealed_place(row.id)))
    one = next((one for one in shown if one["kind"] == "document"), None)
    if one is None:
        return None
    return Document(
        grant_id=row.id,
        subscription_id=row.subscription_id,
        party=Party.parse(row.party),
        good=catalog.good(tx, row.good),
        key=one["content"],
        name=one["name"],
        size=int(row.ref["size"]),
        version=str(row.ref["version"]),
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
