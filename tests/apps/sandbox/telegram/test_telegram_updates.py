from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from tests.apps.sandbox.telegram.running_telegram import Telegram


def texts(updates: list[dict]) -> list[str]:
    return [update["message"]["text"] for update in updates]


def test_updates_come_again_until_a_later_offset_confirms_them(telegram: Telegram, anna: int) -> None:
    for text in ("a", "b", "c"):
        telegram.act(anna, "text", text=text)
    first = telegram.call("getUpdates")
    assert texts(first) == ["a", "b", "c"]
    assert telegram.call("getUpdates") == first
    ids = [update["update_id"] for update in first]
    assert ids == list(range(ids[0], ids[0] + 3))
    assert texts(telegram.call("getUpdates", offset=ids[1])) == ["b", "c"]
    assert texts(telegram.call("getUpdates")) == ["b", "c"]
    assert texts(telegram.call("getUpdates", limit=1)) == ["b"]
    assert telegram.call("getUpdates", offset=ids[2] + 1) == []


def test_a_negative_offset_forgets_all_but_the_last(telegram: Telegram, anna: int) -> None:
    for text in ("a", "b", "c"):
        telegram.act(anna, "text", text=text)
    assert texts(telegram.call("getUpdates", offset=-2)) == ["b", "c"]
    assert texts(telegram.call("getUpdates")) == ["b", "c"]


def test_a_long_poll_returns_at_the_next_update(telegram: Telegram, anna: int) -> None:
    with ThreadPoolExecutor() as threads:
        poll = threads.submit(telegram.call, "getUpdates", timeout=30)
        telegram.act(anna, "text", text="hello")
        assert texts(poll.result(timeout=10)) == ["hello"]


def test_of_two_polls_the_older_is_terminated(telegram: Telegram, anna: int) -> None:
    with ThreadPoolExecutor() as threads:
        polls = {threads.submit(telegram.raw, "getUpdates", {"timeout": 30}) for _ in range(2)}
        done, waiting = wait(polls, timeout=10, return_when=FIRST_COMPLETED)
        [older], [newer] = done, waiting
        assert older.result()["error_code"] == 409
        assert older.result()["description"].startswith("Conflict: terminated by other getUpdates request")
        telegram.act(anna, "text", text="hello")
        assert texts(newer.result(timeout=10)["result"]) == ["hello"]


def test_polling_and_a_webhook_exclude_each_other(telegram: Telegram) -> None:
    with ThreadPoolExecutor() as threads:
        poll = threads.submit(telegram.raw, "getUpdates", {"timeout": 30})
        telegram.call("setWebhook", url="http://127.0.0.1:9/hook")
        assert poll.result(timeout=10)["error_code"] == 409
    assert telegram.refusal("getUpdates") == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
    telegram.call("deleteWebhook")
    assert telegram.call("getUpdates") == []


def test_allowed_updates_stay_until_they_are_given_again(telegram: Telegram, anna: int) -> None:
    message = telegram.call("sendMessage", chat_id=anna, text="x")
    telegram.call("getUpdates", allowed_updates=["callback_query"])
    telegram.act(anna, "text", text="not wanted")
    telegram.call("getUpdates")
    telegram.act(anna, "tap", message_id=message["message_id"], data="1")
    assert ["callback_query" in update for update in telegram.call("getUpdates")] == [True]
    telegram.call("getUpdates", allowed_updates=[])
    telegram.act(anna, "text", text="wanted")
    assert telegram.call("getUpdates")[-1]["message"]["text"] == "wanted"


def test_a_raw_update_is_queued_as_it_is(telegram: Telegram, anna: int) -> None:
    telegram.call("getUpdates", allowed_updates=["callback_query"])
    poison = {"message": {"date": "never"}, "brand_new": [1]}
    pushed = telegram.client.post("/chat/api/updates", json=poison).json()
    assert telegram.call("getUpdates") == [{**poison, "update_id": pushed["update_id"]}]
