"""Receipts over the API: pictures and facts come in once, whatever is sent; people see their own."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
import redis as redis_client
from starlette.requests import Request

from apps.sandbox.stack import Stack
from apps.web import uploads
from apps.web.contract import File
from services import identity, receipts
from services.platform.db import Database
from services.platform.documents import BadDocument
from services.platform.errors import TryLater
from services.receipts import LARGEST
from services.receipts.rows import locked, reject
from tests.apps.web.api_caller import faults, new_key, problem
from tests.apps.web.receipts_front import ADDRESS, JPEG, Front, front_in
from tests.factories import at_once, database_url
from tests.services.receipts.desk import bought, picture
from tests.world import World


@pytest.fixture
def front(db: Database, stack: Stack, redis: redis_client.Redis, world: World) -> Iterator[Front]:
    with front_in(database_url(db), stack.redis_url, f"{world.url}/storage") as front:
        yield front


def test_a_picture_is_taken_and_told_of(front: Front) -> None:
    anna, content = front.person(), picture(bought(front.kit.clock.now(), key="ua:1:2:3"))
    answer = front.upload(f"telegram_id={anna.telegram_id}", content)
    assert answer.status_code == 202
    taken = answer.json()
    assert (taken["user_id"], taken["state"], taken["source"], taken["read"]) == (anna.id, "received", "api", None)
    kept = front.look(taken["receipt_id"])
    assert kept.client_id is not None
    assert kept.picture_key is not None
    assert front.desk.storage.get(kept.picture_key) == content
    front.desk.read(kept.id)
    shown = front.api.get(f"{ADDRESS}/{kept.id}")
    read = shown.json()["read"]
    assert (read["tier"], read["total"], read["currency"], read["fiscal_key"]) == ("B", "100.00", "UAH", "ua:1:2:3")
    assert read["lines"][0] == {
        "name": "Цитрамон-Дарниця",
        "quantity": "1",
        "price": "50",
        "sum": "50.00",
        "confidence": 90,
    }
    assert kept.picture_key not in shown.text, "nobody is told where the picture lies"


def test_a_key_makes_one_receipt_and_a_file_comes_once(front: Front) -> None:
    anna, boris, content = front.person(), front.person(), picture()
    first = front.send(anna, content, once="1")
    again = front.send(anna, content, once="1")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert problem(front.send(anna, picture(), once="1")) == (422, "idempotency_key_reused")
    assert problem(front.send(boris, content, once="1")) == (422, "idempotency_key_reused"), "another person"
    assert front.count() == 1
    double = front.send(boris, content).json()
    assert (double["state"], double["reason"]) == ("rejected", "duplicate_file")


@pytest.mark.parametrize("how", ["picture", "typed"])
def test_a_call_that_died_before_its_answer_finds_its_receipt(front: Front, how: str) -> None:
    anna, content = front.person(), picture()

    def call() -> httpx.Response:
        return front.send(anna, content, once="1") if how == "picture" else front.typed(anna, once="1")

    first = call().json()
    front.forget_answers()
    assert call().json() == first
    assert front.count() == 1


def test_a_rejected_one_is_found_by_its_call_too(front: Front) -> None:
    anna, content = front.person(), picture()
    front.send(anna, content)
    first = front.send(anna, content, once="1").json()
    front.forget_answers()
    assert front.send(anna, content, once="1").json() == first
    assert (first["reason"], front.count()) == ("duplicate_file", 2)
    other = picture()
    own = front.send(anna, other, once="2").json()["receipt_id"]
    with front.kit.db.begin() as tx:
        reject(tx, locked(tx, own), "no_product", front.kit.clock.now())
    front.forget_answers()
    again = front.send(anna, other, once="2").json()
    assert (again["receipt_id"], again["state"], front.count()) == (own, "rejected", 3)


def test_twenty_at_once_with_one_key_are_one_receipt(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 20)
    anna, content = front.person(), picture()
    answers = at_once(20, lambda _: front.send(anna, content, once="1"))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["receipt_id"] for answer in answers if answer.status_code == 202}) == 1
    assert front.count() == 1


OCTETS = {"Content-Type": "application/octet-stream"}
NO_PICTURES: dict[str, tuple[Any, dict[str, str], tuple[int, str]]] = {
    "empty": (b"", JPEG, (400, "bad_picture")),
    "svg": (b"<svg/>", JPEG, (400, "bad_picture")),
    "gif": (b"GIF89a", OCTETS, (400, "bad_picture")),
    "html": (b"\xff\xd8\xff", {"Content-Type": "text/html"}, (415, "unsupported_media_type")),
    "form": (b"\xff\xd8\xff", {"Content-Type": "multipart/form-data; boundary=x"}, (415, "unsupported_media_type")),
    "said to be large": (b"\xff\xd8\xff", JPEG | {"Content-Length": str(LARGEST + 1)}, (413, "too_large")),
    "endless": ((b"x" * 2**20 for _ in range(11)), JPEG, (413, "too_large")),
}


def test_what_is_no_picture_is_refused(front: Front) -> None:
    anna = front.person()
    for what, (content, headers, code) in NO_PICTURES.items():
        answer = front.upload(f"user_id={anna.id}", content, headers=headers)
        assert problem(answer) == code, what
        if code[1] == "bad_picture":
            assert answer.json()["reason"] == ("empty" if what == "empty" else "not_a_picture")
    assert front.count() == 0
    assert front.send(anna).status_code == 202, "each has left its place"


def test_the_true_kind_counts_and_not_the_name(front: Front) -> None:
    answer = front.upload(f"user_id={front.person().id}", b"%PDF-1.7", headers={"Content-Type": "image/png"})
    assert answer.status_code == 202
    assert front.look(answer.json()["receipt_id"]).media_type == "application/pdf"


def test_people_must_be_named_known_and_not_blocked(front: Front) -> None:
    anna = front.person()
    for unknown in ("user_id=9999", "telegram_id=123456789012"):
        assert problem(front.upload(unknown, picture())) == (404, "user_not_found")
        assert problem(front.api.get(f"{ADDRESS}?{unknown}")) == (404, "user_not_found")
    for bad in ("", "user_id=0", "user_id=-1", "user_id=1e3", f"user_id={2**63}", "user=1", "user_id=1&user_id=1"):
        assert faults(front.upload(bad, picture())), bad
    assert faults(front.upload(f"user_id={anna.id}&telegram_id={anna.telegram_id}", picture()))
    with front.kit.db.begin() as tx:
        identity.block(tx, anna.id, reason="fraud", actor="operator:1", now=front.kit.clock.now())
    assert problem(front.send(anna)) == (403, "user_blocked")
    assert problem(front.typed(anna)) == (403, "user_blocked")
    assert front.count() == 0


def test_too_many_of_one_person_are_told_when_to_come_back(front: Front) -> None:
    anna, boris = front.person(), front.person()
    answers = [front.send(anna) for _ in range(6)]
    assert Counter(answer.status_code for answer in answers) == {202: 5, 429: 1}
    assert problem(answers[-1]) == (429, "too_many_receipts")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert front.send(boris).status_code == 202


def test_when_no_room_is_left_nothing_is_lost(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.01)
    monkeypatch.setattr(uploads, "_places", [])
    monkeypatch.setattr(uploads, "AT_ONCE", 0)  # nobody finds a place
    anna, content = front.person(), picture()
    refused = front.send(anna, content, once="1")
    assert problem(refused) == (503, "try_later")
    monkeypatch.undo()
    assert front.send(anna, content, once="1").status_code == 202
    assert front.api.get(f"{ADDRESS}?user_id={anna.id}").status_code == 200


def test_who_sends_too_slowly_or_leaves_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "READ_WITHIN", 0.01)
    headers = [(b"content-type", b"image/jpeg")]

    async def silence() -> Any:
        await anyio.sleep_forever()

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    for receive, error in ((silence, TryLater), (gone, BadDocument)):
        request = Request({"type": "http", "headers": headers}, receive)
        with pytest.raises(error):
            anyio.run(uploads.read, request, File(("image/jpeg",), 100))


def test_a_storage_that_fails_loses_nothing(front: Front) -> None:
    anna, content = front.person(), picture()
    storage = front.kit.storage
    object.__setattr__(front.kit, "storage", None)
    assert problem(front.send(anna, content, once="1")) == (503, "misconfigured")
    object.__setattr__(front.kit, "storage", front.elsewhere())
    assert problem(front.send(anna, content, once="1")) == (503, "try_later")
    object.__setattr__(front.kit, "storage", storage)
    assert front.send(anna, content, once="1").json()["state"] == "received"
    assert front.count() == 1


def test_typed_facts_wait_for_a_person(front: Front) -> None:
    line = {"name": "Цитрамон", "quantity": "2", "price": "60.25", "sum": "120.50"}
    made = front.typed(front.person(), time="18:05", lines=[line], once="1")
    assert made.status_code == 201
    shown = made.json()
    assert (shown["state"], shown["source"], shown["reviewed"]) == ("review", "typed", False)
    assert (shown["read"]["tier"], shown["read"]["doubts"], shown["read"]["time"]) == ("D", ["typed_in"], "18:05")
    assert shown["read"]["lines"][0]["sum"] == "120.50"
    assert front.api.get(f"{ADDRESS}/{shown['receipt_id']}").json() == shown


IMPOSSIBLE: list[dict[str, Any]] = [
    {"total": None},
    {"total": "0"},
    {"total": "-1"},
    {"total": 120.5},
    {"total": "1e5"},
    {"total": "99999999"},
    {"total": "1.005"},
    {"date": "2026-13-01"},
    {"date": "1999-12-31"},
    {"date": "9999-12-31"},
    {"date": "today"},
    {"date": None},
    {"time": "24:00"},
    {"merchant": " "},
    {"merchant": "x" * 201},
    {"currency": "XTR"},
    {"lines": [{"name": "x", "price": "1", "sum": "0"}]},
    {"lines": [{"name": "x", "price": "1", "sum": "1"}] * 201},
    {"state": "paid"},
]


def test_impossible_facts_are_refused(front: Front) -> None:
    anna = front.person()
    for change in IMPOSSIBLE:
        assert faults(front.typed(anna, **change)), change
    assert front.count() == 0


def test_facts_of_the_future_are_refused(front: Front) -> None:
    ahead = front.kit.clock.now().date() + timedelta(days=2)
    assert faults(front.typed(front.person(), date=str(ahead))) == ["date"]


def test_what_is_not_a_persons_is_not_found(front: Front) -> None:
    anna, boris = front.person(), front.person()
    own = front.send(anna).json()["receipt_id"]
    assert front.api.get(f"{ADDRESS}/{own}?user_id={anna.id}").status_code == 200
    for other in (f"{own}?user_id={boris.id}", "9999", str(2**63 - 1)):
        assert problem(front.api.get(f"{ADDRESS}/{other}")) == (404, "receipt_not_found")
    for no_id in ("0", "x", str(2**63), "-1", "1.0"):
        assert problem(front.api.get(f"{ADDRESS}/{no_id}")) == (404, "not_found")


def test_history_comes_in_pages_of_one_person(front: Front) -> None:
    anna, boris = front.person(), front.person()
    ids = [front.send(anna).json()["receipt_id"] for _ in range(3)]
    front.send(boris)
    first = front.api.get(f"{ADDRESS}?user_id={anna.id}&limit=2").json()
    second = front.api.get(f"{ADDRESS}?telegram_id={anna.telegram_id}&limit=2&before={first['next']}").json()
    pages = [[one["receipt_id"] for one in page["receipts"]] for page in (first, second)]
    assert pages == [ids[:0:-1], ids[:1]]
    assert (first["next"], second["next"]) == (ids[1], None)
    for bad in ("limit=0", "limit=101", "limit=x", "before=0", "page=2"):
        assert faults(front.api.get(f"{ADDRESS}?user_id={anna.id}&{bad}"))


def test_statistics_count_what_was_sent_in_a_time(front: Front) -> None:
    anna, boris = front.person(), front.person()
    content = picture()
    for person in (anna, boris):
        front.send(person, content)
    found = front.api.get(f"{ADDRESS}/statistics").json()
    assert (found["count"], found["by_state"]) == (2, {"received": 1, "rejected": 1})
    assert (found["reasons"], found["paid"], found["owed"]) == ({"duplicate_file": 1}, [], [])
    assert front.api.get(f"{ADDRESS}/statistics?user_id={anna.id}").json()["by_state"] == {"received": 1}
    assert front.api.get(f"{ADDRESS}/statistics?since=2020-01-01&until=2020-02-01").json()["count"] == 0
    assert problem(front.api.get(f"{ADDRESS}/statistics?user_id=9999")) == (404, "user_not_found")


def test_impossible_times_are_refused(front: Front) -> None:
    impossible = {
        "since=2026-11-20&until=2026-11-20": "since",
        "since=2026-11-21&until=2026-11-20": "since",
        "since=2020-01-01&until=2021-06-01": "since",
        "since=yesterday": "since",
        "since=2026-11-20T10:00:00": "since",
        "until=9999-12-31": "until",
        "since=0001-01-01T00:00:00Z": "since",
        "since=9999-12-31T23:59:59-23:59": "since",
    }
    for query, field in impossible.items():
        for what in ("statistics", "export"):
            assert faults(front.api.get(f"{ADDRESS}/{what}?{query}")) == [field], query


def test_an_export_has_every_row_once_and_no_formulas(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    now = front.kit.clock.now()
    names = ["=HYPERLINK(1)", "+1", "-1", " @x", "\t=1", "＝1", 'Say "hi", all', "Аптека"]
    for name in names:
        assert front.read(front.person(), bought(now, merchant=name, total=f"{len(name)}.01"))
    answer = front.api.get(f"{ADDRESS}/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["merchant"] for row in table] == [*(f"'{name}" for name in names[:6]), *names[6:]]
    assert {row["party"].partition(":")[0] for row in table} == {"user"}
    assert (table[0]["total"], table[0]["currency"], table[0]["state"]) == ("13.01", "UAH", "read")
    for size in (1, 3, 8):
        pieces = list(receipts.export_table(front.kit.db, now - timedelta(days=1), now + timedelta(days=1), page=size))
        assert "".join(pieces) == answer.text
    assert len(front.api.get(f"{ADDRESS}/export?state=paid&format=csv").text.splitlines()) == 1
    assert faults(front.api.get(f"{ADDRESS}/export?format=xlsx")) == ["format"]


def test_scopes_open_no_more_than_they_say(front: Front) -> None:
    anna = front.person()
    own = front.send(anna).json()["receipt_id"]
    calls = {
        "receipts:write": [lambda: front.send(anna), lambda: front.typed(anna)],
        "receipts:read": [
            lambda path=path: front.api.get(f"{ADDRESS}{path}")
            for path in (f"?user_id={anna.id}", f"/{own}", "/statistics", "/export")
        ],
    }
    for scope in (*calls, "receipts:review", "payments"):
        front.api.key = new_key(front.kit, scope)
        for needed, tries in calls.items():
            for answer in (one() for one in tries):
                assert (answer.status_code < 300) == (scope == needed), f"{scope} {answer.request.url}"
                assert answer.status_code < 300 or problem(answer) == (403, "insufficient_scope")
