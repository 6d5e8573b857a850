"""The files by which platforms run Kiosk say the same as the code."""

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from honcho.environ import parse, parse_procfile
from pathspec import GitIgnoreSpec

from apps.sandbox.environment import environment, parts
from apps.sandbox.stack import Stack
from services.platform import config_panels
from services.platform.config import Settings, VpnServer, load

ROOT = Path(__file__).parents[1]
PROCESSES = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
APP = json.loads((ROOT / "app.json").read_text())
SETTINGS = {name.upper() for name in Settings.model_fields}
BY_THE_PLATFORM = {"DATABASE_URL", "REDIS_URL", "PORT", "DYNO", "BUILD_VERSION"}
IN_DEVELOPMENT = {"CLOCK_URL"}
ELSEWHERE = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "WEBHOOK_BASE_URL"}
OF_A_PANEL = {f"REMNAWAVE_{name}" for name in config_panels.VARIABLES}
OF_ANOTHER_PANEL = {f"REMNAWAVE_FIN_{name}" for name in config_panels.VARIABLES}
OF_A_VPN_SERVER = {f"VPN_DE1_{name.upper()}" for name in VpnServer.model_fields if name != "code"}


def written_in_example() -> list[str]:
    return re.findall(r"^([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_procfile_has_every_process_type() -> None:
    expected = {"release", "web", "worker", "jobs", "ocr-worker", "rules-worker", "bonus-worker", "clock"}
    assert set(PROCESSES) == expected
    assert PROCESSES["release"] == "bin/release"


@pytest.mark.parametrize("name", sorted(set(PROCESSES) - {"release"}))
def test_every_process_starts_and_names_what_is_not_configured(name: str) -> None:
    python, *arguments = shlex.split(PROCESSES[name])
    assert python == "python"
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env={}, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    for variable in ("DATABASE_URL", "REDIS_URL", "TELEGRAM_BOT_TOKEN", "ENCRYPTION_SECRET"):
        assert f"{variable}: missing" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["release", "doctor", "dev", "test", "../.ci/run"])
def test_scripts_are_executable_shell(name: str) -> None:
    script = ROOT / "bin" / name
    assert script.stat().st_mode & 0o111 == 0o111
    assert script.read_text().startswith("#!/bin/sh\n")
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_heroku_gets_the_right_python_and_system_packages() -> None:
    assert (ROOT / "runtime.txt").read_text() == "python-3.11\n"
    assert (ROOT / "Aptfile").read_text().split() == [
        *("tesseract-ocr", "tesseract-ocr-ukr", "tesseract-ocr-rus", "tesseract-ocr-eng", "libglib2.0-0", "libgl1")
    ]


def test_app_json_installs_system_packages_before_python() -> None:
    assert [buildpack["url"] for buildpack in APP["buildpacks"]] == ["heroku-community/apt", "heroku/python"]
    assert APP["addons"] == ["heroku-postgresql:essential-0", "heroku-redis:mini"]
    assert APP["environments"]["test"]["scripts"] == {"test": "bin/test"}
    postdeploy = shlex.split(APP["scripts"]["postdeploy"])
    assert postdeploy[:3] == ["python", "-m", "apps.console"]
    assert (ROOT / postdeploy[-1]).is_file()


def test_app_json_starts_the_processes_of_the_procfile() -> None:
    formation = {name: process["quantity"] for name, process in APP["formation"].items()}
    assert set(formation) == set(PROCESSES) - {"release"}
    assert {name for name, quantity in formation.items() if quantity} == {"web", "worker", "jobs", "clock"}
    assert formation["clock"] == formation["worker"] == 1


def test_app_json_asks_for_every_setting_of_operators_and_no_other() -> None:
    env = APP["env"]
    assert set(env) - {"WEB_CONCURRENCY"} == (SETTINGS | OF_A_PANEL) - BY_THE_PLATFORM - IN_DEVELOPMENT
    assert env["WEB_CONCURRENCY"]["value"] == "1"
    assert all(variable["description"] for variable in env.values())
    assert {name for name in env if env[name].get("generator")} == {"ENCRYPTION_SECRET", "TELEGRAM_WEBHOOK_SECRET"}


def test_app_json_demands_just_what_kiosk_cannot_start_without() -> None:
    """Filled in as the form shows it, it is a complete configuration; without any required variable it is none."""
    typed = {"TELEGRAM_BOT_TOKEN": "42:token", "YOOKASSA_SHOP_ID": "1", "YOOKASSA_SECRET_KEY": "test_key"}
    env = APP["env"]
    asked = {
        name
        for name, variable in env.items()
        if variable.get("required", True) and not {"value", "generator"} & set(variable)
    }
    assert asked == set(typed)
    filled = {name: variable.get("value", "") for name, variable in env.items()}
    filled |= {name: "f" * 64 for name, variable in env.items() if variable.get("generator") == "secret"}
    filled |= {"DATABASE_URL": "postgres://u:p@h/d", "REDIS_URL": "rediss://:p@h:6379", "DYNO": "web.1"}
    assert load({**filled, **typed}).app_env == "prod"
    for name in typed:
        with pytest.raises(Exception, match=name):
            load({**filled, **typed, name: ""})


def test_the_example_names_every_variable_once_with_a_comment() -> None:
    names = written_in_example()
    assert len(names) == len(set(names))
    assert set(names) == SETTINGS | ELSEWHERE | OF_A_VPN_SERVER | OF_A_PANEL | OF_ANOTHER_PANEL
    for paragraph in re.split(r"\n(?=# )", (ROOT / ".env.example").read_text()):
        assert paragraph.startswith("#")


def test_a_copy_of_the_example_runs_in_the_sandbox(tmp_path: Path) -> None:
    copied = parse((ROOT / ".env.example").read_text())
    assert parts(copied) == parts({})
    env = environment(
        copied,
        stack=Stack(tmp_path),
        world_url="http://127.0.0.1:8090",
        world_directory=tmp_path / "world",
        port=5000,
        encryption_secret="0123456789abcdef",
        vpn_keys={"de1": "A" * 43 + "=", "nl1": "B" * 43 + "="},
    )
    settings = load(env)
    assert settings.telegram_api_url == "http://127.0.0.1:8090/telegram"
    assert [server.code for server in settings.vpn_servers] == ["de1", "nl1"]


def test_the_readme_explains_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {name for name in SETTINGS if f"`{name}`" not in readme} == set()


def test_the_slug_keeps_all_that_running_needs() -> None:
    ignored = GitIgnoreSpec.from_lines((ROOT / ".slugignore").read_text().splitlines())
    assert "!" not in (ROOT / ".slugignore").read_text()  # Heroku knows no exceptions
    files = [
        path.relative_to(ROOT) for folder in ("migrations", "services", "apps") for path in (ROOT / folder).rglob("*")
    ]
    dropped = {"/".join(path.parts[:2]) for path in files if ignored.match_file(str(path))}
    assert dropped == set()
    for name in ("alembic.ini", "Procfile", "Aptfile", "runtime.txt", "requirements.txt", "bin/release", "bin/doctor"):
        assert (ROOT / name).is_file()
        assert not ignored.match_file(name)
    for name in ("bench/README.md", "docs/operations/scaling.md"):
        assert ignored.match_file(name)


def test_the_sandbox_and_the_agent_are_imported_by_nothing_else() -> None:
    for path in [
        *(ROOT / "services").rglob("*.py"),
        *(ROOT / "apps").rglob("*.py"),
        *(ROOT / "migrations").rglob("*.py"),
    ]:
        if {"sandbox", "agent"} & set(path.relative_to(ROOT).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if re.match(r"apps\.(sandbox|agent)\b|tests\b", name)], path
