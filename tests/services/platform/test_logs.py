"""Logs are set up for a whole process, so they are looked at in one of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from services.platform.logs import mask
from tests.factories import BOT_TOKEN

KEY = "+" + "k" * 42 + "="
TALK = f"""
import logging, sys
import structlog
from services.platform import logs

logs.set_up(level="INFO", form=sys.argv[1], process="jobs", version="v7", dyno="jobs.1")
log = structlog.get_logger("ours")

def fail():
    local = "hunter2-local"
    raise ValueError("no answer from https://api.telegram.org/bot{BOT_TOKEN}/getMe")

with structlog.contextvars.bound_contextvars(user_id=7):
    log.info("said", text="привет", count=2)
log.debug("too quiet")
logging.getLogger("theirs").warning("at %s", "postgres://user:hunter2@h/d")
logging.getLogger("httpx").info("GET https://api.telegram.org")
try:
    fail()
except ValueError:
    log.exception("failed", api_token="hunter2")
    logging.getLogger("theirs").exception("failed too")
import warnings
warnings.warn("soon gone")
"""


def talk(form: str) -> list[str]:
    command = [sys.executable, "-W", "default", "-c", TALK, form]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    assert "hunter2" not in done.stdout
    assert BOT_TOKEN not in done.stdout
    assert "too quiet" not in done.stdout
    assert "GET https" not in done.stdout
    return done.stdout.splitlines()


def test_one_json_object_a_line() -> None:
    said, theirs, failed, failed_too, warned = map(json.loads, talk("json"))
    stamp = {"process": "jobs", "version": "v7", "dyno": "jobs.1"}
    assert said.items() >= {"event": "said", "level": "info", "logger": "ours", "user_id": 7, **stamp}.items()
    assert (said["text"], said["count"]) == ("привет", 2)
    assert said["timestamp"].endswith("Z")
    assert theirs["event"] == "at postgres://<credentials>@h/d"
    assert "user_id" not in theirs
    for line in (failed, failed_too):
        (told,) = line["exception"]
        assert told["exc_type"] == "ValueError"
        assert told["exc_value"] == "no answer from https://api.telegram.org/bot<bot token>/getMe"
        assert [frame["name"] for frame in told["frames"]] == ["<module>", "fail"]
        assert not any(frame.get("locals") for frame in told["frames"])
    assert failed["api_token"] == "<hidden>"
    assert "soon gone" in warned["event"]


def test_text_for_people() -> None:
    lines = talk("standard")
    assert any("said" in line and "привет" in line for line in lines)
    assert sum("ValueError: no answer" in line for line in lines) == 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"https://api.telegram.org/bot{BOT_TOKEN}/getMe", "https://api.telegram.org/bot<bot token>/getMe"),
        (f"token {BOT_TOKEN}", "token <bot token>"),
        ("rediss://:secret@h:6379/0", "rediss://<credentials>@h:6379/0"),
        (f"PrivateKey = {KEY}", "PrivateKey = <key>"),
        ("79991234567 wrote at 12:00", "<phone> wrote at 12:00"),
        ("call +7 (999) 123-45-67, 2 times", "call <phone>, 2 times"),
        ("+380501234567.", "<phone>."),
        ("from anna.b+c@mail.example.com today", "from <e-mail> today"),
    ],
)
def test_pieces_that_look_secret_are_masked(text: str, wanted: str) -> None:
    assert mask(None, "", {"event": text})["event"] == wanted
    assert mask(None, "", {"a": [{"b": (text,)}]})["a"] == [{"b": [wanted]}]


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-21T12:00:00.123456Z", "1763683200.123", "payment 42 of user:42", "299.00 RUB", "10.66.0.0/22"),
        *("2f0a1c9e-0000-5000-8000-123456789012", "http://127.0.0.1:5000/health", "12:30:45", "kiosk@2"),
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert mask(None, "", {"event": text})["event"] == text


def test_values_under_secret_names_are_hidden() -> None:
    event: dict[str, Any] = {
        "telegram_bot_token": "x",
        "Authorization": "Basic x",
        "nested": {"peer": {"private_key": "x"}},
        "phone": 79991234567,
        "secret": "",
        "amount": "299.00",
    }
    assert mask(None, "", event) == {
        "telegram_bot_token": "<hidden>",
        "Authorization": "<hidden>",
        "nested": {"peer": {"private_key": "<hidden>"}},
        "phone": "<hidden>",
        "secret": "",
        "amount": "299.00",
    }
