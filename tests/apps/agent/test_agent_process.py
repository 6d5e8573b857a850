"""The agent as a citizen of its server: crashes, restarts, signals, the log, TLS."""

import socket
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.apps.agent.running_agent import AGENT, SECRET, Start, peer, sign


def test_the_list_survives_a_crash(start: Start) -> None:
    agent = start("--dry-run")
    agent.put(4, [peer(2), peer(3)])
    agent.kill()
    (agent.state / "peers.draft").write_text('{"revis')  # as a crash in the middle of writing leaves it

    reborn = start("--dry-run")

    assert (reborn.health()["revision"], reborn.health()["applied"]) == (4, True)
    assert len(reborn.send("GET", "/stats").json()["peers"]) == 2
    assert reborn.put(3, []).status_code == 409


def test_only_its_owner_can_read_the_list(start: Start) -> None:
    agent = start("--dry-run")
    agent.put(1, [peer(2)])

    assert stat.S_IMODE((agent.state / "peers.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(agent.state.stat().st_mode) == 0o700
    assert [path.name for path in agent.state.iterdir()] == ["peers.json"]


def test_an_unreadable_list_is_waited_for_anew(start: Start) -> None:
    agent = start("--dry-run")
    agent.put(4, [peer(2)])
    agent.kill()
    (agent.state / "peers.json").write_text("{")

    reborn = start("--dry-run")

    assert reborn.health()["revision"] == 0
    assert "unreadable" in reborn.log()
    assert reborn.put(5, [peer(2)]).status_code == 200


def test_a_list_which_cannot_be_stored_is_not_promised(start: Start) -> None:
    agent = start("--dry-run")
    (agent.state / "peers.json").mkdir()

    assert agent.put(1, [peer(2)]).status_code == 503
    assert agent.health()["revision"] == 0


def test_without_the_wg_tool_the_list_is_stored_but_not_promised(start: Start) -> None:
    agent = start("--every", "0.05", env={"PATH": "/nonexistent"})

    answer = agent.put(1, [peer(2)])

    assert (answer.status_code, answer.json()) == (503, {"error": "wg show: FileNotFoundError"})
    assert (agent.health()["revision"], agent.health()["applied"]) == (1, False)
    assert agent.send("GET", "/stats").status_code == 503


def test_the_log_holds_no_secret(start: Start) -> None:
    agent = start("--dry-run")
    agent.put(2, [peer(2), peer(3)])
    agent.put(1, [peer(4)])
    agent.put(3, [{**peer(5), "public_key": peer(5)["public_key"] + "x"}])
    agent.send("PUT", "/peers", b"{}", sign("PUT", "/peers", b"[]"))
    agent.stop()

    log = agent.log()
    assert all(status in log for status in ("revision 2 applied, 2 peers", "409", "422", "401"))
    secrets = [SECRET, *(peer(number)[name] for number in range(2, 6) for name in ("public_key", "preshared_key"))]
    assert [secret for secret in secrets if secret in log] == []


def test_sigterm_ends_it_cleanly(start: Start) -> None:
    agent = start("--dry-run")
    agent.put(1, [peer(2)])

    assert agent.stop() == 0
    assert "Traceback" not in agent.log()


def test_a_dry_run_ends_with_its_starter(start: Start) -> None:
    agent = start("--dry-run")
    agent.process.communicate(timeout=15)  # closes its standard input

    assert agent.process.returncode == 0


@pytest.mark.parametrize("secret", ["", "too short"])
def test_it_does_not_start_without_a_real_secret(tmp_path: Path, secret: str) -> None:
    command = [sys.executable, str(AGENT), "--dry-run", "--listen", "127.0.0.1:0", "--state", str(tmp_path)]
    done = subprocess.run(command, env={"KIOSK_AGENT_SECRET": secret}, capture_output=True, text=True, timeout=15)

    assert done.returncode == 1
    assert "KIOSK_AGENT_SECRET" in done.stderr


def test_the_secret_may_come_from_a_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    agent = start("--dry-run", "--secret-file", str(tmp_path / "secret"), env={"KIOSK_AGENT_SECRET": ""})

    assert agent.send("GET", "/health").status_code == 200


def test_tls_and_a_client_which_never_says_hello(start: Start, tmp_path: Path) -> None:
    certificate, private_key = _certificate(tmp_path)
    agent = start("--dry-run", "--certfile", str(certificate), "--keyfile", str(private_key))
    trust = ssl.create_default_context(cafile=str(certificate))

    with socket.create_connection(("127.0.0.1", agent.port)):
        answer = agent.send("GET", "/health", verify=trust)

    assert answer.json()["revision"] == 0


def _certificate(directory: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "agent")])
    now = datetime.now(UTC)  # noqa: TID251 - certificates live in real time
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "tls.crt").write_bytes(certificate.public_bytes(encoding))
    (directory / "tls.key").write_bytes(private.private_bytes(encoding, *plain))
    return directory / "tls.crt", directory / "tls.key"
