"""Every message about files and tasks, in each language, taken by Telegram."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services import provisioning
from services.notifications.messages import KINDS
from services.notifications.tell import queue
from tests.services.provisioning.goods_sold import operators, owned, sell
from tests.world import Kiosk

ALPHABETS = {
    "ru": re.compile(r"[ыэъё]|\b(в|и|не|ваш)\b"),
    "uk": re.compile(r"[іїєґ]|\b(можна|завантажте)\b", re.IGNORECASE),
    "en": re.compile(r"\b(is|the|it|has|we)\b", re.IGNORECASE),
}


@pytest.mark.parametrize("language", ["ru", "uk", "en"])
def test_every_message_about_goods_is_in_the_persons_language(kiosk: Kiosk, language: str) -> None:
    assert kiosk.kit.storage is not None
    person = kiosk.person("Anna <b>", language)
    operators(kiosk, person)
    sell(kiosk, "manual", title={"ru": "А <i>", "uk": "А <i>", "en": "A <i>"})
    kiosk.buy(person, "thing")
    task = {"task_id": 1, "party": str(person.party)}
    access = {"grant_id": owned(kiosk, person).grant_id, "subscription_id": owned_subscription(kiosk)}
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_reason(tx, 1, "Нет <мест>", "operator:1", kiosk.now)
    forms: dict[str, list[dict[str, Any]]] = {
        "task_waiting": [
            {**task, **access, "hours": hours, "again": again} for hours, again in ((1, False), (24, True))
        ],
        "task_declined": [{**task, **access, "refund_id": refund} for refund in (0, 1)],
        "admin_task": [task],
        "admin_task_overdue": [task],
    }
    said = told(kiosk, person.telegram_id, forms)
    kiosk.kit.storage.put("handbook.pdf", b"%PDF", "application/pdf")
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("DELETE FROM access_tasks")
        tx.connection().exec_driver_sql("DELETE FROM access_grants")
        tx.connection().exec_driver_sql("DELETE FROM goods")
    sell(kiosk, "file", file="handbook.pdf", file_name="<b>.pdf")
    kiosk.buy(person, "thing")
    access = {"grant_id": owned(kiosk, person).grant_id, "subscription_id": owned_subscription(kiosk)}
    files = {"document": [access], "document_ready": [access]}
    said += told(kiosk, person.telegram_id, files)
    assert {*forms, *files} == {kind for kind in KINDS if re.search("document|task", kind)}
    assert len(said) == 8
    for text in said:
        assert ALPHABETS[language].search(text), text
        assert not re.search(r"\{\w+\}", text), text


def owned_subscription(kiosk: Kiosk) -> int:
    return int(kiosk.scalar("SELECT max(id) FROM subscriptions"))


def told(kiosk: Kiosk, telegram_id: int, forms: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The texts of these messages as Telegram got them."""
    for kind, params in forms.items():
        for number, one in enumerate(params):
            with kiosk.kit.db.begin() as tx:
                queue(tx, telegram_id, kind, f"test:{kind}:{number}", one, kiosk.now)
    kiosk.drain()
    assert kiosk.count("messages", "key LIKE 'test:%' AND state <> 'sent'") == 0
    wanted = sum(map(len, forms.values()))
    chat = kiosk.http.get(f"/telegram/chat/api/users/{telegram_id}/messages").json()
    mine = [message for message in chat["messages"] if message["from"]["is_bot"]][-wanted:]
    return [message.get("text") or message["caption"] for message in mine]


def test_nothing_is_said_of_a_task_that_somebody_has_closed(kiosk: Kiosk) -> None:
    person = kiosk.person()
    sell(kiosk, "manual")
    kiosk.buy(person, "thing")
    with kiosk.kit.db.begin() as tx:
        provisioning.tasks.write_answer(tx, kiosk.kit.cipher, 1, "text", "x", "operator:1", kiosk.now)
        provisioning.tasks.send_answer(tx, 1, "operator:1", kiosk.now)
        for kind in ("admin_task", "admin_task_overdue"):
            params = {"task_id": 1, "party": str(person.party)}
            queue(tx, person.telegram_id, kind, f"test:{kind}", params, kiosk.now)
    kiosk.drain()
    assert kiosk.count("messages", "key LIKE 'test:%' AND state = 'refused'") == 2
