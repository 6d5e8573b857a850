"""Slots of periodic work: any number of clocks, each slot once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.platform.db import Base


class SlotRow(Base):
    __tablename__ = "schedule_slots"
    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime]


def claim(tx: Session, name: str, every: timedelta, now: datetime) -> bool:
    """True for the one caller that has the current slot of `name`. It counts once the transaction commits, so the work
    belongs into the same one. Slots missed while nobody ran collapse into the current one."""
    seconds = int(every.total_seconds())
    slot = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    row = insert(SlotRow).values(name=name, slot=slot)
    later = row.on_conflict_do_update(
        index_elements=["name"], set_={"slot": row.excluded.slot}, where=SlotRow.slot < row.excluded.slot
    )
    return tx.execute(later.returning(SlotRow.name)).first() is not None
