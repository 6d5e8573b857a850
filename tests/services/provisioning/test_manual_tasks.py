"""What a person gives: tasks are opened once, held by one operator, answered once, and dropped when nobody needs
them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from services import billing, provisioning, subscriptions
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.manual import Manual
from services.provisioning.tasks import BadAnswer, Task, TaskClosed, TaskNotFound, TaskTaken
from tests.services.provisioning.goods_sold import (
    end,
    everything_written,
    operators,
    owned,
    sell,
    shown,
    touch,
    wish,
)
from tests.world import Kiosk, Person

IVAN, OLGA = "operator:1", "operator:2"
SECRET = "логин anna, пароль 7f3-secret"


def waiting(kiosk: Kiosk) -> list[Task]:
    with kiosk.kit.db.begin() as tx:
        return provisioning.tasks.open_tasks(tx)


def only(kiosk: Kiosk) -> Task:
    (one,) = waiting(kiosk)
    return one


def answer(kiosk: Kiosk, task_id: int, content: str = SECRET, kind: Any = "text", operator: str = IVAN) -> None:
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, task_id, kind, content, operator, kiosk.now)
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.send_answer(tx, task_id, operator, kiosk.now)
    kiosk.drain()


def decline(kiosk: Kiosk, task_id: int, *, refund: bool, operator: str = IVAN) -> int | None:
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_reason(tx, task_id, "Закончились места.", operator, kiosk.now)
        refund_id = provisioning.tasks.decline_task(
            tx, kiosk.kit.providers, task_id, refund=refund, operator=operator, now=kiosk.now
        )
    kiosk.drain()
    return refund_id


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    sell(kiosk, "manual", hours=6, title={"ru": "Аккаунт"})
    person = kiosk.person("Анна")
    operators(kiosk, kiosk.person("Оператор"))
    kiosk.buy(person, "thing")
    return person


def test_a_purchase_is_a_task_and_the_buyer_is_told_to_wait(kiosk: Kiosk, anna: Person) -> None:
    one = only(kiosk)
    assert (one.kind, one.state, one.party) == ("give", "open", anna.party)
    assert one.due_at - one.opened_at == timedelta(hours=6)
    assert owned(kiosk, anna).state == "preparing"
    (said,) = [message for message in kiosk.messages(anna) if "оператор" in message["text"].lower()]
    assert "6 часов" in said["text"]
    assert kiosk.undone() == []
    assert kiosk.count("messages", "kind = 'admin_task' AND state = 'sent'") == 1
    assert kiosk.count("messages", "kind = 'access_delayed'") == 0


@pytest.mark.parametrize(
    ("kind", "content"), [("text", SECRET), ("link", "https://example.org/anna?key=1"), ("key", "AAAA-BBBB")]
)
def test_the_answer_becomes_the_buyers(kiosk: Kiosk, anna: Person, kind: str, content: str) -> None:
    answer(kiosk, only(kiosk).id, f"  {content}\n", kind)
    (one,) = shown(kiosk, anna)
    assert (one.kind, one.content) == (kind, content)
    assert waiting(kiosk) == []
    fresh = "name = 'provisioning.access_granted' AND (body->>'fresh')::boolean"
    assert kiosk.count("outbox_events", fresh) == 1
    touch(kiosk, anna)
    assert kiosk.count("outbox_events", fresh) == 1


def test_applying_again_opens_no_second_task(kiosk: Kiosk, anna: Person) -> None:
    adapter, grant = Manual(kiosk.kit.cipher), wish(kiosk, anna)
    for _ in range(2):
        assert adapter.apply(kiosk.kit.db, grant, {}, kiosk.now).state == "absent"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: adapter.apply(kiosk.kit.db, grant, {}, kiosk.now), range(8)))
    assert kiosk.count("access_tasks") == 1
    kiosk.buy(anna, "thing")  # a longer time is the same task
    assert kiosk.count("access_tasks") == 1


def test_two_operators_at_once_and_one_has_it(kiosk: Kiosk, anna: Person) -> None:
    task_id = only(kiosk).id

    def take(operator: str) -> bool:
        try:
            with kiosk.kit.db.begin() as tx:
                provisioning.tasks.take_task(tx, task_id, operator, kiosk.now)
        except TaskTaken:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(take, [f"operator:{n}" for n in range(6)]))
    assert sum(taken) == 1
    assert take(only(kiosk).operator or "")  # twice by the same is once


def test_one_operator_does_not_answer_for_another(kiosk: Kiosk, anna: Person) -> None:
    task_id = only(kiosk).id
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, task_id, "text", SECRET, IVAN, kiosk.now)
    for act in (provisioning.tasks.send_answer, provisioning.tasks.put_back_task, provisioning.tasks.take_task):
        with pytest.raises(TaskTaken), kiosk.kit.db.begin() as tx:
            act(tx, task_id, OLGA, kiosk.now)
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.put_back_task(tx, task_id, IVAN, kiosk.now)
    with pytest.raises(BadAnswer), kiosk.kit.db.begin() as tx:
        provisioning.tasks.send_answer(tx, task_id, OLGA, kiosk.now)  # what Ivan wrote is not hers to send


def test_answered_by_two_at_once_it_is_given_once(kiosk: Kiosk, anna: Person) -> None:
    task_id = only(kiosk).id
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, task_id, "text", SECRET, IVAN, kiosk.now)

    def send(_: int) -> bool:
        try:
            with kiosk.kit.db.begin() as tx:
                provisioning.tasks.send_answer(tx, task_id, IVAN, kiosk.now)
        except TaskClosed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(send, range(4))) == 1
    kiosk.drain()
    assert kiosk.count("messages", "kind = 'task_waiting'") == 1
    assert kiosk.count("audit_log", "action = 'access.answer'") == 1
    with pytest.raises(TaskClosed):
        decline(kiosk, task_id, refund=True)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text", "  "),
        ("text", "x" * 3001),
        ("key", "k" * 1001),
        ("text", "a\0b"),
        ("link", "http://example.org"),
        ("link", "javascript:alert(1)"),
        ("link", "https://"),
        ("link", "https://exa mple.org"),
    ],
)
def test_what_cannot_be_an_answer_changes_nothing(kiosk: Kiosk, anna: Person, kind: Any, content: str) -> None:
    with pytest.raises(BadAnswer), kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, only(kiosk).id, kind, content, IVAN, kiosk.now)
    assert only(kiosk).state == "open"
    with pytest.raises(TaskNotFound), kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, 99, "text", "x", IVAN, kiosk.now)


def test_a_decline_gives_the_money_back_once_and_ends_it(kiosk: Kiosk, anna: Person) -> None:
    task_id = only(kiosk).id
    refund_id = decline(kiosk, task_id, refund=True)
    kiosk.hurry()
    with kiosk.kit.db.begin() as tx:
        assert refund_id is not None
        refund = billing.refund(tx, refund_id)
    assert (refund.state, refund.amount.minor) == ("succeeded", 10000)
    assert owned(kiosk, anna).state == "ended"
    assert waiting(kiosk) == []
    said = [message["text"] for message in kiosk.messages(anna) if "Закончились места." in message.get("text", "")]
    assert len(said) == 1
    assert "Деньги возвращаем" in said[0]
    with pytest.raises(TaskClosed):
        decline(kiosk, task_id, refund=True)
    assert kiosk.count("refunds") == 1
    assert kiosk.scalar("SELECT actor FROM audit_log WHERE action = 'access.decline'") == IVAN
    assert kiosk.faults() == []


def test_a_decline_without_a_refund_is_not_asked_for_again(kiosk: Kiosk, anna: Person) -> None:
    assert decline(kiosk, only(kiosk).id, refund=False) is None
    touch(kiosk, anna)
    assert waiting(kiosk) == []
    assert kiosk.count("refunds") == 0
    assert kiosk.messages(anna)[-1]["text"].endswith("Закончились места.")
    kiosk.buy(anna, "thing")  # paid again: asked again
    assert only(kiosk).kind == "give"


def test_what_nobody_paid_for_is_not_refunded(kiosk: Kiosk, anna: Person) -> None:
    one = only(kiosk)
    kiosk.refund(kiosk.scalar("SELECT max(id) FROM payments"), access="keep")
    kiosk.drain()
    with pytest.raises(billing.NotRefundable):
        decline(kiosk, one.id, refund=True)
    assert only(kiosk).state == "open"
    with kiosk.kit.db.begin() as tx, pytest.raises(BadAnswer):
        provisioning.tasks.decline_task(tx, kiosk.kit.providers, one.id, refund=False, operator=IVAN, now=kiosk.now)


def test_a_task_is_dropped_when_access_ends_before_it_is_done(kiosk: Kiosk, anna: Person) -> None:
    one = only(kiosk)
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, one.id, "text", SECRET, IVAN, kiosk.now)
    end(kiosk, anna)
    assert waiting(kiosk) == []
    with pytest.raises(TaskClosed), kiosk.kit.db.begin() as tx:
        provisioning.tasks.send_answer(tx, one.id, IVAN, kiosk.now)
    assert shown(kiosk, anna) == []


def test_ending_opens_a_task_to_take_it_back_where_the_good_says_so(kiosk: Kiosk, anna: Person) -> None:
    answer(kiosk, only(kiosk).id)
    sell(kiosk, "manual", hours=6, take_back=True)
    end(kiosk, anna)
    one = only(kiosk)
    assert one.kind == "take_back"
    touch(kiosk, anna)
    assert kiosk.count("access_tasks") == 2
    with pytest.raises(BadAnswer):
        answer(kiosk, one.id)
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.finish_task(tx, one.id, IVAN, kiosk.now)
    touch(kiosk, anna)
    assert waiting(kiosk) == []
    kiosk.buy(anna, "thing")  # it is gone: given anew
    assert only(kiosk).kind == "give"


def test_a_renewal_before_it_is_taken_back_keeps_it(kiosk: Kiosk, anna: Person) -> None:
    sell(kiosk, "manual", take_back=True)
    answer(kiosk, only(kiosk).id)
    end(kiosk, anna)
    assert only(kiosk).kind == "take_back"
    with kiosk.kit.db.begin() as tx:  # a pay that came late: the same grant is wanted again
        row = tx.get_one(AccessGrantRow, only(kiosk).grant_id)
        row.wanted = "active"
    touch(kiosk, anna)
    assert waiting(kiosk) == []
    assert [one.content for one in shown(kiosk, anna)] == [SECRET]


def test_without_that_option_an_end_asks_nothing_of_operators(kiosk: Kiosk, anna: Person) -> None:
    answer(kiosk, only(kiosk).id)
    end(kiosk, anna)
    assert waiting(kiosk) == []
    assert owned(kiosk, anna).state == "ended"


def test_a_rotation_is_another_task_and_the_old_answer_stays_until_then(kiosk: Kiosk, anna: Person) -> None:
    answer(kiosk, only(kiosk).id)
    mine = owned(kiosk, anna)
    for _ in range(2):
        with kiosk.kit.db.begin() as tx:
            provisioning.rotate(tx, kiosk.kit.provisioners, anna.party, mine.grant_id, generation=0, now=kiosk.now)
    kiosk.drain()
    assert [one.content for one in shown(kiosk, anna)] == [SECRET]
    answer(kiosk, only(kiosk).id, "новый пароль")
    assert [one.content for one in shown(kiosk, anna)] == ["новый пароль"]
    assert kiosk.count("access_tasks") == 2


def test_a_pause_keeps_task_and_answer(kiosk: Kiosk, anna: Person) -> None:
    answer(kiosk, only(kiosk).id)
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
        subscriptions.pause(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    assert shown(kiosk, anna) == []
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    assert [one.content for one in shown(kiosk, anna)] == [SECRET]
    assert kiosk.count("access_tasks") == 1


def test_operators_are_reminded_when_it_waits_too_long_and_each_day(kiosk: Kiosk, anna: Person) -> None:
    counts = []
    for hours in (5, 2, 20, 6):
        kiosk.pass_time(timedelta(hours=hours), step=timedelta(hours=hours))
        counts.append(kiosk.count("messages", "kind = 'admin_task_overdue'"))
    assert counts == [0, 1, 1, 2]
    answer(kiosk, only(kiosk).id)
    kiosk.pass_time(timedelta(days=2), step=timedelta(days=1))
    assert kiosk.count("messages", "kind = 'admin_task_overdue'") == 2


def test_a_crash_between_answer_and_apply_loses_nothing(kiosk: Kiosk, anna: Person) -> None:
    one = only(kiosk)
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, one.id, "text", SECRET, IVAN, kiosk.now)
        provisioning.tasks.send_answer(tx, one.id, IVAN, kiosk.now)
    adapter, grant = Manual(kiosk.kit.cipher), wish(kiosk, anna)
    adapter.apply(kiosk.kit.db, grant, {}, kiosk.now)  # and the worker died with what it was told
    kiosk.drain()
    assert [artifact.content for artifact in shown(kiosk, anna)] == [SECRET]
    assert kiosk.count("access_tasks") == 1


def test_an_answer_stands_nowhere_in_plain(kiosk: Kiosk, anna: Person, capsys: pytest.CaptureFixture[str]) -> None:
    one = only(kiosk)
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, one.id, "text", SECRET, IVAN, kiosk.now)
        assert SECRET not in repr(provisioning.tasks.task(tx, kiosk.kit.cipher, one.id))
    answer(kiosk, one.id)
    assert SECRET not in everything_written(kiosk)
    for table in ("access_tasks", "access_grants"):
        assert "secret" not in str(kiosk.scalar(f"SELECT string_agg({table}::text, '') FROM {table}"))
    assert "secret" not in capsys.readouterr().out
