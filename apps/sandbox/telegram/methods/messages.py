"""Sending messages and answering taps."""

from collections.abc import Mapping
from typing import Any

from apps.sandbox.telegram.errors import bad_request, not_stood_in
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.formatting import message_caption, message_text
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

QUERY_SECONDS = 15 * 60  # a callback query can be answered for so long


async def send_message(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, sendMessage."""
    content = message_text(args)
    return send(world, args, content)


async def send_photo(world: World, args: Json, uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, sendPhoto."""
    return await _send_media(world, args, uploads, "photo")


async def send_document(world: World, args: Json, uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, sendDocument."""
    return await _send_media(world, args, uploads, "document")


async def send_media_group(world: World, args: Json, uploads: Mapping[str, Upload]) -> list[Json]:
    """Telegram Bot API, sendMediaGroup, for photos and documents."""
    world.store.writable_chat(args["chat_id"])
    contents = [await media_content(world, item, uploads) for item in args["media"]]
    group = str(world.store.state.next_message_id)
    common = {name: value for name, value in args.items() if name != "media"}
    return [send(world, common, {"media_group_id": group, **content}) for content in contents]


async def send_chat_action(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, sendChatAction."""
    world.store.set_action(world.store.writable_chat(args["chat_id"]), args["action"])
    return True


async def answer_callback_query(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, answerCallbackQuery: once, within 15 minutes."""
    query = world.store.state.callbacks.pop(args["callback_query_id"], None)
    if query is None or world.now().timestamp() - query["date"] > QUERY_SECONDS:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    person = world.store.chat(query["user_id"])
    toast = {"text": args.get("text", ""), "alert": args.get("show_alert", False), "url": args.get("url", "")}
    person.toast = {**toast, "version": world.store.touch(person)}
    return True


async def media_content(world: World, item: Json, uploads: Mapping[str, Upload]) -> Json:
    """Content of a message from an InputMediaPhoto or InputMediaDocument. Raises ApiError 400."""
    kind, source = item["type"], item["media"]
    if kind not in ("photo", "document"):
        raise not_stood_in(f"media of type {kind}")
    caption = message_caption(item)
    if source.startswith(("http://", "https://")):
        raise not_stood_in(f"a {kind} given by its URL")
    if source.startswith("attach://"):
        return {**await world.files.add(kind, uploads[source.removeprefix("attach://")]), **caption}
    return {**world.files.again(kind, source), **caption}


async def _send_media(world: World, args: Json, uploads: Mapping[str, Upload], kind: str) -> Json:
    world.store.writable_chat(args["chat_id"])
    content = await media_content(world, {**args, "type": kind, "media": args[kind]}, uploads)
    return send(world, args, content)


def send(world: World, args: Json, content: Json) -> Json:
    person = world.store.writable_chat(args["chat_id"])
    content = {**content, **_reply(person, args.get("reply_parameters", {}))}
    if args.get("protect_content"):
        content["has_protected_content"] = True
    markup = args.get("reply_markup", {})
    if markup.get("inline_keyboard"):
        content["reply_markup"] = markup
    elif "keyboard" in markup:
        rows = [[b if isinstance(b, dict) else {"text": b} for b in row] for row in markup["keyboard"]]
        person.keyboard = {**markup, "keyboard": rows}
    elif "remove_keyboard" in markup:
        person.keyboard = None
    return world.store.add_message(person, world.bot, world.now(), content)


def _reply(person: Person, parameters: Json) -> Json:
    if "message_id" not in parameters:
        return {}
    entry = person.entry(parameters["message_id"])
    if entry is not None and entry.message is not None:
        replied = {name: value for name, value in entry.message.items() if name != "reply_to_message"}
        return {"reply_to_message": replied}
    if parameters.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")
