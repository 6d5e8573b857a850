"""What a person does in the chat, as the bot hears of it."""

from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.entities import found_in, trim
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

QUERIES_KEPT = 1000
MOST_IN_ALBUM = 10  # as in Telegram's apps
ALBUMS_FROM = 13_870_000_000_000_000  # their ids are far beyond 32 bits, and strings


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
    content = await world.files.add(kind, upload, by_app=True)
    return _send(world, person, {**content, **({"caption": caption} if caption else {})})


async def send_album(world: World, person: Person, kind: str, uploads: list[Upload], caption: str) -> list[Json]:
    """The person sends several photos, or several documents, at once: a message each, one after the other, of the same
    media_group_id. The caption is the first one's."""
    if not 2 <= len(uploads) <= MOST_IN_ALBUM:
        raise NotAllowed(f"an album has 2 to {MOST_IN_ALBUM} files")
    contents = [await world.files.add(kind, upload, by_app=True) for upload in uploads]
    if caption:
        contents[0]["caption"] = caption
    group = str(ALBUMS_FROM + world.store.state.next_message_id)
    return [_send(world, person, {"media_group_id": group, **content}) for content in contents]


def share_contact(world: World, person: Person, contact: Json) -> Json:
    """The person shares a contact: phone_number and, where they are known, first_name, last_name and user_id. Telegram
    gives the user_id of whoever has this number there; the own number has the own one."""
    return _send(world, person, {"contact": {name: value for name, value in contact.items() if value is not None}})


def own_contact(person: Person, phone_number: str) -> Json:
    """What the button `request_contact` shares."""
    names: Json = {name: person.user[name] for name in ("first_name", "last_name") if name in person.user}
    return {"phone_number": phone_number, **names, "user_id": person.id}


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
    if person.keyboard is not None and person.keyboard.get("one_time_keyboard") and _pressed(person, content):
        person.keyboard = {**person.keyboard, "used": True}  # the app folds it; it is there until the bot removes it
    message = world.store.add_message(person, person.user, world.now(), content)
    world.updates.push("message", message)
    return message


def _pressed(person: Person, content: Json) -> bool:
    """Whether a button of the reply keyboard makes such a message."""
    buttons = [button for row in (person.keyboard or {}).get("keyboard", []) for button in row]
    if "contact" in content:
        own = content["contact"].get("user_id") == person.id
        return own and any(button.get("request_contact") for button in buttons)
    return "text" in content and content["text"] in [button["text"] for button in buttons]
