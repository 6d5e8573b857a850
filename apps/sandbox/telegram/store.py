"""What this Telegram remembers: people, their chats, channels, updates the bot has not confirmed, the bot's settings.

One process, one event loop: every change happens between two awaits, so nothing is locked.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.bell import Bell
from apps.sandbox.telegram.errors import ApiError, bad_request
from apps.sandbox.telegram.snapshot import Snapshot

Json = dict[str, Any]

MESSAGES_KEPT = 500  # in each chat
_ACTION_SECONDS = 5.0  # Telegram Bot API, sendChatAction: the status is set for 5 seconds or less


@dataclass
class Entry:
    """A message of a chat and the version of the chat that changed it last; a deleted one has no message."""

    id: int
    version: int
    message: Json | None


@dataclass
class Person:
    """A user, how many Stars he has, and the private chat with the bot. Until `open_until` (seconds since the epoch)
    the bot may write without having been started: the person waits to be let into a chat of its."""

    user: Json
    version: int = 0
    started: bool = False
    blocked: bool = False
    unread: int = 0
    keyboard: Json | None = None
    toast: Json | None = None
    stars: int = 25_000
    open_until: int = 0
    entries: list[Entry] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.user["id"])

    def entry(self, message_id: int) -> Entry | None:
        """The entry of a message that exists, or None."""
        return next((e for e in reversed(self.entries) if e.id == message_id and e.message is not None), None)


@dataclass
class Channel:
    """A channel or a supergroup (`type`). `members` by user id: {"status", "rights"?, "until_date"?, "is_member"?,
    "link"?: the hash of the invite link}; `links` by the hash in their address; `requests` to join by user id."""

    id: int
    type: str
    title: str
    members: dict[int, Json] = field(default_factory=dict)
    links: dict[str, Json] = field(default_factory=dict)
    requests: dict[int, Json] = field(default_factory=dict)

    @classmethod
    def from_json(cls, saved: Json) -> "Channel":
        by_user = {name: {int(user): state for user, state in saved[name].items()} for name in ("members", "requests")}
        return cls(**{**saved, **by_user})


@dataclass
class State:
    """Everything that outlives a restart. Only JSON inside."""

    people: dict[int, Person] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    updates: list[Json] = field(default_factory=list)
    allowed_updates: list[str] = field(default_factory=list)
    callbacks: dict[str, Json] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    files: dict[str, Json] = field(default_factory=dict)
    webhook: Json = field(default_factory=lambda: {"url": ""})
    links: dict[str, Json] = field(default_factory=dict)  # invoices by the slug of their link
    invoice_messages: dict[str, Json] = field(default_factory=dict)  # invoices by "chat:message"
    charges: dict[str, Json] = field(default_factory=dict)
    subscriptions: dict[str, Json] = field(default_factory=dict)  # by the id of their first charge
    transactions: list[Json] = field(default_factory=list)
    version: int = 0
    next_channel_id: int = -1_002_045_600_001  # these, too, are beyond 32 bits
    next_user_id: int = 5_210_004_217  # above 2**31, as ids of today are: an int32 column would show
    next_message_id: int = 1
    next_update_id: int = 861_204_517
    next_query_id: int = 4_382_190_045_127_001

    @classmethod
    def from_json(cls, saved: Json) -> "State":
        people = {}
        for person in saved["people"].values():
            entries = [Entry(**entry) for entry in person.pop("entries")]
            people[person["user"]["id"]] = Person(**person, entries=entries)
        channels = [Channel.from_json(channel) for channel in saved.get("channels", {}).values()]
        return cls(**{**saved, "people": people, "channels": {channel.id: channel for channel in channels}})


class Store:
    """The state, kept in `directory`, and the bells that ring when a chat changes."""

    def __init__(self, directory: Path, bot: Json, now: Callable[[], datetime]) -> None:
        self.bot = bot
        self._now = now
        self._snapshot = Snapshot(directory / "telegram.json", lambda: vars(self.state))
        saved = self._snapshot.read()
        self.state = State() if saved is None else State.from_json(saved)
        self._bells: dict[int, Bell] = {}
        self._actions: dict[int, tuple[str, float]] = {}

    def save(self) -> None:
        """Notes that the state has changed; it is on the disk soon."""
        self._snapshot.schedule()

    def flush(self) -> None:
        """Writes at once what is not on the disk yet."""
        self._snapshot.flush()

    def add_person(self, profile: Json) -> Person:
        """A new user who has not started the bot."""
        person = Person(shapes.user(self.state.next_user_id, profile))
        self.state.next_user_id += 1
        self.state.people[person.id] = person
        self.touch(person)
        return person

    def chat(self, chat_id: int | str) -> Person:
        """The chat a bot names by id. Raises ApiError 400."""
        person = self.state.people.get(chat_id) if isinstance(chat_id, int) else None
        if person is None:
            raise bad_request("chat not found")
        return person

    def writable_chat(self, chat_id: int | str) -> Person:
        """The chat a bot may write to. Raises ApiError 400 or 403."""
        person = self.chat(chat_id)
        if person.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if not person.started and self._now().timestamp() > person.open_until:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return person

    def add_message(self, person: Person, sender: Json, date: datetime, content: Json) -> Json:
        """Puts a new message of `sender` (the person or the bot) into the chat."""
        chat = shapes.private_chat(person.user)
        message = shapes.message(self.state.next_message_id, sender, chat, date, content)
        self.state.next_message_id += 1
        person.entries.append(Entry(message["message_id"], self.touch(person), message))
        del person.entries[:-MESSAGES_KEPT]
        if sender["is_bot"]:
            person.unread += 1
            self._actions.pop(person.id, None)
        return message

    def replace_message(self, person: Person, entry: Entry, message: Json | None) -> None:
        """Edits a message in place, or deletes it (None)."""
        entry.message = message
        entry.version = self.touch(person)

    def touch(self, person: Person) -> int:
        """Marks the chat as changed, wakes those who watch it, returns its new version."""
        self.state.version += 1
        person.version = self.state.version
        if person.id in self._bells:
            self._bells[person.id].ring()
        self.save()
        return person.version

    async def wait_for_change(self, person: Person, seconds: float) -> None:
        """Returns when the chat has changed, or after `seconds`."""
        await self._bells.setdefault(person.id, Bell()).wait(seconds)

    def set_action(self, person: Person, action: str) -> None:
        """Shows "typing..." and the like for some seconds."""
        self._actions[person.id] = (action, time.monotonic() + _ACTION_SECONDS)
        self.touch(person)

    def action(self, person: Person) -> str | None:
        """What the bot is shown to be doing."""
        action, until = self._actions.get(person.id, ("", 0.0))
        return action if time.monotonic() < until else None
