"""The time machine, the mailbox, the world as one application and as one process."""

import os
import signal
import smtplib
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from apps.sandbox import clock, mail
from apps.sandbox.clock import Offset
from apps.sandbox.main import World, create_world
from services.platform.clock import wall_clock
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running


def test_time_moves_forward_only(tmp_path: Path) -> None:
    offset = Offset(tmp_path)
    with TestClient(clock.create_app(offset)) as page:
        assert page.post("/move", json={"seconds": 3600}).json()["offset"] == 3600
        assert page.post("/move", json={"seconds": 100, "step": 30, "pause": 0.001}).json()["offset"] == 3700
        for wrong in (0, -1, 1.5, "1", True, None):
            assert page.post("/move", json={"seconds": wrong}).status_code == 400
        assert page.post("/move", json={"seconds": 1, "step": 0}).status_code == 400
        assert (tmp_path / "offset").read_text() == "3700"
        assert timedelta(seconds=3699) < Offset(tmp_path).now() - wall_clock() <= timedelta(seconds=3700)
        assert "+30 days" in page.get("/").text
        assert page.post("/reset").json()["offset"] == 0


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "kiosk@example.com", "owner@example.com"
    message.set_content("Крупный платёж")
    return message


def test_an_e_mail_is_kept_and_shown(tmp_path: Path) -> None:
    app = mail.create_app(tmp_path, wall_clock, smtp_port=0)
    rich = letter("Отчёт <за день>")
    rich.add_alternative("<h1>Отчёт</h1><script>alert(1)</script>", subtype="html")
    rich.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="отчёт.pdf")
    with running(app) as url, httpx.Client(base_url=url, verify=trusted(), trust_env=False) as client:
        client.get("/")  # the application has begun, so the port is known
        with smtplib.SMTP("127.0.0.1", app.state.smtp_port) as smtp:
            smtp.login("anybody", "anything")
            smtp.send_message(letter("Платёж"))
            smtp.send_message(rich)
        newest, oldest = client.get("/messages").json()["messages"]
        assert (oldest["subject"], oldest["to"], oldest["html"]) == ("Платёж", ["owner@example.com"], None)
        assert oldest["text"].strip() == "Крупный платёж"
        assert newest["attachments"] == [{"name": "отчёт.pdf", "type": "application/pdf", "size": 4}]
        assert "Отчёт &lt;за день&gt;" in client.get("/").text
        shown = client.get(f"/{newest['id']}").text
        assert "<iframe" in shown
        assert " sandbox " in shown
        assert "<script>alert" not in shown
        assert client.get(f"/{newest['id']}/0").content == b"%PDF"
        assert client.get("/99").status_code == 404
    with TestClient(mail.create_app(tmp_path, wall_clock)) as restarted:
        assert len(restarted.get("/messages").json()["messages"]) == 2


def test_the_world_holds_only_the_parts_asked_for(tmp_path: Path) -> None:
    world = create_world(World(directory=tmp_path, smtp_port=0), ["yookassa", "clock", "mail", "storage"])
    with TestClient(world) as client:
        front = client.get("/").text
        assert 'href="/yookassa/"' in front
        assert "Telegram" not in front
        for page in ("/yookassa/", "/clock/", "/mail/", "/storage/", "/static/world.css", "/static/world.js"):
            assert client.get(page).status_code == 200
        assert client.get("/vpn/").status_code == 404
        client.post("/clock/move", json={"seconds": 86400})
        assert Offset(tmp_path / "clock").read() == 86400


def command(*arguments: str, app_env: str) -> list[str]:
    return ["env", f"APP_ENV={app_env}", sys.executable, "-m", "apps.sandbox", *arguments]


def test_the_world_refuses_production() -> None:
    done = subprocess.run(command("--only", "clock", app_env="prod"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "APP_ENV is prod" in done.stderr


@pytest.mark.process
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_is_and_ends_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    arguments = ("--only", "clock,mail", "--port", "0", "--smtp-port", "0", "--directory", str(tmp_path))
    with subprocess.Popen(
        command(*arguments, app_env="test"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "Time machine: http://127.0.0.1:" in process.stdout.readline()
        assert "Mail: http://127.0.0.1:" in process.stdout.readline()
        os.kill(process.pid, ending)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
