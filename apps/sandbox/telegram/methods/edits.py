"""Changing and deleting messages the bot has sent."""

from collections.abc import Mapping
from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.errors import bad_request, malformed, not_stood_in
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.formatting import message_caption, message_text
from apps.sandbox.telegram.methods.messages import media_content
from apps.sandbox.telegram.store import Entry, Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

DELETABLE_SECONDS = 48 * 3600
_TEXT = ("text", "entities")
_CAPTION = ("caption", "caption_entities")
_CONTENT = (*_TEXT, *_CAPTION, *shapes.MEDIA)


async def edit_message_text(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, editMessageText."""
    content = message_text(args)
    person, entry, message = _editable(world, args)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _replace(world, person, entry, _with(message, args, _TEXT, content))


async def edit_message_caption(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, editMessageCaption."""
    content = message_caption(args)
    person, entry, message = _editable(world, args)
    if not any(kind in message for kind in shapes.MEDIA):
        raise bad_request("there is no caption in the message to edit")
    return _replace(world, person, entry, _with(message, args, _CAPTION, content))


async def edit_message_media(world: World, args: Json, uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, editMessageMedia, for photos and documents."""
    _editable(world, args)
    content = await media_content(world, args["media"], uploads)
    person, entry, message = _editable(world, args)
    return _replace(world, person, entry, _with(message, args, _CONTENT, content))


async def edit_message_reply_markup(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, editMessageReplyMarkup."""
    person, entry, message = _editable(world, args)
    return _replace(world, person, entry, _with(message, args, (), {}))


async def delete_message(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, deleteMessage: any message of a private chat younger than 48 hours."""
    person = world.store.chat(args["chat_id"])
    entry = person.entry(args["message_id"])
    if entry is None or entry.message is None:
        raise bad_request("message to delete not found")
    if world.now().timestamp() - entry.message["date"] > DELETABLE_SECONDS:
        raise bad_request("message can't be deleted for everyone")
    world.store.replace_message(person, entry, None)
    return True


def _editable(world: World, args: Json) -> tuple[Person, Entry, Json]:
    if "inline_message_id" in args:
        raise not_stood_in("inline messages")
    if "chat_id" not in args or "message_id" not in args:
        raise malformed("message identifier is not specified")
    person = world.store.writable_chat(args["chat_id"])
    entry = person.entry(args["message_id"])
    if entry is None or entry.message is None:
        raise bad_request("message to edit not found")
    if not shapes.is_bot_message(entry.message):
        raise bad_request("message can't be edited")
    return person, entry, entry.message


def _with(message: Json, args: Json, fields: tuple[str, ...], content: Json) -> Json:
    """`message` with `fields` replaced by `content`; a keyboard that is not given again is gone."""
    dropped = (*fields, "reply_markup")
    edited = {name: value for name, value in message.items() if name not in dropped} | content
    if args.get("reply_markup", {}).get("inline_keyboard"):
        edited["reply_markup"] = args["reply_markup"]
    return edited


def _replace(world: World, person: Person, entry: Entry, edited: Json) -> Json:
    if _visible(edited) == _visible(entry.message or {}):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    edited["edit_date"] = int(world.now().timestamp())
    world.store.replace_message(person, entry, edited)
    return edited


def _visible(message: Json) -> Json:
    """What of a message a person sees; the same file sent again looks the same."""
    shown = {name: message.get(name) for name in (*_TEXT, *_CAPTION, "reply_markup")}
    media = [message.get("document", {}), *message.get("photo", [])]
    return {**shown, "media": [item.get("file_unique_id") for item in media]}
