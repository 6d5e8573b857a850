"""Mistake 23: what a panel tells by webhook is read only when it is signed, fresh and about access."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from services.platform.documents import BadDocument
from services.provisioning.remnawave.webhook import LARGEST, BadSignature, PanelHint, read_hint

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SECRET, NEW = "s" * 32, "n" * 32


def message(event: str = "user.modified", at: datetime = NOW, data: object = None) -> bytes:
    user = {"username": "k12", "description": "Анна"} if data is None else data
    told = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"scope": "user", "event": event, "timestamp": told, "data": user}, ensure_ascii=False).encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def read(body: bytes, signature: str | None = None, now: datetime = NOW) -> PanelHint | None:
    return read_hint(body, sign(body) if signature is None else signature, [SECRET, NEW], now)


def test_a_signed_one_is_a_hint_about_a_user() -> None:
    body = message()
    assert read(body) == PanelHint("user.modified", "k12", hashlib.sha256(body).hexdigest())


def test_both_secrets_count_while_one_replaces_the_other() -> None:
    body = message()
    assert read(body, sign(body, NEW))
    with pytest.raises(BadSignature):
        read(body, sign(body, "x" * 32))


def test_one_that_was_written_anew_is_not_what_was_signed() -> None:
    body = message()
    with pytest.raises(BadSignature):
        read(json.dumps(json.loads(body)).encode(), sign(body))


@pytest.mark.parametrize("signature", ["", "0" * 64, "é", "sha256=" + "0" * 64])
def test_without_a_signature_nothing_is_read(signature: str) -> None:
    with pytest.raises(BadSignature):
        read(b"not even JSON", signature)


def test_without_a_secret_nobody_is_believed() -> None:
    body = message()
    with pytest.raises(BadSignature):
        read_hint(body, sign(body, ""), [], NOW)


@pytest.mark.parametrize("age", [timedelta(minutes=5, seconds=1), timedelta(days=365), timedelta(minutes=-6)])
def test_a_replay_is_refused(age: timedelta) -> None:
    with pytest.raises(BadSignature):
        read(message(at=NOW - age))
    assert read(message(at=NOW - timedelta(minutes=5)))


def test_a_moment_without_zone_or_none_at_all_is_refused() -> None:
    for timestamp in ("2026-11-28T12:00:00", None, 5, "now"):
        with pytest.raises(BadSignature):
            read(json.dumps({"event": "user.modified", "timestamp": timestamp, "data": {"username": "k12"}}).encode())


@pytest.mark.parametrize(
    "event", ["node.connection_lost", "user.expires_in_24_hours", "user.expiration", "user.created", "crm.x", "новое"]
)
def test_what_is_unknown_or_not_about_access_is_passed_over(event: str) -> None:
    assert read(message(event)) is None


@pytest.mark.parametrize("data", [[], {}, {"username": 5}, "k12", 0])
def test_one_about_nobody_is_passed_over(data: object) -> None:
    assert read(message(data=data)) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"a": NaN}', b" " * (LARGEST + 1)])
def test_a_signed_one_that_nobody_can_read(body: bytes) -> None:
    with pytest.raises(BadDocument):
        read(body)
