import io

import pytest
from PIL import Image

from tests.apps.sandbox.telegram.running_telegram import Clock, Telegram, picture

KEYBOARD = {"inline_keyboard": [[{"text": "b", "callback_data": "1"}]]}
NOT_MODIFIED = "Bad Request: message is not modified"


@pytest.fixture
def sent(telegram: Telegram, anna: int) -> int:
    """A text of the bot with a button."""
    message_id: int = telegram.call("sendMessage", chat_id=anna, text="one", reply_markup=KEYBOARD)["message_id"]
    return message_id


def document(telegram: Telegram, chat_id: int, data: bytes = b"data", **args: object) -> dict:
    files = {"document": ("vpn.conf", data, "text/plain")}
    return telegram.call("sendDocument", files=files, chat_id=chat_id, **args)


def test_a_message_has_what_it_was_sent_with(telegram: Telegram, clock: Clock, anna: int) -> None:
    message = telegram.call(
        "sendMessage", chat_id=anna, text=" <b>Hi</b> ", parse_mode="HTML", reply_markup=KEYBOARD, protect_content=True
    )
    assert message == {
        "message_id": 2,
        "from": {"id": 42, "is_bot": True, "first_name": "Kiosk", "username": "kiosk_bot"},
        "chat": {"id": anna, "type": "private", "first_name": "Anna"},
        "date": int(clock.time.timestamp()),
        "text": "Hi",
        "entities": [{"type": "bold", "offset": 0, "length": 2}],
        "has_protected_content": True,
        "reply_markup": KEYBOARD,
    }
    assert telegram.chat(anna)["messages"][-1] == message


def test_replies(telegram: Telegram, anna: int, sent: int) -> None:
    reply = telegram.call("sendMessage", chat_id=anna, text="2", reply_parameters={"message_id": sent})
    assert reply["reply_to_message"]["text"] == "one"
    gone = {"message_id": 999}
    refused = telegram.refusal("sendMessage", chat_id=anna, text="2", reply_parameters=gone)
    assert refused == (400, "Bad Request: message to be replied not found")
    telegram.call("sendMessage", chat_id=anna, text="2", reply_parameters={**gone, "allow_sending_without_reply": True})


def test_an_edit_changes_the_message_in_place(telegram: Telegram, clock: Clock, anna: int, sent: int) -> None:
    version = telegram.chat(anna)["version"]
    clock.advance(minutes=1)
    edited = telegram.call("editMessageText", chat_id=anna, message_id=sent, text="two")
    assert (edited["text"], edited["edit_date"] - edited["date"]) == ("two", 60)
    assert "reply_markup" not in edited
    assert telegram.chat(anna, after=version)["messages"] == [edited]
    markup = telegram.call("editMessageReplyMarkup", chat_id=anna, message_id=sent, reply_markup=KEYBOARD)
    assert (markup["text"], markup["reply_markup"]) == ("two", KEYBOARD)


def test_an_edit_that_changes_nothing_is_refused(telegram: Telegram, anna: int, sent: int) -> None:
    same = {"chat_id": anna, "message_id": sent, "reply_markup": KEYBOARD}
    assert telegram.refusal("editMessageText", text="one", **same)[1].startswith(NOT_MODIFIED)
    assert telegram.refusal("editMessageReplyMarkup", **same)[1].startswith(NOT_MODIFIED)
    file = {"a": ("vpn.conf", b"data", "text/plain")}
    message_id = document(telegram, anna, caption="c")["message_id"]
    media = {"type": "document", "media": "attach://a", "caption": "c"}
    where = {"chat_id": anna, "message_id": message_id}
    assert telegram.refusal("editMessageCaption", caption="c", **where)[1].startswith(NOT_MODIFIED)
    assert telegram.refusal("editMessageMedia", files=file, media=media, **where)[1].startswith(NOT_MODIFIED)
    assert telegram.problems() == []


def test_edits_that_cannot_be(telegram: Telegram, anna: int, sent: int) -> None:
    def why(method: str, message_id: int, **args: object) -> str:
        return telegram.refusal(method, chat_id=anna, message_id=message_id, **args)[1]

    media_message = document(telegram, anna)["message_id"]
    own = telegram.act(anna, "text", text="mine")["message_id"]
    assert why("editMessageText", 999, text="x") == "Bad Request: message to edit not found"
    assert why("editMessageText", own, text="x") == "Bad Request: message can't be edited"
    assert why("editMessageText", media_message, text="x") == "Bad Request: there is no text in the message to edit"
    assert why("editMessageCaption", sent, caption="x") == "Bad Request: there is no caption in the message to edit"
    assert telegram.problems() == []


def test_a_bots_message_can_be_edited_for_ever_unless_it_is_deleted(
    telegram: Telegram, clock: Clock, anna: int, sent: int
) -> None:
    where = {"chat_id": anna, "message_id": sent}
    clock.advance(days=400)
    assert telegram.call("editMessageText", text="two", **where)["text"] == "two"
    clock.advance(seconds=-400 * 86400)
    telegram.call("deleteMessage", **where)
    for method, what in (("editMessageText", {"text": "x"}), ("editMessageReplyMarkup", {"reply_markup": KEYBOARD})):
        assert telegram.refusal(method, **what, **where) == (400, "Bad Request: message to edit not found")
    assert telegram.problems() == []


def test_media_can_be_replaced(telegram: Telegram, anna: int) -> None:
    message_id = document(telegram, anna, caption="old")["message_id"]
    media = {"type": "photo", "media": "attach://p", "caption": "<i>new</i>", "parse_mode": "HTML"}
    edited = telegram.call(
        "editMessageMedia",
        files={"p": ("p.png", picture(50, 40), "image/png")},
        chat_id=anna,
        message_id=message_id,
        media=media,
    )
    assert "document" not in edited
    assert (edited["photo"][0]["width"], edited["caption"]) == (50, "new")


def test_deleting(telegram: Telegram, clock: Clock, anna: int, sent: int) -> None:
    telegram.call("deleteMessage", chat_id=anna, message_id=sent)
    assert telegram.chat(anna)["deleted"] == [sent]
    refused = telegram.refusal("deleteMessage", chat_id=anna, message_id=sent)
    assert refused == (400, "Bad Request: message to delete not found")
    old = telegram.call("sendMessage", chat_id=anna, text="x")["message_id"]
    clock.advance(hours=48, seconds=1)
    refused = telegram.refusal("deleteMessage", chat_id=anna, message_id=old)
    assert refused == (400, "Bad Request: message can't be deleted for everyone")


def test_a_document_arrives_byte_for_byte_both_ways(telegram: Telegram, anna: int) -> None:
    data = bytes(range(256)) * 5000
    sent = document(telegram, anna, data, caption="your file")["document"]
    assert (sent["file_name"], sent["mime_type"], sent["file_size"]) == ("vpn.conf", "text/plain", len(data))
    assert telegram.client.get(f"/chat/api/users/{anna}/files/{sent['file_id']}").content == data

    part = {"document": ("чек.pdf", data, "application/pdf")}
    telegram.client.post(f"/chat/api/users/{anna}/file", files=part, data={"caption": "mine"})
    received = telegram.call("getUpdates")[-1]["message"]
    assert (received["caption"], received["document"]["file_name"]) == ("mine", "чек.pdf")
    file = telegram.call("getFile", file_id=received["document"]["file_id"])
    assert file["file_path"].endswith(".pdf")
    assert telegram.client.get(f"/file/bot42:SANDBOX/{file['file_path']}").content == data
    assert telegram.client.get("/file/bot42:SANDBOX/%2e%2e/telegram.json").status_code == 404


def test_a_photo_comes_in_several_sizes(telegram: Telegram, anna: int) -> None:
    part = {"photo": ("p.png", picture(2000, 1000), "image/png")}
    telegram.client.post(f"/chat/api/users/{anna}/file", files=part)
    sizes = telegram.call("getUpdates")[-1]["message"]["photo"]
    assert [(size["width"], size["height"]) for size in sizes] == [(90, 45), (320, 160), (800, 400), (1280, 640)]
    file = telegram.call("getFile", file_id=sizes[-1]["file_id"])
    jpeg = telegram.client.get(f"/file/bot42:SANDBOX/{file['file_path']}").content
    assert (Image.open(io.BytesIO(jpeg)).format, len(jpeg)) == ("JPEG", file["file_size"])


def test_a_known_file_is_sent_again_by_its_id(telegram: Telegram, anna: int) -> None:
    file_id = document(telegram, anna)["document"]["file_id"]
    again = telegram.call("sendDocument", chat_id=anna, document=file_id, caption="again")
    assert again["document"]["file_id"] == file_id
    assert "wrong file identifier" in telegram.refusal("sendDocument", chat_id=anna, document="nothing")[1]


def test_an_album(telegram: Telegram, anna: int) -> None:
    media = [
        {"type": "photo", "media": "attach://a", "caption": "first"},
        {"type": "photo", "media": "attach://b"},
    ]
    files = {name: ("p.png", picture(30, 30), "image/png") for name in "ab"}
    messages = telegram.call("sendMediaGroup", files=files, chat_id=anna, media=media)
    assert [message.get("caption") for message in messages] == ["first", None]
    assert len({message["media_group_id"] for message in messages}) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a picture", "IMAGE_PROCESS_FAILED"),
        (picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (bytes(10 * 1024 * 1024 + 1), "too big for a photo"),
    ],
    ids=["no picture", "too long", "too big"],
)
def test_what_is_no_photo(telegram: Telegram, anna: int, data: bytes, reason: str) -> None:
    files = {"photo": ("p.png", data, "image/png")}
    assert telegram.refusal("sendPhoto", files=files, chat_id=anna) == (400, f"Bad Request: {reason}")


def test_size_limits_of_documents(telegram: Telegram, anna: int) -> None:
    part = {"document": ("big.bin", bytes(20 * 1024 * 1024 + 1), "application/octet-stream")}
    telegram.client.post(f"/chat/api/users/{anna}/file", files=part)
    file_id = telegram.call("getUpdates")[-1]["message"]["document"]["file_id"]
    assert telegram.refusal("getFile", file_id=file_id) == (400, "Bad Request: file is too big")
    assert telegram.refusal("getFile", file_id="nothing") == (400, "Bad Request: invalid file_id")
    files = {"document": ("huge.bin", bytes(50 * 1024 * 1024 + 1), "application/octet-stream")}
    assert telegram.refusal("sendDocument", files=files, chat_id=anna) == (413, "Request Entity Too Large")


def test_a_caption_is_limited_after_parsing(telegram: Telegram, anna: int) -> None:
    document(telegram, anna, caption="<b>" + "x" * 1024 + "</b>", parse_mode="HTML")
    files = {"document": ("a", b"a", "text/plain")}
    refused = telegram.refusal("sendDocument", files=files, chat_id=anna, caption="x" * 1025)
    assert refused == (400, "Bad Request: message caption is too long")
