"""Clients we did not write understand the sandbox: python-telegram-bot over the wire, aiogram's strict models."""

import asyncio
from typing import Any

import aiogram.types
import httpx
import telegram as ptb
from telegram.request import HTTPXRequest

from services.platform.tls import trusted
from tests.apps.sandbox.telegram.running_telegram import Telegram, picture


def everything_that_happens(telegram: Telegram) -> tuple[int, list[dict[str, Any]]]:
    """Somebody does all that people can do; gives the person and the updates."""
    person = telegram.person(started=False, last_name="Koval", username="anna_k")
    telegram.act(person, "text", text="/start ref_7")
    message = telegram.call("sendMessage", chat_id=person, text="x")
    telegram.act(person, "tap", message_id=message["message_id"], data="buy:1")
    telegram.act(person, "contact")
    for part in (
        {"photo": ("p.png", picture(400, 300), "image/png")},
        {"document": ("a.pdf", b"%PDF", "application/pdf")},
    ):
        telegram.client.post(f"/chat/api/users/{person}/file", files=part, data={"caption": "c"})
    telegram.act(person, "block")
    telegram.act(person, "unblock")
    return person, telegram.call("getUpdates")


def test_updates_are_what_both_libraries_expect(telegram: Telegram) -> None:
    _, updates = everything_that_happens(telegram)
    assert len(updates) == 7
    for update in updates:
        strict = aiogram.types.Update.model_validate(update)
        other = ptb.Update.de_json(update, None)
        assert strict.update_id == other.update_id == update["update_id"]
        assert strict.event.from_user.username == other.effective_user.username == "anna_k"
        assert not strict.model_extra
        assert not other.api_kwargs


def test_answers_are_what_aiogram_expects(telegram: Telegram) -> None:
    person, updates = everything_that_happens(telegram)
    file_id = updates[-3]["message"]["document"]["file_id"]
    markup = {"inline_keyboard": [[{"text": "b", "url": "https://a.b/"}]]}
    document = {"document": ("a.txt", b"a", "text/plain")}
    sent = telegram.call("sendDocument", files=document, chat_id=person, caption="c", reply_markup=markup)
    media = [{"type": "document", "media": file_id}, {"type": "document", "media": file_id}]
    answers = [
        (aiogram.types.User, telegram.call("getMe")),
        (aiogram.types.ChatFullInfo, telegram.call("getChat", chat_id=person)),
        (aiogram.types.File, telegram.call("getFile", file_id=file_id)),
        (aiogram.types.WebhookInfo, telegram.call("getWebhookInfo")),
        (aiogram.types.Message, sent),
        *((aiogram.types.Message, message) for message in telegram.call("sendMediaGroup", chat_id=person, media=media)),
        (aiogram.types.BotDescription, telegram.call("getMyDescription")),
    ]
    for model, answer in answers:
        assert model.model_validate(answer).model_dump(exclude_unset=True, mode="json", by_alias=True).keys() == (
            answer.keys()
        )


def test_a_bot_of_python_telegram_bot_works(url: str) -> None:
    with httpx.Client(base_url=f"{url}/chat/api", verify=trusted(), trust_env=False) as people:
        person = people.post("/users", json={"first_name": "Anna"}).json()["id"]
        people.post(f"/users/{person}/text", json={"text": "/start"})

        async def converse() -> tuple[ptb.Message, bytes]:
            request = HTTPXRequest(httpx_kwargs={"trust_env": False})
            bot = ptb.Bot("42:SANDBOX", base_url=f"{url}/bot", base_file_url=f"{url}/file/bot", request=request)
            async with bot:
                assert (await bot.get_me()).username == "kiosk_bot"
                [update] = await bot.get_updates(timeout=5)
                assert update.message is not None
                assert await bot.get_updates(offset=update.update_id + 1) == ()
                keyboard = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("b", callback_data="1")]])
                chat_id = update.message.chat_id
                text = await bot.send_message(chat_id, "<b>Hi</b>", parse_mode="HTML", reply_markup=keyboard)
                sent = await bot.send_document(chat_id, b"bytes", filename="vpn.conf", caption="c")
                assert sent.document is not None
                file = await bot.get_file(sent.document.file_id)
                return text, bytes(await file.download_as_bytearray())

        text, downloaded = asyncio.run(converse())
        assert text.text_html == "<b>Hi</b>"
        assert downloaded == b"bytes"
        assert people.get(f"{url}/problems").json() == []
