from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from apps.web.addresses import client_address

PEER = "10.1.2.3"


def seen(*forwarded: str | bytes, hops: int = 1, peer: str | None = PEER) -> str | None:
    """What is made of these X-Forwarded-For headers."""
    headers = [
        (b"x-forwarded-for", value if isinstance(value, bytes) else value.encode("latin-1")) for value in forwarded
    ]
    client = (peer, 5000) if peer else None
    address = client_address(Request({"type": "http", "headers": headers, "client": client}), hops)
    return str(address) if address else None


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        (["203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6,203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7"], 1, "203.0.113.7"),
        (["evil, 127.0.0.1,203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 172.16.0.1"], 2, "203.0.113.7"),
        (["203.0.113.7, 172.16.0.1", "172.16.0.2"], 3, "203.0.113.7"),
        (["2001:db8::1"], 1, "2001:db8::1"),
        (["::ffff:203.0.113.7"], 1, "203.0.113.7"),
        (["::FFFF:cb00:7107"], 1, "203.0.113.7"),
    ],
)
def test_the_last_proxies_are_believed(forwarded: list[str], hops: int, expected: str) -> None:
    assert seen(*forwarded, hops=hops) == expected


@pytest.mark.parametrize(
    "forwarded",
    [
        *([], [""], [","], ["203.0.113.7, "], ["203.0.113.7, unknown"], ["203.0.113.7:4711"], ["[2001:db8::1]"]),
        *(["203.0.113"], ["203.0.113.07"], ["0x7f.1"], ["3405803783"], ["fe80::1%eth0"], ["fe80::1%"], [b"\xff"]),
        *(["203.0.113.7/32"], ["203.0.113.7\0"], ["9" * 5000], ["203.0.113.7, a, b" + ",x" * 3000]),
    ],
)
def test_garbage_is_answered_by_the_peer(forwarded: list[str]) -> None:
    assert seen(*forwarded) == PEER
    assert seen(*forwarded, peer="testclient") is None
    assert seen(*forwarded, peer=None) is None


def test_who_came_past_a_proxy_is_its_own_peer() -> None:
    assert seen("6.6.6.6", hops=2) == PEER
    assert seen("6.6.6.6, 7.7.7.7", hops=3) == PEER


def test_without_proxies_the_header_means_nothing() -> None:
    assert seen("6.6.6.6", hops=0) == PEER
    assert seen("6.6.6.6", hops=0, peer="::ffff:10.1.2.3") == PEER
    assert seen("6.6.6.6", hops=0, peer=None) is None


@given(st.lists(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60), max_size=3))
def test_nothing_a_caller_writes_changes_what_our_proxy_appended(forged: list[str]) -> None:
    assert seen(*forged, "203.0.113.7") == "203.0.113.7"
    assert seen(", ".join([*forged, "203.0.113.7"])) == "203.0.113.7"


@given(st.binary(max_size=60), st.integers(0, 3))
def test_no_header_breaks_it(header: bytes, hops: int) -> None:
    address = seen(header, hops=hops)
    assert address is not None
    ip_address(address)
