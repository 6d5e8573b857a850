"""A thin Telegram client for messages that are not answers (source: Telegram Bot API 10.3). Without aiogram, whose
import costs 5 CPU seconds and 135 MB in every process."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import httpx

from services.notifications.channels.base import (
    Attachment,
    Button,
    Delivered,
    MaybeSent,
    NotSent,
    Outgoing,
    Refused,
    Sent,
    SlowDown,
    Unreachable,
)
from services.platform.errors import Misconfigured, TryLater
from services.platform.tls import trusted

TIMEOUT = httpx.Timeout(15, connect=3)  # seconds
LONG_TIMEOUT = httpx.Timeout(60, connect=3)  # for an upload that Telegram looks at before it answers
LONG = 2_000_000  # bytes
# Descriptions of 400 that speak of the chat and not of the message.
GONE = ("chat not found", "user is deactivated", "peer_id_invalid", "user not found")
SAME = "message is not modified"
# Of editMessageText: the message is no more, or is none that can be changed.
FIXED = ("message to edit not found", "message can't be edited", "no text in the message", "message_id_invalid")


class TelegramChannel:
    """One bot. Safe to share between threads."""

    def __init__(self, *, api_url: str, token: str) -> None:
        self._url = f"{api_url}/bot{token}/"
        self._http = httpx.Client(timeout=TIMEOUT, verify=trusted(), trust_env=False)
        self._username: str | None = None
        self._account = token.partition(":")[0]

    @property
    def account(self) -> str:
        """The bot's id."""
        return self._account

    def send(self, address: int, message: Outgoing) -> Delivered:
        """Never raises for what Telegram or the network does."""
        if message.edits is not None and not message.anew:
            edited = self._edit(address, message, message.edits)
            if edited is not None:
                return edited
        outcome = self._send(address, message)
        if message.edits is not None and isinstance(outcome, Sent) and not self._delete(address, message.edits):
            self._edit(address, message, message.edits)  # at least it says nothing else
        return outcome

    def _edit(self, address: int, message: Outgoing, message_id: int) -> Delivered | None:
        """None where it cannot be edited. What nobody knows counts as not sent: to edit again changes nothing."""
        _method, arguments, _files = _request(address, message)
        try:
            response = self._http.post(
                self._url + "editMessageText", data={**arguments, "message_id": str(message_id)}, timeout=TIMEOUT
            )
        except httpx.HTTPError as silence:
            return NotSent(type(silence).__name__)
        match _outcome(response):
            case Refused(error) if SAME in error:
                return Sent(message_id)
            case Refused(error) if any(words in error.lower() for words in FIXED):
                return None
            case MaybeSent(error):
                return NotSent(error)
            case outcome:
                return outcome

    def _delete(self, address: int, message_id: int) -> bool:
        """Within 48 hours Telegram lets a bot do so."""
        with suppress(httpx.HTTPError):
            which = {"chat_id": str(address), "message_id": str(message_id)}
            return self._http.post(self._url + "deleteMessage", data=which).status_code == 200
        return False

    def _send(self, address: int, message: Outgoing) -> Delivered:
        method, arguments, files = _request(address, message)
        is_long = message.attachment is not None and len(message.attachment.content) > LONG
        timeout = LONG_TIMEOUT if is_long else TIMEOUT
        try:
            response = self._http.post(self._url + method, data=arguments, files=files, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotSent(type(error).__name__)
        except httpx.HTTPError as error:  # silence after the request had left
            return MaybeSent(type(error).__name__)
        return _outcome(response)

    def call(self, method: str, **arguments: Any) -> Any:
        """Any other method, for checks and set-up: its result. Raises TryLater or Misconfigured."""
        try:
            response = self._http.post(self._url + method, json=arguments)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TryLater(f"Telegram: {method}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise TryLater(f"Telegram: {method}: unreadable answer, status {response.status_code}")
        if response.status_code == 200 and answer.get("ok"):
            return answer.get("result")
        kind = TryLater if response.status_code == 429 or response.status_code >= 500 else Misconfigured
        raise kind(f"Telegram: {method}: {response.status_code} {answer.get('description', '')}")

    def username(self) -> str:
        """The bot's own, for links to it; asked once. Raises TryLater or Misconfigured."""
        if self._username is None:
            self._username = str(self.call("getMe")["username"])
        return self._username

    def close(self) -> None:
        self._http.close()


def _request(address: int, message: Outgoing) -> tuple[str, dict[str, str], dict[str, tuple[str, bytes]] | None]:
    arguments = {"chat_id": str(address), "parse_mode": "HTML"}
    if message.rows:
        rows = [[_button(one) for one in row] for row in message.rows]
        arguments["reply_markup"] = json.dumps({"inline_keyboard": rows}, ensure_ascii=False)
    match message.attachment:
        case None:
            options = json.dumps({"is_disabled": True})
            return "sendMessage", {**arguments, "text": message.text, "link_preview_options": options}, None
        case Attachment(name, content, is_photo, file_id):
            field = "photo" if is_photo else "document"
            method = "sendPhoto" if is_photo else "sendDocument"
            arguments["caption"] = message.text
            if file_id is not None:
                return method, {**arguments, field: file_id}, None
            return method, arguments, {field: (name, content)}


def _button(one: Button) -> dict[str, Any]:
    if one.copy:
        return {"text": one.text, "copy_text": {"text": one.copy}}
    return {"text": one.text, **({"url": one.url} if one.url else {"callback_data": one.data})}


def _outcome(response: httpx.Response) -> Delivered:
    status = response.status_code
    try:
        answer = response.json()
        description = str(answer.get("description", ""))
        if status == 200 and answer["ok"]:
            return Sent(int(answer["result"]["message_id"]), _file_id(answer["result"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        # A gateway's page: a 502 or 504 says nothing about what happened behind it.
        return MaybeSent(f"unreadable answer, status {status}")
    if status == 429:
        return SlowDown(float((answer.get("parameters") or {}).get("retry_after", 5)))
    if status == 403 or (status == 400 and any(words in description.lower() for words in GONE)):
        return Unreachable(description)
    if status >= 500:
        return MaybeSent(f"{status} {description}")
    return Refused(f"{status} {description}")


def _file_id(message: dict[str, Any]) -> str | None:
    document = message.get("document")
    file_id = document.get("file_id") if isinstance(document, dict) else None
    return file_id if isinstance(file_id, str) else None
