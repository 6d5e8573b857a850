import time

import httpx
import pytest

from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.faults import Fault, Faults
from services.platform.tls import trusted
from tests.apps.sandbox.telegram.running_telegram import Telegram


def fault(telegram: Telegram, mode: str, **more: object) -> None:
    assert telegram.client.post("/faults", json={"mode": mode, **more}).status_code == 200


@pytest.mark.parametrize(
    ("mode", "status", "description"),
    [
        ("403", 403, "Forbidden: bot was blocked by the user"),
        ("500", 500, "Internal Server Error"),
        ("429", 429, "Too Many Requests: retry after 7"),
    ],
)
def test_refusals_on_demand(telegram: Telegram, anna: int, mode: str, status: int, description: str) -> None:
    fault(telegram, mode, retry_after=7)
    answer = telegram.raw("sendMessage", {"chat_id": anna, "text": "x"})
    assert (answer["error_code"], answer["description"]) == (status, description)
    if mode == "429":
        assert answer["parameters"] == {"retry_after": 7}
    telegram.call("sendMessage", chat_id=anna, text="x")
    assert telegram.problems() == []


def test_502_is_a_page_of_html(telegram: Telegram) -> None:
    fault(telegram, "502")
    answer = telegram.client.get("/bot42:SANDBOX/getMe")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert telegram.client.get("/log").json()[-1]["status"] == 502


def test_a_fault_hits_its_method_so_many_times(telegram: Telegram, anna: int) -> None:
    fault(telegram, "500", method="sendMessage", times=2)
    telegram.call("getMe")
    assert telegram.refusal("sendMessage", chat_id=anna, text="x")[0] == 500
    assert telegram.client.get("/faults").json()[0]["times"] == 1
    assert telegram.refusal("sendMessage", chat_id=anna, text="x")[0] == 500
    telegram.call("sendMessage", chat_id=anna, text="x")
    assert telegram.client.get("/faults").json() == []


def test_polling_fails_only_when_it_is_named(telegram: Telegram) -> None:
    fault(telegram, "500")
    telegram.call("getUpdates")
    telegram.client.delete("/faults")
    telegram.call("getMe")
    fault(telegram, "500", method="getUpdates")
    assert telegram.refusal("getUpdates")[0] == 500


def test_slow_means_late(telegram: Telegram) -> None:
    fault(telegram, "slow", delay=0.2)
    started = time.monotonic()
    telegram.call("getMe")
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(("mode", "texts"), [("dropped", []), ("dropped_after", ["x"])])
def test_a_dropped_connection(url: str, mode: str, texts: list[str]) -> None:
    with httpx.Client(base_url=url, verify=trusted(), trust_env=False) as client:
        person = client.post("/chat/api/users", json={"first_name": "Anna"}).json()["id"]
        client.post(f"/chat/api/users/{person}/text", json={"text": "/start"})
        client.post("/faults", json={"mode": mode})
        with pytest.raises(httpx.TransportError):
            client.post("/bot42:SANDBOX/sendMessage", json={"chat_id": person, "text": "x"})
        messages = client.get(f"/chat/api/users/{person}/messages").json()["messages"]
        assert [message["text"] for message in messages if message["from"]["is_bot"]] == texts
        assert client.get("/log").json()[-1]["status"] is None


def asked(client: httpx.Client, content: bytes) -> str:
    """Where the file is that somebody has sent."""
    person = client.post("/chat/api/users", json={"first_name": "Anna"}).json()["id"]
    sent = client.post(f"/chat/api/users/{person}/file", files={"document": ("a.bin", content, "")}).json()
    file = client.post("/bot42:SANDBOX/getFile", json={"file_id": sent["document"]["file_id"]}).json()
    return f"/file/bot42:SANDBOX/{file['result']['file_path']}"


def test_a_download_has_its_faults(url: str) -> None:
    content = bytes(range(256)) * 4000
    with httpx.Client(base_url=url, trust_env=False) as client:
        path = asked(client, content)
        for mode, status in (("500", 500), ("502", 502), ("429", 429)):
            client.post("/faults", json={"mode": mode, "method": "download"})
            client.post("/bot42:SANDBOX/getMe").raise_for_status()  # is not what was named
            assert client.get(path).status_code == status
        client.post("/faults", json={"mode": "dropped", "method": "download"})
        with pytest.raises(httpx.TransportError):
            client.get(path)
        client.post("/faults", json={"mode": "cut", "method": "download"})
        got: list[bytes] = []
        with pytest.raises(httpx.TransportError), client.stream("GET", path) as answer:
            got.extend(answer.iter_bytes())
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(content)))
        assert 0 < sum(map(len, got)) < len(content)
        client.post("/faults", json={"mode": "slow", "method": "download", "delay": 0.4})
        with pytest.raises(httpx.ReadTimeout):
            client.get(path, timeout=0.05)
        assert client.get(path).content == content
        noted = [call["status"] for call in client.get("/log").json() if call["method"] == "download"]
        assert noted[:5] == [500, 502, 429, None, 200]


def test_an_answer_is_cut_in_the_middle_after_it_was_done(url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False) as client:
        person = client.post("/chat/api/users", json={"first_name": "Anna"}).json()["id"]
        client.post(f"/chat/api/users/{person}/text", json={"text": "/start"})
        client.post("/faults", json={"mode": "cut"})
        with pytest.raises(httpx.TransportError):
            client.post("/bot42:SANDBOX/sendMessage", json={"chat_id": person, "text": "x"})
        messages = client.get(f"/chat/api/users/{person}/messages").json()["messages"]
        assert [message["text"] for message in messages] == ["/start", "x"]


def test_a_file_that_has_gone(telegram: Telegram, anna: int) -> None:
    part = {"document": ("a.txt", b"bytes", "text/plain")}
    sent = telegram.client.post(f"/chat/api/users/{anna}/file", files=part).json()
    fault(telegram, "unavailable", method="getFile")
    words = "Bad Request: wrong file_id or the file is temporarily unavailable"
    file_id = sent["document"]["file_id"]
    assert telegram.refusal("getFile", file_id=file_id) == (400, words)
    assert telegram.call("getFile", file_id=file_id)["file_size"] == 5
    assert telegram.problems() == []


@pytest.mark.parametrize("body", [{"mode": "418"}, {}, {"mode": "500", "often": 2}])
def test_an_unknown_fault_is_refused(telegram: Telegram, body: dict[str, object]) -> None:
    assert telegram.client.post("/faults", json=body).status_code == 400


def test_flood_limits_of_a_chat(telegram: Telegram, anna: int) -> None:
    fault(telegram, "flood_limits")
    codes = [telegram.raw("sendMessage", {"chat_id": anna, "text": "x"}).get("error_code") for _ in range(4)]
    assert codes == [None, None, None, 429]
    telegram.call("sendChatAction", chat_id=anna, action="typing")
    telegram.client.delete("/faults")
    telegram.call("sendMessage", chat_id=anna, text="x")


def test_flood_limits_by_the_clock() -> None:
    faults = Faults()
    faults.count_message(1, at=0)
    faults.add(Fault("flood_limits"))

    def allowed(chat: int, at: float) -> bool:
        try:
            faults.count_message(chat, at)
        except ApiError as error:
            return error.parameters != {"retry_after": 1}
        return True

    assert [allowed(1, 100) for _ in range(5)] == [True, True, True, False, False]
    assert [allowed(1, 101) for _ in range(2)] == [True, False]
    assert [allowed(chat, 200) for chat in range(10, 41)] == [True] * 30 + [False]
