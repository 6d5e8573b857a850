from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.platform.documents import DEEPEST, BadDocument, read_object
from services.platform.inbox import TelegramUpdate, store

LIMIT = 100_000


def nested(depth: int, kind: str = "[]") -> bytes:
    opening = {"[]": b"[", "{}": b'{"a":'}[kind]
    closing = {"[]": b"]", "{}": b"}"}[kind]
    return b'{"a":' + opening * depth + b"1" + closing * depth + b"}"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b'{"a":1}}', b"nope", b"\xff\xfe{", b'{"a":"\xff"}'),
        *(b"[]", b"1", b'"text"', b"null", b"true"),
        *(b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":[-1e999]}'),
        *(b'{"a":"\\u0000"}', b'{"\\u0000":1}', b'{"a":[{"b":"x\\u0000"}]}'),
        *(b'{"a":"\\ud800"}', b'{"\\udfff":1}', b'{"a":"\xed\xa0\x80"}'),
        *(b'{"a":' + b"9" * 5000 + b"}", nested(200), nested(900), nested(200, "{}"), nested(30_000)),
    ],
)
def test_refuses_what_is_no_object_or_cannot_be_kept(body: bytes) -> None:
    with pytest.raises(BadDocument):
        read_object(body, limit=LIMIT)


def test_the_limit_is_in_bytes_and_inclusive() -> None:
    body = '{"a":"я"}'.encode()
    assert read_object(body, limit=len(body)) == {"a": "я"}
    with pytest.raises(BadDocument):
        read_object(body, limit=len(body) - 1)


def test_a_person_may_write_about_escapes() -> None:
    body = json.dumps({"text": r"\u0000 and \ud800 are only letters here"}).encode()
    assert read_object(body, limit=LIMIT)["text"] == r"\u0000 and \ud800 are only letters here"


def test_emoji_and_honest_nesting_pass() -> None:
    assert read_object(b'{"a":"\\ud83d\\ude00"}', limit=LIMIT) == {"a": "😀"}
    assert read_object(nested(DEEPEST - 1), limit=LIMIT)["a"]


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-1e9, 1e9)
    | st.sampled_from([math.inf, math.nan])
    | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_postgresql_keeps_whatever_was_read(tx: Session, now: Any) -> None:
    ids = iter(range(1, 10**6))

    @settings(max_examples=60)
    @given(JSON)
    def check(payload: Any) -> None:
        try:
            document = read_object(json.dumps({"payload": payload}).encode(), limit=LIMIT)
        except BadDocument:
            return
        update_id = next(ids)
        store(tx, 1, [{**document, "update_id": update_id}], now)
        tx.expire_all()
        kept = tx.get_one(TelegramUpdate, (1, update_id)).payload["payload"]
        assert kept == payload

    check()
