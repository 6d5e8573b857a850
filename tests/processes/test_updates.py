"""What Telegram may send: rubbish between good updates, a hundred taps at once; by polling and to the webhook."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from services.platform.tls import trusted
from tests.processes import books
from tests.processes.crowd import first_button
from tests.processes.town import EVERYTHING, Town

pytestmark = pytest.mark.process
TAPS = 100
PROMPT = 3.0  # seconds
SECRET = "a-secret-of-the-tests"


def test_poison_between_good_updates_keeps_nobody_waiting(town: Town) -> None:
    town.keep(*EVERYTHING)
    anna = town.person("Anna", patience=30)
    anna.say("/start")
    poison: dict[str, dict[str, Any]] = {
        "undecodable": {"message": {"message_id": "none", "date": 1, "chat": "private"}},
        "crashing": {"message": message(telegram_id=2**70, text="/start")},  # no column takes that id
        "unstorable": {"message": message(telegram_id=anna.id, text="\x00")},  # nor PostgreSQL this character
    }
    numbers = {name: town.tell("/telegram/chat/api/updates", **update)["update_id"] for name, update in poison.items()}
    anna.say("/start")

    def states() -> dict[int, str]:
        return dict(books.rows(town, "SELECT update_id, state FROM telegram_updates"))

    town.until("all are closed", lambda: "new" not in states().values())
    assert states()[numbers["undecodable"]] == "undecodable"
    assert states()[numbers["crashing"]] in ("done", "failed")
    assert numbers["unstorable"] not in states()
    assert town.processes["worker"].alive()


def test_a_hundred_taps_of_one_person_delay_nobody_else(town: Town) -> None:
    town.keep(*EVERYTHING)
    anna, boris = town.person("Anna", patience=30), town.person("Boris", patience=30)
    screen = anna.say("/start")
    boris.say("/start")
    seen = len(town.ask("/telegram/log"))
    order = {"message_id": screen["message_id"], "data": first_button(screen)["callback_data"]}
    queries = {town.tell(f"/telegram/chat/api/users/{anna.id}/tap", **order)["callback_query_id"] for _ in range(TAPS)}
    began = time.monotonic()
    boris.say("/start")
    assert time.monotonic() - began < PROMPT

    def answered() -> list[str]:
        calls = town.ask("/telegram/log")[seen:]
        return [call["args"]["callback_query_id"] for call in calls if call["method"] == "answerCallbackQuery"]

    town.until("all taps are answered", lambda: len(answered()) >= TAPS)
    assert sorted(answered()) == sorted(queries)  # once each, though there are two workers
    assert town.ask("/telegram/problems") == []


def test_in_webhook_mode_a_web_that_comes_and_goes_loses_nothing(town: Town) -> None:
    public = {"PUBLIC_URL": town.web_url, "TELEGRAM_MODE": "webhook", "TELEGRAM_WEBHOOK_SECRET": SECRET}
    town.keep("web", "worker", **public)
    anna = town.person("Anna", patience=60)
    anna.say("/start")

    wrong = {"X-Telegram-Bot-Api-Secret-Token": "another-secret-of-theirs"}
    with httpx.Client(base_url=town.web_url, verify=trusted(), trust_env=False) as stranger:
        assert stranger.post("/webhooks/telegram", json={"update_id": 1}, headers=wrong).status_code == 403
        assert stranger.post("/webhooks/telegram", json={"update_id": 1}).status_code == 403

    assert town.stop("web") == 0
    for number in range(5):
        town.tell(f"/telegram/chat/api/users/{anna.id}/text", text=f"/start {number}")
    town.restart("web")
    anna.say("/start last")
    town.until("each /start has its answer", lambda: len(books.chat(town, anna)) == 7)
    assert town.ask("/telegram/problems") == []


def message(*, telegram_id: int, text: str) -> dict[str, Any]:
    """Telegram Bot API, Message."""
    person = {"id": telegram_id, "is_bot": False, "first_name": "Poison"}
    return {"message_id": 1, "date": 1, "from": person, "chat": {"id": telegram_id, "type": "private"}, "text": text}
