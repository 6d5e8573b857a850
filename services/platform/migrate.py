"""Alembic under an advisory lock: two releases at once apply each migration once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import NullPool

ROOT = Path(__file__).parent.parent.parent
LOCK = 7_250_001  # any constant of ours


def upgrade(database_url: str, revision: str = "head") -> None:
    """Applies what is missing, each migration in a transaction. Raises what the database says; nothing half done."""
    _run(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    _run(database_url, lambda config: command.downgrade(config, revision))


def levels(connection: Connection) -> tuple[str | None, str | None]:
    """(revision in the database, newest revision of this code)."""
    return MigrationContext.configure(connection).get_current_revision(), newest()


@cache
def newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _run(database_url: str, apply: Callable[[Config], None]) -> None:
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})  # held until this connection closes
        with engine.connect() as connection:
            # Waiting for a table's lock holds up everybody who comes behind: rather fail, and release again.
            connection.execute(text("SET lock_timeout = '10s'"))
            connection.commit()
            config = _config()
            config.attributes["connection"] = connection
            apply(config)
    engine.dispose()


def _config() -> Config:
    return Config(ROOT / "alembic.ini")
