from concurrent.futures import ThreadPoolExecutor

from tests.apps.sandbox.telegram.running_telegram import Clock, Telegram

TOO_OLD = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")


def test_ids_do_not_fit_into_32_bits(telegram: Telegram) -> None:
    first, second = (telegram.person(started=False) for _ in range(2))
    assert 2**32 < first < second < 10**10


def test_only_those_who_have_started_can_be_written_to(telegram: Telegram) -> None:
    person = telegram.person(started=False)
    cannot = (403, "Forbidden: bot can't initiate conversation with a user")
    assert telegram.refusal("sendMessage", chat_id=person, text="x") == cannot
    telegram.act(person, "text", text="/start ref_7")
    telegram.call("sendMessage", chat_id=person, text="x")
    start = telegram.call("getUpdates")[-1]["message"]
    assert (start["text"], start["from"]["language_code"]) == ("/start ref_7", "uk")
    assert start["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


def test_unknown_chats(telegram: Telegram) -> None:
    for chat_id in (1, "@nobody"):
        assert telegram.refusal("sendMessage", chat_id=chat_id, text="x") == (400, "Bad Request: chat not found")


def test_blocking_is_told_and_ends_the_conversation(telegram: Telegram, anna: int) -> None:
    telegram.act(anna, "block")
    telegram.act(anna, "block")
    [update] = telegram.call("getUpdates")
    change = update["my_chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "kicked")
    for method, args in (("sendMessage", {"text": "x"}), ("sendChatAction", {"action": "typing"})):
        refused = telegram.refusal(method, chat_id=anna, **args)
        assert refused == (403, "Forbidden: bot was blocked by the user")
    silent = telegram.client.post(f"/chat/api/users/{anna}/text", json={"text": "x"})
    assert (silent.status_code, silent.json()) == (400, {"error": "the bot is blocked"})
    telegram.act(anna, "unblock")
    assert telegram.call("getUpdates")[-1]["my_chat_member"]["new_chat_member"]["status"] == "member"
    telegram.call("sendMessage", chat_id=anna, text="x")


def test_a_tap_is_answered_once(telegram: Telegram, anna: int) -> None:
    message = telegram.call("sendMessage", chat_id=anna, text="x")
    version = telegram.chat(anna)["version"]
    tapped = telegram.act(anna, "tap", message_id=message["message_id"], data="buy:1")
    query = telegram.call("getUpdates")[-1]["callback_query"]
    assert (query["id"], query["data"], query["message"]) == (tapped["callback_query_id"], "buy:1", message)
    telegram.call("answerCallbackQuery", callback_query_id=query["id"], text="Done", show_alert=True)
    toast = telegram.chat(anna, after=version)["toast"]
    assert (toast["text"], toast["alert"]) == ("Done", True)
    assert telegram.chat(anna, after=telegram.chat(anna)["version"])["toast"] is None
    assert telegram.refusal("answerCallbackQuery", callback_query_id=query["id"]) == TOO_OLD
    assert telegram.refusal("answerCallbackQuery", callback_query_id="1") == TOO_OLD


def test_a_tap_can_be_answered_for_15_minutes(telegram: Telegram, clock: Clock, anna: int) -> None:
    message = telegram.call("sendMessage", chat_id=anna, text="x")
    queries = [telegram.act(anna, "tap", message_id=message["message_id"], data="1") for _ in range(2)]
    clock.advance(minutes=15)
    telegram.call("answerCallbackQuery", **queries[0])
    clock.advance(seconds=1)
    assert telegram.refusal("answerCallbackQuery", **queries[1]) == TOO_OLD


def test_a_contact_is_shared(telegram: Telegram, anna: int) -> None:
    telegram.act(anna, "contact", phone_number="+380501112233")
    contact = telegram.call("getUpdates")[-1]["message"]["contact"]
    assert contact == {"phone_number": "+380501112233", "first_name": "Anna", "user_id": anna}


def test_the_reply_keyboard_of_a_chat(telegram: Telegram, anna: int) -> None:
    keyboard = {"keyboard": [["Yes", {"text": "No"}]], "one_time_keyboard": True}
    telegram.call("sendMessage", chat_id=anna, text="?", reply_markup=keyboard)
    assert telegram.chat(anna)["keyboard"]["keyboard"] == [[{"text": "Yes"}, {"text": "No"}]]
    telegram.act(anna, "text", text="Perhaps")
    assert "used" not in telegram.chat(anna)["keyboard"]
    telegram.act(anna, "text", text="Yes")
    assert telegram.chat(anna)["keyboard"]["used"], "the app folds it, and only the bot removes it"
    telegram.call("sendMessage", chat_id=anna, text="?", reply_markup={"keyboard": [["Yes"]]})
    telegram.act(anna, "text", text="Yes")
    assert "used" not in telegram.chat(anna)["keyboard"]
    telegram.call("sendMessage", chat_id=anna, text="!", reply_markup={"remove_keyboard": True})
    assert telegram.chat(anna)["keyboard"] is None


def test_the_button_for_the_own_number_is_used_by_the_own_number(telegram: Telegram, anna: int) -> None:
    button = {"text": "My number", "request_contact": True}
    markup = {"keyboard": [[button]], "one_time_keyboard": True}
    telegram.call("sendMessage", chat_id=anna, text="?", reply_markup=markup)
    telegram.act(anna, "contact", phone_number="380501112233", user_id=None)
    assert "used" not in telegram.chat(anna)["keyboard"]
    telegram.act(anna, "contact")
    assert telegram.chat(anna)["keyboard"]["used"]


def test_people_wait_for_the_answer(telegram: Telegram, anna: int) -> None:
    version = telegram.chat(anna)["version"]
    path = f"/chat/api/users/{anna}/messages?after={version}&wait=30"
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(telegram.client.get, path)
        sent = telegram.call("sendMessage", chat_id=anna, text="x")
        answer = waiting.result(timeout=10).json()
    assert answer["messages"] == [sent]
    assert answer["version"] > version


def test_typing_is_shown_until_the_message_comes(telegram: Telegram, anna: int) -> None:
    telegram.call("sendChatAction", chat_id=anna, action="upload_document")
    assert telegram.chat(anna)["action"] == "upload_document"
    telegram.call("sendMessage", chat_id=anna, text="x")
    assert telegram.chat(anna)["action"] is None


def test_unread_messages_are_counted(telegram: Telegram, anna: int) -> None:
    for text in ("a", "b"):
        telegram.call("sendMessage", chat_id=anna, text=text)
    [person] = telegram.client.get("/chat/api/users").json()
    assert (person["unread"], person["last"]["text"], person["last"]["out"]) == (2, "b", False)
    telegram.act(anna, "read")
    assert telegram.client.get("/chat/api/users").json()[0]["unread"] == 0


def test_the_menu_follows_scope_and_language(telegram: Telegram, anna: int) -> None:
    def menu() -> list[str]:
        return [c["command"] for c in telegram.client.get(f"/chat/api/users/{anna}/menu").json()["commands"]]

    def commands(name: str) -> list[dict[str, str]]:
        return [{"command": name, "description": "d"}]

    assert menu() == []
    telegram.call("setMyCommands", commands=commands("all"))
    assert menu() == ["all"]
    telegram.call("setMyCommands", commands=commands("ukrainian"), language_code="uk")
    assert menu() == ["ukrainian"]
    telegram.call("setMyCommands", commands=commands("mine"), scope={"type": "chat", "chat_id": anna})
    assert menu() == ["mine"]
    assert telegram.call("getMyCommands") == commands("all")
    assert telegram.call("getMyCommands", scope={"type": "default"}, language_code="uk") == commands("ukrainian")


def test_descriptions_follow_the_language(telegram: Telegram, anna: int) -> None:
    telegram.call("setMyDescription", description="Hello")
    telegram.call("setMyShortDescription", short_description="Hi")
    assert telegram.client.get(f"/chat/api/users/{anna}/menu").json()["description"] == "Hello"
    telegram.call("setMyDescription", description="Вітаю", language_code="uk")
    assert telegram.client.get(f"/chat/api/users/{anna}/menu").json()["description"] == "Вітаю"
    assert telegram.call("getMyDescription") == {"description": "Hello"}
    assert telegram.call("getMyShortDescription", language_code="de") == {"short_description": "Hi"}


def test_a_deep_link_leads_to_the_chat_page(telegram: Telegram) -> None:
    answer = telegram.client.get("/kiosk_bot?start=ref_7")
    assert str(answer.url).endswith("/chat?start=ref_7")
    assert "<title>Telegram" in answer.text


def test_the_page_and_its_parts_have_their_types(telegram: Telegram) -> None:
    page = telegram.client.get("/chat")
    assert page.headers["content-type"].startswith("text/html")
    for name, kind in (("chat.css", "text/css"), ("chat.js", "javascript"), ("message.js", "javascript")):
        assert kind in telegram.client.get(f"/chat/static/{name}").headers["content-type"]
    assert "://" not in page.text.replace("http://www.w3.org", "")


def test_wrong_requests_of_people_are_explained(telegram: Telegram, anna: int) -> None:
    post = telegram.client.post
    assert post("/chat/api/users", json={}).json() == {"error": "missing: first_name"}
    assert post("/chat/api/users/1/text", json={"text": "x"}).status_code == 404
    tap = post(f"/chat/api/users/{anna}/tap", json={"message_id": 999, "data": "x"})
    assert tap.json() == {"error": "there is no such message"}
    assert post(f"/chat/api/users/{anna}/file", data={"caption": "x"}).status_code == 400
    assert telegram.client.get(f"/chat/api/users/{anna}/messages?after=x").status_code == 400
    assert telegram.client.get(f"/chat/api/users/{anna}/files/nothing").status_code == 404
