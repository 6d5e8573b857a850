"""Importing keys: the whole file or nothing, and no key twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services import provisioning
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.licences import BadKeys, ImportRunning, pool, read_keys, reading

CIPHER = Cipher("a secret of sixteen letters")


def put(tx: Session, now: datetime, *keys: str, into: str = "games", cipher: Cipher = CIPHER) -> int:
    lines = list(enumerate(keys, 1))
    return provisioning.licences.import_keys(tx, cipher, into, lines, actor="console:test", now=now)


def faults(data: bytes) -> list[str]:
    with pytest.raises(BadKeys) as refused:
        read_keys(data)
    return refused.value.faults


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"A-1\nB-2\n", [(1, "A-1"), (2, "B-2")]),
        (b"A-1\r\nB-2", [(1, "A-1"), (2, "B-2")]),
        (b"\xef\xbb\xbfkey\nA-1\n", [(2, "A-1")]),
        (b"\n\n A-1 \n\n\nB-2\n", [(3, "A-1"), (6, "B-2")]),
        (b"number,KEY,note\n1,A-1,x\n2,B-2,y\n", [(2, "A-1"), (3, "B-2")]),
        (b'"A,1"\n"say ""hi"""\n', [(1, "A,1"), (2, 'say "hi"')]),
        ("ключ-1\n".encode(), [(1, "ключ-1")]),
        (b"A 1\n", [(1, "A 1")]),
    ],
)
def test_one_column_or_a_header_with_the_key(data: bytes, keys: Sequence[tuple[int, str]]) -> None:
    assert read_keys(data) == keys


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "there is no key in the file"),
        (b" \n\n", "there is no key in the file"),
        (b"key\n", "there is no key in the file"),
        (b"A\nB,C\n", "line 2: has 2 columns"),
        (b"n,key\n1,A\n2\n", "line 3: has no column 2"),
        (b"n,key\n1,\n", "line 2: has no key"),
        (b"A\xff\n", "line 1: is not UTF-8"),
        (b"A\nB\n\xd4\xd4\n", "line 3: is not UTF-8"),
        ("A\nB\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\x00\x00", "not text"),
        (b'"A\nB\n', "is not CSV"),
        (b"A" * 501, "more than 500 characters"),
        (b"A\x07B\n", "cannot be seen"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(data: bytes, fault: str) -> None:
    assert any(fault in one for one in faults(data)), faults(data)


def test_faults_name_lines_and_never_what_stands_there() -> None:
    said = faults(b"SECRET-1,SECRET-2\nSECRET-3\x07\nn,SECRET-4\n")
    assert [one.split(":")[0] for one in said] == ["line 1", "line 2", "line 3"]
    assert "SECRET" not in str(said)


def test_what_is_too_large_is_said_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 10)
    assert "split it" in faults(b"A" * 11)[0]
    monkeypatch.setattr(reading, "LARGEST", 1000)
    monkeypatch.setattr(reading, "MOST", 2)
    assert faults(b"A\nB\nC\n") == ["there are 3 keys in the file, and at most 2 are imported at once: split it"]


# --- the pool ---------------------------------------------------------------------------------------------------------


def test_keys_are_sealed_and_found_by_their_fingerprints(tx: Session, now: datetime) -> None:
    assert put(tx, now, "A-1", "B-2") == 2
    found = pool.find(tx, CIPHER, "B-2")
    assert found is not None
    assert pool.plain(CIPHER, found) == "B-2"
    assert pool.find(tx, CIPHER, "b-2") is None
    whole = str(tx.execute(text("SELECT t::text FROM licence_keys t")).all())
    assert "A-1" not in whole
    assert tx.scalar(text("SELECT detail FROM audit_log WHERE subject = 'pool:games'")) == {"keys": 2}


def test_a_key_twice_is_refused_with_its_lines_and_nothing_is_imported(tx: Session, now: datetime) -> None:
    put(tx, now, "A-1", into="other")
    with pytest.raises(BadKeys) as refused, tx.begin_nested():
        put(tx, now, "N-1", "A-1", "N-2", "N-1")
    assert refused.value.faults == [
        "line 4: the same key as in line 1",
        "line 2: the pool other has this key already",
    ]
    assert [(one.pool, one.total) for one in provisioning.licences.pools(tx)] == [("other", 1)]


def test_faults_beyond_the_first_thousands_are_found(tx: Session, now: datetime) -> None:
    put(tx, now, "K-7999")
    with pytest.raises(BadKeys) as refused, tx.begin_nested():
        put(tx, now, *(f"K-{n}" for n in range(8000)))
    assert refused.value.faults == ["line 8000: the pool games has this key already"]
    assert provisioning.licences.pools(tx)[0].total == 1


def test_a_key_of_an_earlier_secret_is_known(tx: Session, now: datetime) -> None:
    put(tx, now, "A-1")
    turned = Cipher("another secret of sixteen", ["a secret of sixteen letters"])
    with pytest.raises(BadKeys), tx.begin_nested():
        put(tx, now, "A-1", cipher=turned)
    found = pool.find(tx, turned, "A-1")
    assert found is not None
    assert pool.plain(turned, found) == "A-1"


def test_progress_is_told_and_everything_arrives(tx: Session, now: datetime) -> None:
    heard: list[int] = []
    lines = [(n, f"K-{n}") for n in range(1, 12_001)]
    provisioning.licences.import_keys(tx, CIPHER, "games", lines, actor="console:test", now=now, progress=heard.append)
    assert heard == [5000, 10_000, 12_000]
    assert provisioning.licences.pools(tx)[0].free == 12_000


@pytest.mark.parametrize("name", ["", "Games", "a b", "-a", "a" * 32, "игры"])
def test_a_pool_has_a_name_like_a_good(tx: Session, now: datetime, name: str) -> None:
    with pytest.raises(BadKeys):
        put(tx, now, "A-1", into=name)


def test_two_imports_at_once_take_turns(db: Database, now: datetime) -> None:
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        def pause(_done: int) -> None:
            inside.set()
            leave.wait(10)

        with db.begin() as tx:
            provisioning.licences.import_keys(
                tx, CIPHER, "games", [(1, "A-1")], actor="console:test", now=now, progress=pause
            )

    running = threading.Thread(target=first)
    running.start()
    assert inside.wait(10)
    with pytest.raises(ImportRunning), db.begin() as tx:
        put(tx, now, "A-1")
    leave.set()
    running.join()
    with pytest.raises(BadKeys), db.begin() as tx:
        put(tx, now, "A-1")
    with db.begin() as tx:
        assert provisioning.licences.pools(tx)[0].total == 1
