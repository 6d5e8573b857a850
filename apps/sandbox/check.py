"""One purchase through the running world without a browser, as a person would make it: /start, the first button of
every screen until one leads to a page, pay there, and wait for the file and the code."""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Callable
from typing import Any

import httpx

from services.platform.tls import trusted

PATIENCE = 20.0  # seconds for an answer
MOST_STEPS = 5  # from /start to the payment page

Message = dict[str, Any]


class Stuck(Exception):
    """The conversation did not go on; the message says where."""


def play(world_url: str) -> int:
    """Plays it and prints the conversation. Returns 0 when the access has arrived, else 1."""
    with httpx.Client(base_url=world_url, verify=trusted(), trust_env=False, timeout=30) as http:
        person = Person(http, "Anna", "en")
        try:
            seconds = buy(person)
        except Stuck as stuck:
            print(f"\nStuck: {stuck}")
            return 1
        if problems := http.get("/telegram/problems").json() + http.get("/yookassa/problems").json()["problems"]:
            print(f"\nBought, but these requests were not right: {problems}")
            return 1
    print(f"\nBought: file and code came {seconds:.1f} s after the payment.")
    return 0


def buy(person: Person) -> float:
    """Returns the seconds from the payment to the second of file and code. Raises Stuck."""
    screen = person.say("/start")
    for _ in range(MOST_STEPS):
        button = screen["reply_markup"]["inline_keyboard"][0][0]
        if "url" in button:
            break
        screen = person.tap(screen, button)
    else:
        raise Stuck(f"no payment page within {MOST_STEPS} steps")
    person.pay(button)
    paid = time.monotonic()
    arrived = person.wait(lambda m: "document" in m and m["document"]["file_name"].endswith(".conf"), "the file")
    config = person.download(arrived["document"]["file_id"])
    if not config.startswith(b"[Interface]\nPrivateKey = "):
        raise Stuck("the file is no WireGuard configuration")
    person.wait(lambda m: "photo" in m, "the code")
    return time.monotonic() - paid


class Person:
    """Somebody in the sandbox's Telegram, who waits `patience` seconds for an answer. `tell` gets the conversation."""

    def __init__(
        self,
        http: httpx.Client,
        name: str,
        language: str,
        *,
        tell: Callable[[str], None] = print,
        patience: float = PATIENCE,
    ) -> None:
        self._http, self._tell, self._patience = http, tell, patience
        user = http.post("/telegram/chat/api/users", json={"first_name": name, "language_code": language})
        self.id = int(user.raise_for_status().json()["id"])
        self._name, self._at = name, f"/telegram/chat/api/users/{self.id}"
        self._version = 0
        self._unread: list[Message] = []

    def say(self, text: str) -> Message:
        self._tell(f"\n{self._name}: {text}")
        self._http.post(f"{self._at}/text", json={"text": text}).raise_for_status()
        return self.wait(lambda m: "reply_markup" in m, f"an answer to {text}")

    def tap(self, screen: Message, button: dict[str, str]) -> Message:
        self._tell(f"\n{self._name} taps: {button['text']}")
        order = {"message_id": screen["message_id"], "data": button["callback_data"]}
        self._http.post(f"{self._at}/tap", json=order).raise_for_status()
        return self.wait(lambda m: "reply_markup" in m, f"the screen behind “{button['text']}”")

    def pay(self, button: dict[str, str]) -> None:
        """At the provider's page."""
        self._tell(f"\n{self._name} taps: {button['text']}, and pays on the page")
        found = re.search(r"/pay/([0-9a-f-]{36})$", button["url"])
        if not found:
            raise Stuck(f"{button['url']} is no payment page of the sandbox")
        self._http.post(f"/yookassa/payments/{found[1]}/pay", json={"outcome": "success"}).raise_for_status()

    def wait(self, wanted: Any, what: str) -> Message:
        """The next new or edited message of the bot that is wanted; tells of all that come."""
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            while self._unread:
                message = self._unread.pop(0)
                self._tell(_shown(message))
                if wanted(message):
                    return message
            news = self._http.get(f"{self._at}/messages", params={"after": self._version, "wait": 2}).json()
            self._version = news["version"]
            self._unread = [message for message in news["messages"] if message["from"]["is_bot"]]
        raise Stuck(f"{what} did not come within {self._patience:.0f} s")

    def download(self, file_id: str) -> bytes:
        return self._http.get(f"{self._at}/files/{file_id}").raise_for_status().content


def _shown(message: Message) -> str:
    text = message.get("text") or message.get("caption") or ""
    what = message["document"]["file_name"] if "document" in message else "a picture" if "photo" in message else ""
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, 90) or [""]]
    rows = [
        " ".join(f"[{button['text']}]" for button in row)
        for row in message.get("reply_markup", {}).get("inline_keyboard", [])
    ]
    return "\n".join(f"    {line}" for line in ([f"({what})"] if what else []) + lines + rows)
