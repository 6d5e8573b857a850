"""What a person does in the chat, as the bot hears of it."""

from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.entities import found_in, trim
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

QUERIES_KEPT = 1000


class NotAllowed(Exception):
    """A person cannot do this now; the message says why."""


def send_text(world: World, person: Person, text: str) -> Json:
    """The person writes `text`; "/start PARAM" is what a deep link sends."""
    text, _ = trim(text, [])
    if not text:
        raise NotAllowed("the text is empty")
    entities = found_in(text, [])
    return _send(world, person, {"text": text, **({"entities": entities} if entities else {})})


async def send_file(world: World, person: Person, kind: str, upload: Upload, caption: str) -> Json:
    """The person sends a photo (compressed, as the Telegram app does) or a document (byte for byte)."""
    content = await world.files.add(kind, upload)
    return _send(world, person, {**content, **({"caption": caption} if caption else {})})


def share_contact(world: World, person: Person, phone_number: str) -> Json:
    """The person shares the own phone number with the bot."""
    contact = {"phone_number": phone_number, "first_name": person.user["first_name"], "user_id": person.id}
    if "last_name" in person.user:
        contact["last_name"] = person.user["last_name"]
    return _send(world, person, {"contact": contact})


def tap(world: World, person: Person, message_id: int, data: str) -> str:
    """The person taps an inline button; returns the id of the callback query.

    `data` need not be on the keyboard: a modified app can send anything, and tests do.
    """
    entry = person.entry(message_id)
    if entry is None or entry.message is None:
        raise NotAllowed("there is no such message")
    if person.blocked:
        raise NotAllowed("the bot is blocked")
    query_id = str(world.store.state.next_query_id)
    world.store.state.next_query_id += 1
    callbacks = world.store.state.callbacks
    callbacks[query_id] = {"user_id": person.id, "date": int(world.now().timestamp())}
    while len(callbacks) > QUERIES_KEPT:
        del callbacks[next(iter(callbacks))]
    world.updates.push("callback_query", shapes.callback_query(query_id, person.user, entry.message, data))
    return query_id


def block(world: World, person: Person, *, blocked: bool) -> None:
    """The person blocks the bot, or lets it in again."""
    if person.blocked == blocked:
        return
    person.blocked = blocked
    world.store.touch(person)
    change = shapes.my_chat_member(person.user, world.bot, world.now(), blocked=blocked)
    world.updates.push("my_chat_member", change)


def _send(world: World, person: Person, content: Json) -> Json:
    if person.blocked:
        raise NotAllowed("the bot is blocked")
    person.started = True
    if person.keyboard is not None and person.keyboard.get("one_time_keyboard"):
        person.keyboard = None
    message = world.store.add_message(person, person.user, world.now(), content)
    world.updates.push("message", message)
    return message
