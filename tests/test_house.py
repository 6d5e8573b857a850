"""The rules of the house that no tool knows."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import json
import pkgutil
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from services.platform import config_panels
from services.platform.config import Settings, VpnServer
from services.platform.outbox import Event
from services.reactions import BY_NAME, QUEUES, REACTIONS, RECORD_ONLY, routes

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for top in ("apps", "services", "migrations") for path in (ROOT / top).rglob("*.py"))
PACKAGES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists())
FRONTS = sorted(set(PACKAGES) - {"platform"})

# Set by the machine for itself, or by the platform: no operator sets them when an app is made.
NOT_IN_APP_JSON = {
    "APP_ENV",
    "BUILD_VERSION",
    "CLOCK_URL",
    "DATABASE_URL",
    "DYNO",
    "PORT",
    "REDIS_URL",
    "SUPPORT_USERNAME",
}
# The agent stands alone on its server as one file, so it is one.
LONGER = {"apps/agent/wireguard_agent.py"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        yield module.name


# --- events and reactions ---------------------------------------------------------------------------------------------


def events() -> set[type[Event]]:
    found = [vars(importlib.import_module(module)).values() for module in modules()]
    return {
        thing
        for things in found
        for thing in things
        if isinstance(thing, type) and issubclass(thing, Event) and thing is not Event
    }


def test_every_event_has_a_reaction_or_is_only_recorded() -> None:
    reacted = {reaction.event for reaction in REACTIONS}
    assert reacted | set(RECORD_ONLY) == events()
    assert not reacted & set(RECORD_ONLY)
    assert set(routes) == {event.name for event in events()}


def test_names_of_events_and_reactions_are_unique() -> None:
    assert len({event.name for event in events()}) == len(events())
    assert len(BY_NAME) == len(REACTIONS)
    for event in events():
        assert event.name.split(".")[0] == event.__module__.split(".")[1], f"{event} is named after another service"


def test_every_reaction_is_inside_or_outside_and_has_a_queue() -> None:
    for reaction in REACTIONS:
        assert (reaction.inside is None) != (reaction.outside is None)
        assert reaction.queue in QUEUES


# --- imports ----------------------------------------------------------------------------------------------------------


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of every `from module import name`, and (module, "") of every `import module`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: relative import"
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def test_services_know_each_other_by_their_fronts_only() -> None:
    naming_adapters = {f"services/{name}.py" for name in ("assembly", "assembly_access", "assembly_payouts", "kit")}
    strays = []
    for path in SOURCES:
        own = path.relative_to(ROOT).parts[:2]
        if own[0] == "migrations" or name_of(path) in naming_adapters:
            continue
        for module, name in imports(path):
            parts = module.split(".")
            if parts[0] != "services" or (own[0] == "services" and parts[1:2] == [own[1]]):
                continue
            inside_a_front = len(parts) > 2 and parts[1] in FRONTS
            a_module_of_a_front = len(parts) == 2 and parts[1] in FRONTS and f"{module}.{name}" in set(modules())
            if inside_a_front or (a_module_of_a_front and name not in importlib.import_module(module).__all__):
                strays.append(f"{name_of(path)}: {module} {name}")
    assert strays == []


def test_only_the_bot_pays_for_aiogram() -> None:
    wanted = "import apps.jobs.main, apps.clock.main, apps.web.main, apps.console.release, apps.console.doctor"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"apps.jobs.main", "apps.clock.main", "apps.web.main"} <= imported
    pictures = ("cv2", "numpy", "PIL", "tesserocr", "zxingcpp", "pypdfium2")  # for the process that reads, alone
    dear = {"aiogram", "boto3", "apps.sandbox", *pictures}
    assert not {name for name in imported if name.split(".")[0] in dear}


# --- settings ---------------------------------------------------------------------------------------------------------


def variables() -> set[str]:
    vpn = {f"VPN_DE1_{field.upper()}" for field in VpnServer.model_fields if field != "code"}
    postgres = {f"POSTGRES_{part}" for part in ("USER", "PASSWORD", "HOST", "PORT", "DB")}
    panels = {f"REMNAWAVE_{code}{name}" for code in ("", "FIN_") for name in config_panels.VARIABLES}
    return {field.upper() for field in Settings.model_fields} | vpn | panels | postgres | {"WEBHOOK_BASE_URL"}


def test_every_setting_is_in_the_sample_environment() -> None:
    given = set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert given == variables()


def test_every_setting_an_operator_sets_is_in_app_json() -> None:
    given = set(json.loads((ROOT / "app.json").read_text())["env"])
    of_one_server = {name for name in variables() if name.startswith(("VPN_DE1_", "REMNAWAVE_FIN_", "POSTGRES_"))}
    assert variables() - given <= of_one_server | NOT_IN_APP_JSON | {"WEBHOOK_BASE_URL"}
    assert given - variables() <= {"WEB_CONCURRENCY"}


def test_every_setting_is_in_the_readme() -> None:
    readme = ROOT / "README.md"
    text = re.sub(r"`_([A-Z0-9_]+)`", r"`VPN_DE1_\1`", readme.read_text())  # `VPN_DE1_AGENT_URL`, `_AGENT_SECRET`, ...
    assert {name for name in variables() if not re.search(rf"`[^`]*\b{name}\b[^`]*`", text)} == set()


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", FRONTS)
def test_every_front_says_what_it_is_and_what_it_offers(package: str) -> None:
    front = importlib.import_module(f"services.{package}")
    if package == "texts":
        return
    assert front.__doc__
    constants = [name for name in front.__all__ if name.isupper()]  # first, as the linter wants them
    assert list(front.__all__) == sorted(constants) + sorted(set(front.__all__) - set(constants))
    for name in front.__all__:
        offered = getattr(front, name)
        if isinstance(offered, type) or inspect.isfunction(offered):
            assert offered.__module__.startswith("services.")


def test_nothing_is_left_to_do() -> None:
    word = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    left = [
        f"{name_of(path)}:{token.start[0]}"
        for path in SOURCES
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type in (tokenize.COMMENT, tokenize.STRING) and word.search(token.string)
    ]
    assert left == []


def test_names_say_something() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "base_service"}
    assert [name_of(path) for path in SOURCES if path.stem in empty or set(path.parent.parts) & empty] == []


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def test_files_and_functions_are_short() -> None:
    long = []
    for path in SOURCES:
        lines = len(path.read_text().splitlines())
        if lines > 300 and name_of(path) not in LONGER:
            long.append(f"{name_of(path)}: {lines} lines")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "migrations" not in path.parts:
                nested = [inner for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)]
                length = _lines(node) - sum(map(_lines, nested))
                if length > 60:
                    long.append(f"{name_of(path)}: {node.name} has {length} lines")
    assert long == []
    assert {name_of(path) for path in SOURCES} >= LONGER, "an exception for nothing"


def test_every_exception_from_a_rule_has_its_reason() -> None:
    bare = re.compile(r"# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z-, ]+\])\s*$")
    assert [
        f"{name_of(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line) or re.search(r"# (noqa|type: ignore)\s*$", line)
    ] == []
