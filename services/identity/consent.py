from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.models import ConsentRow


def consent(tx: Session, user_id: int, document: str, version: str, now: datetime) -> None:
    """Records that the person agreed to this version of a document; the first moment stays."""
    row = {"user_id": user_id, "document": document, "version": version, "given_at": now}
    tx.execute(insert(ConsentRow).values(row).on_conflict_do_nothing())


def has_consented(tx: Session, user_id: int, document: str, version: str) -> bool:
    return tx.get(ConsentRow, (user_id, document, version)) is not None
