import asyncio
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from apps.sandbox.telegram import create_app
from apps.sandbox.telegram.snapshot import Snapshot
from tests.apps.sandbox.telegram.running_telegram import Clock, Telegram


def test_a_restart_forgets_nothing(tmp_path: Path, clock: Clock) -> None:
    with TestClient(create_app(tmp_path, clock)) as client:
        telegram = Telegram(client)
        anna = telegram.person()
        files = {"document": ("a.txt", b"bytes", "text/plain")}
        message = telegram.call("sendDocument", files=files, chat_id=anna, caption="c")
        query = telegram.act(anna, "tap", message_id=message["message_id"], data="1")
        telegram.call("setMyCommands", commands=[{"command": "start", "description": "d"}])
        pending = telegram.call("getUpdates", allowed_updates=["message", "callback_query"])
        chat = telegram.chat(anna)

    with TestClient(create_app(tmp_path, clock)) as client:
        telegram = Telegram(client)
        assert telegram.chat(anna) == chat
        assert telegram.call("getUpdates") == pending
        assert client.get(f"/chat/api/users/{anna}/files/{message['document']['file_id']}").content == b"bytes"
        assert telegram.call("getMyCommands")[0]["command"] == "start"
        telegram.call("answerCallbackQuery", **query)
        telegram.act(anna, "block")
        assert telegram.call("getUpdates") == pending, "my_chat_member was not asked for"
        assert telegram.person(started=False) == anna + 1
        telegram.act(anna, "unblock")
        assert telegram.call("sendMessage", chat_id=anna, text="x")["message_id"] == message["message_id"] + 1
        telegram.act(anna, "text", text="x")
        assert telegram.call("getUpdates")[-1]["update_id"] == pending[-1]["update_id"] + 1


def test_a_webhook_outlives_a_restart(tmp_path: Path, clock: Clock) -> None:
    with TestClient(create_app(tmp_path, clock)) as client:
        Telegram(client).call("setWebhook", url="http://127.0.0.1:9/", max_connections=7)
    with TestClient(create_app(tmp_path, clock)) as client:
        info = Telegram(client).call("getWebhookInfo")
        assert (info["url"], info["max_connections"]) == ("http://127.0.0.1:9/", 7)


def test_a_write_that_fails_leaves_the_old_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"a": 1}')
    state: dict[str, object] = {"a": 2}
    snapshot = Snapshot(path, lambda: state)
    assert snapshot.read() == {"a": 1}

    async def change() -> None:
        snapshot.schedule()
        snapshot.flush()

    asyncio.run(change())
    assert snapshot.read() == {"a": 2}
    state["a"] = 1j
    with pytest.raises(TypeError):
        asyncio.run(change())
    assert snapshot.read() == {"a": 2}
