"""A person decides over the API: once, by the rules, with a line in the audit log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.sandbox.stack import Stack
from apps.web.api.receipts_shapes import Reason, State
from services import receipts
from services.platform.db import Database
from services.receipts.views import OPEN
from tests.apps.web.api_caller import faults, new_key, problem
from tests.apps.web.receipts_front import ADDRESS, Front, front_in, promise
from tests.factories import at_once, database_url

BOUGHT = [{"name": "Цитрамон-Дарниця №10", "quantity": "2", "price": "60.25", "sum": "120.50"}]


@pytest.fixture
def front(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[Front]:
    """With a campaign that gives a hryvnia for Citramon, two in all."""
    with front_in(database_url(db), stack.redis_url, None) as front:
        promise(front.kit, budget="2.00")
        yield front


def waiting(front: Front, **facts: object) -> int:
    return int(front.typed(front.person(), **({"lines": BOUGHT} | facts)).json()["receipt_id"])


def acts(front: Front) -> list[tuple[str, str]]:
    with front.kit.db.begin() as tx:
        return [
            tuple(row) for row in tx.execute(text("SELECT action, actor FROM audit_log WHERE subject LIKE 'receipt:%'"))
        ]


def test_codes_are_those_of_the_core() -> None:
    assert set(get_args(Reason)) == receipts.REASONS
    assert set(get_args(State)) == OPEN | {"paid", "pay_failed", "rejected", "reversed"}


def test_the_queue_comes_in_pages_oldest_first(front: Front) -> None:
    ids = [waiting(front) for _ in range(3)]
    first = front.api.get(f"{ADDRESS}/review?limit=2").json()
    second = front.api.get(f"{ADDRESS}/review?limit=2&after={first['next']}").json()
    assert [[one["receipt_id"] for one in page["receipts"]] for page in (first, second)] == [ids[:2], ids[2:]]
    assert second["next"] is None
    assert faults(front.api.get(f"{ADDRESS}/review?before=1")) == ["before"]


def test_what_is_approved_earns_by_the_rules_once(front: Front) -> None:
    own = waiting(front)
    done = front.api.post(f"{ADDRESS}/{own}/approve", {"note": "the picture is clear"}).json()
    assert (done["state"], done["bonus"], done["campaign"], done["reviewed"]) == (
        "approved",
        {"value": "1.00", "currency": "UAH"},
        "citramon",
        True,
    )
    assert done["decision"]["outcome"] == "accepted"
    assert done["decision"]["trace"]
    for again in ("approve", "reject", "correct"):
        body = {"approve": {}, "reject": {"reason": "other"}, "correct": {"total": "1.00"}}[again]
        assert problem(front.api.post(f"{ADDRESS}/{own}/{again}", body)) == (409, "receipt_not_in_review")
    actors = {actor.partition(":")[0] for _, actor in acts(front)}
    assert ([action for action, _ in acts(front)], actors) == (["receipt.approve"], {"client"})


def test_ten_who_approve_at_once_never_pass_the_budget(front: Front) -> None:
    ids = [waiting(front, total=f"{number}.50") for number in range(121, 124)]
    answers = at_once(9, lambda number: front.api.post(f"{ADDRESS}/{ids[number % 3]}/approve"))
    assert Counter(answer.status_code for answer in answers) == {200: 2, 409: 7}
    left = [one for one in ids if front.look(one).state == "review"]
    refused = front.api.post(f"{ADDRESS}/{left[0]}/approve")
    assert (problem(refused), refused.json()["reason"]) == ((409, "receipt_not_payable"), "limit_budget")


def test_what_the_rules_would_not_pay_stays_in_review(front: Front) -> None:
    own = waiting(front, lines=[{"name": "Хліб", "price": "120.50", "sum": "120.50"}])
    refused = front.api.post(f"{ADDRESS}/{own}/approve")
    assert (problem(refused), refused.json()["reason"]) == ((409, "receipt_not_payable"), "no_product")
    assert (front.look(own).state, acts(front)) == ("review", [])


def test_corrections_count_and_stay_in_review(front: Front) -> None:
    own = waiting(front, lines=[])
    for bad in ({}, {"total": "0"}, {"date": "9999-01-01"}, {"lines": [{"name": "x", "price": "1", "sum": "0.00"}]}):
        assert faults(front.api.post(f"{ADDRESS}/{own}/correct", bad))
    after = front.api.post(f"{ADDRESS}/{own}/correct", {"lines": BOUGHT, "time": "00:05"}).json()
    assert (after["state"], after["read"]["total"], after["read"]["time"]) == ("review", "120.50", "00:05")
    assert front.api.post(f"{ADDRESS}/{own}/approve").json()["state"] == "approved"
    assert [action for action, _ in acts(front)] == ["receipt.correct", "receipt.approve"]


def test_what_is_rejected_says_why(front: Front) -> None:
    own = waiting(front)
    for bad in ({}, {"reason": "ugly"}, {"reason": "other", "note": ""}, {"reason": "other", "text": "x"}):
        assert faults(front.api.post(f"{ADDRESS}/{own}/reject", bad))
    done = front.api.post(f"{ADDRESS}/{own}/reject", {"reason": "no_product", "note": "bread"}).json()
    assert (done["state"], done["reason"], done["bonus"]) == ("rejected", "no_product", None)
    assert [action for action, _ in acts(front)] == ["receipt.reject"]


def test_only_reviewers_decide_and_only_about_what_is_there(front: Front) -> None:
    own = waiting(front)
    for act, body in (("approve", None), ("reject", {"reason": "other"}), ("correct", {"total": "1.00"})):
        assert problem(front.api.post(f"{ADDRESS}/9999/{act}", body)) == (404, "receipt_not_found")
        assert problem(front.api.post(f"{ADDRESS}/x/{act}", body)) == (404, "not_found")
    front.api.key = new_key(front.kit, "receipts:read", "receipts:write", "payments")
    for act in ("approve", "reject", "correct"):
        assert problem(front.api.post(f"{ADDRESS}/{own}/{act}", {})) == (403, "insufficient_scope")
    assert problem(front.api.get(f"{ADDRESS}/review")) == (403, "insufficient_scope")
