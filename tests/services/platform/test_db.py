from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.platform.db import Base, Database, wake
from services.platform.slots import SlotRow


def test_a_block_commits_or_leaves_nothing(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        tx.add(SlotRow(name="kept", slot=now))
    with pytest.raises(KeyError), db.begin() as tx:  # noqa: PT012  # the block is a transaction
        tx.add(SlotRow(name="lost", slot=now))
        tx.flush()
        raise KeyError
    with db.begin() as tx:
        assert [row.name for row in tx.query(SlotRow)] == ["kept"]


def test_times_come_back_aware_and_in_utc(db: Database) -> None:
    with db.begin() as tx:
        tx.add(SlotRow(name="x", slot=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=3)))))
    with db.begin() as tx:
        slot = tx.get_one(SlotRow, "x").slot
    assert slot == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert slot.utcoffset() == timedelta()


def test_errors_do_not_quote_what_was_written(db: Database) -> None:
    with pytest.raises(SQLAlchemyError) as caught, db.begin() as tx:
        tx.execute(text("SELECT :secret / 0, CAST(:secret AS text) FROM nowhere"), {"secret": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_wake_up_that_fails_does_not_undo_the_commit(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        tx.add(SlotRow(name="kept", slot=now))
        wake(tx, "no channel; at all")
    with db.begin() as tx:
        assert tx.get(SlotRow, "kept")


def test_every_time_column_is_aware_and_every_number_is_wide() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if column.type.__visit_name__ in ("datetime", "timestamp"):
                assert column.type.timezone, column  # type: ignore[attr-defined]
            assert column.type.__visit_name__ not in ("integer", "float", "numeric", "string_with_length"), column
