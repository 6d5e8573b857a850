"""bin/dev: everything on this machine. Real PostgreSQL and Redis, the sandbox world, every process of the Procfile.

    bin/dev            runs until Ctrl-C; the data stay in .dev/
    bin/dev --check    starts it all afresh in .dev/check, plays a conversation with the bot, stops, exits 0 or 1
    bin/dev --reset    throws the data in .dev/ away

Settings come from the environment and from `.env`; what both leave out is the sandbox's."""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from honcho.environ import parse_procfile

from apps.sandbox import environment
from apps.sandbox.processes import StackError, end_all_marked
from apps.sandbox.runner import Background, Foreground, ask, free_port, says, wait_until
from apps.sandbox.stack import Stack
from services.platform.config import inherited_environment

ROOT = Path(__file__).parents[2]
MARK = "KIOSK_DEV"  # in the environment of every process that bin/dev starts
SAMPLE = "apps/console/catalog.sample.toml"
OF_THE_WORLD = "apps/sandbox/catalog.world.toml"
RECEIPTS_OF_THE_WORLD = "apps/sandbox/receipts.world.toml"


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bin/dev", description="Runs all of Kiosk on this machine.")
    mode = arguments.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="start afresh, play a conversation, stop; exit 0 or 1")
    mode.add_argument("--reset", action="store_true", help="throw the data in .dev away")
    options = arguments.parse_args()
    directory = ROOT / ".dev" / "check" if options.check else ROOT / ".dev"
    given = environment.without_settings(inherited_environment()) if options.check else environment.given(ROOT / ".env")
    try:
        if given.get("APP_ENV") == "prod":
            raise StackError("APP_ENV is prod: this is no way to run Kiosk in production. See the Procfile.")
        with _alone_in(directory):
            end_all_marked(MARK, str(directory))  # what a killed bin/dev has left
            if options.check or options.reset:
                _reset(directory)
            return 0 if options.reset else Dev(directory, given, check=options.check).run()
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
    except KeyboardInterrupt:
        print()
    return 1


class Dev:
    """One run, with its data in `directory`. `given` is what the person has set, PATH and the like included."""

    def __init__(self, directory: Path, given: Mapping[str, str], *, check: bool) -> None:
        self._began = time.monotonic()
        self._directory, self._given, self._check = directory, given, check
        self._procfile = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
        self._logs = directory / "log"
        self._port = int(given.get("PORT") or _free_port(5000, "the web process"))
        self._world_port = _free_port(8090, "the sandbox")
        self._world_url = f"http://127.0.0.1:{self._world_port}"

    def run(self) -> int:
        """Starts everything, waits for its end, leaves nothing running. Returns an exit status. Raises StackError."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        self._logs.mkdir(parents=True, exist_ok=True)
        stack = Stack(self._directory)
        with ExitStack() as at_end:
            try:
                with _step("2/4 PostgreSQL, Redis and the sandbox world"):
                    world = self._start_world(at_end)
                    at_end.callback(stack.stop)
                    stack.start(
                        postgres=environment.needs_postgres(self._given), redis=environment.needs_redis(self._given)
                    )
                    self._await_world(world)
                env = self._environment(stack)
                with _step("3/4 Migrations and the sample catalogue"):
                    self._once("release", self._procfile.pop("release"), env)
                    self._once("catalogue", f"python -m apps.console catalog import {SAMPLE}", env)
                    if "telegram" in environment.parts(self._given):
                        self._once("catalogue-world", f"python -m apps.console catalog import {OF_THE_WORLD}", env)
                    if "portmone" in environment.parts(self._given):
                        campaigns = f"python -m apps.console receipts campaigns import {RECEIPTS_OF_THE_WORLD}"
                        self._once("receipts-world", campaigns, env)
                at_end.callback(end_all_marked, MARK, str(self._directory))
                return self._serve(env, world)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end is not to be cut short

    def _start_world(self, at_end: ExitStack) -> Background:
        options = {
            "--only": ",".join(environment.parts(self._given)),
            "--port": self._world_port,
            "--directory": self._directory / "world",
            "--smtp-port": free_port(8025),
            "--web-url": f"http://127.0.0.1:{self._port}",
        }
        command = [sys.executable, "-m", "apps.sandbox", *(str(part) for pair in options.items() for part in pair)]
        env = {**self._given, "APP_ENV": "dev", MARK: str(self._directory)}
        world = Background(command, env, ROOT, self._logs / "sandbox.log")
        at_end.callback(world.stop)
        return world

    def _await_world(self, world: Background) -> None:
        if not wait_until(lambda: ask(f"{self._world_url}/") is not None, failed=world.ended):
            raise StackError(f"The sandbox world did not start. It says:\n{world.said()}")

    def _environment(self, stack: Stack) -> dict[str, str]:
        codes = environment.VPN_SERVERS if "vpn" in environment.parts(self._given) else {}
        env = environment.environment(
            self._given,
            stack=stack,
            world_url=self._world_url,
            world_directory=self._directory / "world",
            port=self._port,
            encryption_secret=_kept_secret(self._directory / "encryption-secret"),
            vpn_keys={code: self._vpn_key(code) for code in codes},
        )
        path = f"{Path(sys.executable).parent}{os.pathsep}{self._given.get('PATH', os.defpath)}"
        return {**env, "PATH": path, "PYTHONUNBUFFERED": "1", MARK: str(self._directory)}

    def _vpn_key(self, code: str) -> str:
        server = says(f"{self._world_url}/vpn/{code}/server.json")
        if server is None:
            raise StackError(f"The sandbox has no VPN server {code}.")
        return str(server["public_key"])

    def _once(self, name: str, command: str, env: Mapping[str, str]) -> None:
        done = subprocess.run(
            shlex.split(command), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        (self._logs / f"{name}.log").write_bytes(done.stdout)
        if done.returncode != 0:
            raise StackError(f"`{command}` failed:\n{done.stdout.decode(errors='replace')}")

    def _serve(self, env: Mapping[str, str], world: Background) -> int:
        processes = Foreground(self._procfile, env, ROOT, self._logs if self._check else None)
        passed = False

        def beside() -> None:
            nonlocal passed
            try:
                ready = self._await_processes(env)
                if self._check:
                    passed = ready and self._play()
                    return
                world.wait()
                if not processes.over:
                    print(f"The sandbox world ended. It says:\n{world.said()}")
            finally:
                processes.stop()

        status = processes.run(beside)
        if self._check:
            return 0 if passed else 1
        return status

    def _await_processes(self, env: Mapping[str, str]) -> bool:
        """Until people can use it; says so, or what is missing."""
        web, bot = f"http://127.0.0.1:{self._port}/ready", f"{self._world_url}/telegram/log"
        awaited = {f"The web process does not answer {web}": lambda: says(web) is not None}
        if "telegram" in environment.parts(self._given):
            awaited["The bot does not call the Bot API"] = lambda: bool(says(bot))  # the calls it has made
        for complaint, ready in awaited.items():
            if not wait_until(ready):
                print(f"{complaint}. What the processes say is {f'in {self._logs}' if self._check else 'above'}.")
                return False
        seconds = time.monotonic() - self._began
        if self._check:
            print(f"4/4 Processes ... {seconds:.0f} s in all\n", flush=True)
        else:
            print(_box(f"Kiosk is open, after {seconds:.0f} s", self._pages(env)), flush=True)
        return True

    def _pages(self, env: Mapping[str, str]) -> dict[str, str]:
        pages = {
            "The rest of the sandbox": f"{self._world_url}/",
            "Health of the web process": f"{env['PUBLIC_URL']}/ready",
        }
        if "telegram" in environment.parts(self._given):
            pages = {"Chat with the bot": f"{self._world_url}/telegram/chat", **pages}
        return pages

    def _play(self) -> bool:
        from apps.sandbox.check import play

        return play(self._world_url) == 0


def _free_port(wanted: int, whose: str) -> int:
    if (port := free_port(wanted)) != wanted:
        print(f"Port {wanted} is taken: {whose} gets {port}.")
    return port


def _kept_secret(file: Path) -> str:
    """Made once: what it encrypted must stay readable at the next start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Raises StackError when another bin/dev works with this directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, it does not live on in our children
        except OSError:
            raise StackError(f"Another bin/dev is running with {directory}. Stop it first (Ctrl-C).") from None
        yield


def _reset(directory: Path) -> None:
    """Empties the directory, but for the lock."""
    Stack(directory).stop()
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


@contextmanager
def _step(title: str) -> Iterator[None]:
    print(f"{title} ... ", end="", flush=True)
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:.0f} s", flush=True)


def _box(title: str, pages: Mapping[str, str]) -> str:
    width = max(map(len, pages))
    lines = [title, "", *(f"{name.ljust(width)}  {url}" for name, url in pages.items()), "", "Ctrl-C stops everything."]
    width = max(map(len, lines)) + 4
    rows = [f"│  {line.ljust(width - 4)}  │" for line in lines]
    return "\n".join([f"╭{'─' * width}╮", *rows, f"╰{'─' * width}╯"])


if __name__ == "__main__":
    sys.exit(main())
