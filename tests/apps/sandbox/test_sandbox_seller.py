"""The stand-in for a seller's own system: strict about signatures, faithful to its own answers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.sandbox.seller import create_app
from services.platform.clock import wall_clock
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running

SECRET = "the secret of a test"


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        running(create_app(tmp_path, secret=SECRET)) as url,
        httpx.Client(base_url=url, verify=trusted(), trust_env=False) as client,
    ):
        yield client


def call(seller: httpx.Client, revision: int = 1, event: str = "granted", **other: Any) -> httpx.Response:
    body = json.dumps({"event": event, "grant": "k7", "revision": revision, "generation": 0, "period": 1}).encode()
    timestamp = str(other.get("at", int(wall_clock().timestamp())))
    signature = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Idempotency-Key": f"k7-{revision}",
        "X-Kiosk-Timestamp": timestamp,
        "X-Kiosk-Signature": other.get("signature", f"v1=0000, v1={signature}"),
    }
    return seller.post("/grants", content=other.get("body", body), headers=headers)


def test_a_call_is_taken_once_and_answered_as_before(seller: httpx.Client) -> None:
    first = call(seller).json()
    assert set(first) == {"text", "link", "key"}
    assert call(seller).json() == first
    assert call(seller, 2, "changed").json() == {}
    (one, two) = seller.get("/calls?grant=k7").json()["calls"]
    assert (one["times"], two["times"]) == (2, 1)
    assert seller.get("/calls?grant=k8").json()["calls"] == []
    page = seller.get("/").text
    assert "k7-1" in page
    assert "2 times" in page


@pytest.mark.parametrize(
    "wrong", [{"signature": ""}, {"signature": "v1=00"}, {"at": 1}, {"body": b'{"event":"granted"}'}]
)
def test_what_is_not_signed_is_refused_and_counted(seller: httpx.Client, wrong: dict[str, Any]) -> None:
    assert call(seller, **wrong).status_code == 401
    assert seller.get("/calls").json() == {"calls": [], "refused": 1}


@pytest.mark.parametrize(("mode", "taken"), [("500", 0), ("500_after", 1), ("429", 0), ("out_of_stock", 0), ("410", 0)])
def test_faults_on_order(seller: httpx.Client, mode: str, taken: int) -> None:
    seller.post("/faults", json={"mode": mode, "times": 1})
    assert call(seller).status_code >= 400
    assert len(seller.get("/calls").json()["calls"]) == taken
    assert call(seller).status_code == 200
    assert seller.get("/faults").json() == {"mode": None}


@pytest.mark.parametrize("mode", ["down", "dropped_after"])
def test_a_cut_connection(seller: httpx.Client, mode: str) -> None:
    seller.post("/faults", json={"mode": mode})
    with pytest.raises(httpx.RemoteProtocolError):
        call(seller)
    seller.delete("/faults")
    assert len(seller.get("/calls").json()["calls"]) == (mode == "dropped_after")


@pytest.mark.parametrize("order", [{}, {"mode": "x"}, {"mode": "500", "times": 0}, {"mode": "slow", "delay": -1}, []])
def test_an_order_that_makes_no_sense_is_refused(seller: httpx.Client, order: Any) -> None:
    assert seller.post("/faults", json=order).status_code == 400
