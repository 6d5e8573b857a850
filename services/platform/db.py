"""PostgreSQL: one engine a process, and the one place where a transaction begins and commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

import psycopg
from sqlalchemy import BigInteger, DateTime, MetaData, Table, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import String


class Base(DeclarativeBase):
    """int is BIGINT (Telegram ids and kopecks outgrow 32 bits), str is TEXT, datetime is aware, dict is JSONB."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: String,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )

    @classmethod
    def table(cls) -> Table:
        """For statements that make no objects of rows: where one is written all day, at a third of the cost."""
        return cls.metadata.tables[cls.__tablename__]


class Database:
    """Opens transactions. A function that takes a Database owns its transactions and may use the network between
    them; one that takes a Session works inside its caller's and never does."""

    def __init__(self, url: str, *, pool_size: int = 5, application: str = "kiosk") -> None:
        """`url` as libpq knows it (postgres://, postgresql://, sockets in ?host=). `pool_size` bounds connections."""
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,  # they are what people wrote, and errors are logged
            connect_args={
                "application_name": application,
                "connect_timeout": 5,
                "options": "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s",
            },
        )

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction: commits at the end of the block, rolls back on any exception.

        Listeners are woken after the commit, by a statement of its own on the same connection: PostgreSQL takes one
        global lock for every commit that notifies, and money should not queue for it. A wake-up lost in between costs
        one poll."""
        with self.engine.connect() as connection, Session(connection, expire_on_commit=False) as tx:
            with tx.begin():
                yield tx
            if channels := tx.info.pop("wake", None):
                _notify(connection, sorted(channels))

    def listen_connection(self) -> psycopg.Connection[Any]:
        """A raw connection of its own, in autocommit, for LISTEN and session locks; the caller closes it."""
        dsn = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(
            dsn,
            autocommit=True,
            connect_timeout=5,
            application_name="kiosk-listen",
            keepalives_idle=10,
            tcp_user_timeout=5000,
        )

    def close(self) -> None:
        self.engine.dispose()


def wake(tx: Session, channel: str) -> None:
    """Asks for a NOTIFY on `channel` once this transaction has committed."""
    tx.info.setdefault("wake", set()).add(channel)


def _notify(connection: Connection, channels: list[str]) -> None:
    """Straight through the driver: a transaction around it would be the very thing to avoid."""
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # psycopg's
    try:
        driver.autocommit = True
        for channel in channels:
            driver.execute(f"NOTIFY {channel}")
        driver.autocommit = False
    except psycopg.Error:  # it is committed already: never fail now, and give this connection to nobody
        connection.invalidate()
