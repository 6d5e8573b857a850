"""From the text parameters of a method to the text and entities of a message."""

from typing import Any

from apps.sandbox.telegram.entities import Entity, found_in, parse_html, trim
from apps.sandbox.telegram.errors import malformed, not_stood_in
from apps.sandbox.telegram.schema import utf16_length

TEXT_LIMIT = 4096  # UTF-16 units after entities parsing (Telegram Bot API, sendMessage)
CAPTION_LIMIT = 1024  # likewise, for captions


def message_text(args: dict[str, Any]) -> dict[str, Any]:
    """The `text` and `entities` of a message. Raises ApiError 400 when empty, too long or wrongly marked up."""
    text, entities = _formatted(args, "text", "entities")
    if not text:
        raise malformed("message text is empty")
    if utf16_length(text) > TEXT_LIMIT:
        raise malformed("message is too long")
    return {"text": text, **({"entities": entities} if entities else {})}


def message_caption(args: dict[str, Any]) -> dict[str, Any]:
    """The `caption` and `caption_entities` of a message, {} when there is none. Raises ApiError 400."""
    text, entities = _formatted(args, "caption", "caption_entities")
    if utf16_length(text) > CAPTION_LIMIT:
        raise malformed("message caption is too long")
    if not text:
        return {}
    return {"caption": text, **({"caption_entities": entities} if entities else {})}


def _formatted(args: dict[str, Any], text_name: str, entities_name: str) -> tuple[str, list[Entity]]:
    text = args.get(text_name, "")
    mode = args.get("parse_mode")
    if mode == "HTML":
        text, entities = parse_html(text)
    elif mode is not None:
        raise not_stood_in(f"parse_mode {mode}")
    else:
        entities = args.get(entities_name, [])
        length = utf16_length(text)
        if any(e["offset"] < 0 or e["length"] < 1 or e["offset"] + e["length"] > length for e in entities):
            raise malformed("can't parse entities: an entity is outside of the text")
    text, entities = trim(text, entities)
    return text, found_in(text, entities)
