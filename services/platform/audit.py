"""Who did what to whose money or access, and why: one line for each action of an operator or of a rule, written in the
transaction of the action. Never changed, never deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base


class AuditRow(Base):
    """`actor`: "operator:<telegram id>", "client:<id>" of the API, "console:<name>", "user:<id>" or "rule:<name>"."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    __table_args__ = (Index("audit_log_subject", "subject", "id"),)


def record(tx: Session, *, actor: str, action: str, subject: str, now: datetime, **detail: Any) -> None:
    """`action` is a verb ("payment.refund"), `subject` a row ("payment:7"), `detail` plain values without personal
    data."""
    tx.add(AuditRow(at=now, actor=actor, action=action, subject=subject, detail=detail))
