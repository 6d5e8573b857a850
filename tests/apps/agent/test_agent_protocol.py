"""What the agent answers, and that nothing changes when it refuses."""

import ast
import json
import random
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.apps.agent.running_agent import AGENT, RunningAgent, key, peer, sign


def test_it_keeps_the_list_it_was_given(agent: RunningAgent) -> None:
    answer = agent.put(7, [peer(2), peer(3)])

    assert (answer.status_code, answer.json()) == (200, {"revision": 7, "peers": 2})
    assert agent.health() == {"revision": 7, "peers": 2, "interface": "wg0", "applied": True, "version": "1.0"}
    nothing = {"latest_handshake": 0, "rx": 0, "tx": 0}
    assert agent.send("GET", "/stats").json() == {"peers": {key(2): nothing, key(3): nothing}}


def test_before_the_first_list_nothing_is_applied(agent: RunningAgent) -> None:
    assert agent.health() == {"revision": 0, "peers": 0, "interface": "wg0", "applied": False, "version": "1.0"}


BODY = json.dumps({"revision": 1, "peers": [peer(2)]}).encode()


@pytest.mark.parametrize(
    "signed",
    [
        lambda: {"X-Nothing": ""},
        lambda: {**sign("PUT", "/peers", BODY), "X-Kiosk-Signature": ""},
        lambda: {**sign("PUT", "/peers", BODY), "X-Kiosk-Signature": "é"},
        lambda: sign("PUT", "/peers", BODY, secret="somebody else's secret"),
        lambda: sign("PUT", "/peers", BODY + b" "),
        lambda: sign("PUT", "/health", BODY),
        lambda: sign("GET", "/peers", BODY),
        lambda: sign("PUT", "/peers", BODY, skew=-310),
        lambda: sign("PUT", "/peers", BODY, skew=310),
        lambda: sign("PUT", "/peers", BODY, stamp="soon"),
        lambda: sign("PUT", "/peers", BODY, stamp="-5"),
        lambda: sign("PUT", "/peers", BODY, stamp="9" * 5000),
    ],
)
def test_it_believes_only_fresh_signatures(agent: RunningAgent, signed: Callable[[], dict[str, str]]) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in signed().items()}

    assert agent.send("PUT", "/peers", BODY, raw).status_code == 401
    assert agent.health()["revision"] == 0


def test_signatures_may_be_some_minutes_off(agent: RunningAgent) -> None:
    for skew in (-290, 290):
        assert agent.send("PUT", "/peers", BODY, sign("PUT", "/peers", BODY, skew=skew)).status_code == 200


def test_a_replayed_request_cannot_bring_an_old_list_back(agent: RunningAgent) -> None:
    recorded = sign("PUT", "/peers", BODY)
    assert agent.send("PUT", "/peers", BODY, recorded).status_code == 200
    assert agent.put(2, []).status_code == 200

    answer = agent.send("PUT", "/peers", BODY, recorded)

    assert (answer.status_code, answer.json()["revision"]) == (409, 2)
    assert agent.kept() == []


def test_the_same_revision_again_is_fine_in_any_order_and_spelling(agent: RunningAgent) -> None:
    agent.put(5, [peer(2), peer(10)])
    respelled = {**peer(10), "allowed_ips": ["FD42:0066:0::A/128", "10.66.0.10"], "name": "ignored"}

    assert agent.put(5, [respelled, peer(2)]).status_code == 200


def test_the_same_revision_with_other_peers_is_a_conflict(agent: RunningAgent) -> None:
    agent.put(5, [peer(2)])
    answer = agent.put(5, [peer(3)])

    assert (answer.status_code, answer.json()["revision"]) == (409, 5)
    assert [kept["public_key"] for kept in agent.kept()] == [key(2)]


def test_a_lower_revision_is_a_conflict(agent: RunningAgent) -> None:
    agent.put(5, [peer(2)])
    answer = agent.put(4, [])

    assert (answer.status_code, answer.json()) == (409, {"error": "a newer revision is kept", "revision": 5})
    assert agent.health()["peers"] == 1


@pytest.mark.parametrize(
    "peers",
    [
        None,
        {},
        ["peer"],
        [{**peer(2), "public_key": None}],
        [{**peer(2), "public_key": key(2)[:-1]}],
        [{**peer(2), "public_key": key(2)[:-2] + "B="}],  # bits behind the 32nd byte
        [{**peer(2), "public_key": "A" * 43 + "="}],  # WireGuard's "no key"
        [{**peer(2), "preshared_key": key(2) + "\n[Peer]"}],
        [{name: value for name, value in peer(2).items() if name != "preshared_key"}],
        [{**peer(2), "allowed_ips": []}],
        [{**peer(2), "allowed_ips": "10.66.0.2/32"}],
        [{**peer(2), "allowed_ips": ["0.0.0.0/0"]}],
        [{**peer(2), "allowed_ips": ["10.66.0.2/31"]}],
        [{**peer(2), "allowed_ips": ["fd42:66::2/127"]}],
        [{**peer(2), "allowed_ips": ["fe80::1%eth0/128"]}],
        [{**peer(2), "allowed_ips": [168034306]}],
        [{**peer(2), "allowed_ips": ["10.66.0.2/32\nPublicKey = x"]}],
        [peer(2), {**peer(3), "public_key": key(2)}],
        [peer(2), {**peer(3), "allowed_ips": ["10.66.0.3/32", "10.66.0.2/32"]}],
        [peer(2), {**peer(3), "allowed_ips": ["fd42:66:0::2/128"]}],
    ],
)
def test_a_wrong_list_changes_nothing(agent: RunningAgent, peers: Any) -> None:
    agent.put(1, [peer(9)])

    answer = agent.put(2, peers)

    assert (answer.status_code, list(answer.json())) == (422, ["error"])
    assert (agent.health()["revision"], agent.kept()) == (1, [peer(9)])


@pytest.mark.parametrize("revision", [None, 0, -1, True, 1.5, "1"])
def test_a_wrong_revision_is_refused(agent: RunningAgent, revision: Any) -> None:
    assert agent.put(revision, []).status_code == 422


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"7", b'{"peers": []}'])
def test_a_body_of_another_shape_is_refused(agent: RunningAgent, body: bytes) -> None:
    assert agent.send("PUT", "/peers", body).status_code == 422


def test_a_body_over_8_megabytes_is_refused_unread(agent: RunningAgent) -> None:
    with socket.create_connection(("127.0.0.1", agent.port), timeout=10) as client:
        client.sendall(b"PUT /peers HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n")
        assert b" 413 " in client.recv(100)


def test_a_body_without_a_length_is_refused(agent: RunningAgent) -> None:
    with socket.create_connection(("127.0.0.1", agent.port), timeout=10) as client:
        client.sendall(b"PUT /peers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert b" 411 " in client.recv(100)


def test_other_paths_do_not_exist(agent: RunningAgent) -> None:
    assert agent.send("GET", "/peers").status_code == 404
    assert agent.send("GET", "/health?x=1").status_code == 404


def test_a_hundred_pushes_at_once_end_with_the_newest(agent: RunningAgent) -> None:
    revisions = random.sample(range(1, 101), 100)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: agent.put(n, [peer(number) for number in range(2, 2 + n)]), revisions))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert answers[revisions.index(100)].status_code == 200
    assert agent.kept() == [peer(number) for number in range(2, 102)]
    assert agent.health() == {"revision": 100, "peers": 100, "interface": "wg0", "applied": True, "version": "1.0"}


def test_it_is_python_3_9_and_needs_nothing_else() -> None:
    tree = ast.parse(AGENT.read_text(), feature_version=(3, 9))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.split(".")[0] for name in imports} <= sys.stdlib_module_names
