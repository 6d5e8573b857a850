"""Text formatting: Telegram's HTML (Telegram Bot API 10.3, "Formatting options") parsed into message entities.

Offsets and lengths are in UTF-16 code units, as everywhere in Telegram.
"""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from apps.sandbox.telegram.errors import malformed
from apps.sandbox.telegram.schema import utf16_length

Entity = dict[str, Any]

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "span": "spoiler",
    "tg-spoiler": "spoiler", "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
_ATTRIBUTE = r"""\s+([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?"""
_PIECE = re.compile(
    rf"<(?P<open>[a-zA-Z][a-zA-Z0-9-]*)(?P<attributes>(?:{_ATTRIBUTE})*)\s*>"
    r"|</(?P<close>[a-zA-Z0-9-]*)\s*>"
    r"|(?P<reference>&(?:lt|gt|amp|quot|#[0-9]+|#x[0-9a-fA-F]+);)"
    r"|(?P<wrong>[<&])"
    r"|(?P<text>[^<&]+)"
)
_LINK = re.compile(r"(?:https?|tg|ton)://[^\s/]", re.IGNORECASE)
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,!?;:)\]'])"
    r"|(?<![\w@/.])(?P<mention>@[A-Za-z]\w{3,31})"
    r"|(?<![\w@/.])(?P<bot_command>/[A-Za-z0-9_]{1,32}(?:@\w+)?)(?![\w/])"
)
_OPAQUE = {"code", "pre", "text_link", "url"}


@dataclass
class _Open:
    tag: str
    offset: int
    attributes: dict[str, str]
    language: str | None = None


@dataclass
class _Parser:
    text: str = ""
    length: int = 0
    entities: list[Entity] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def append(self, piece: str) -> None:
        self.text += piece
        self.length += utf16_length(piece)

    def open(self, tag: str, attributes: dict[str, str], where: int) -> None:
        if tag not in _TAGS:
            raise _cannot_parse(f'Unsupported start tag "{tag}" at byte offset {where}')
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _cannot_parse(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        self.stack.append(_Open(tag, self.length, attributes))

    def close(self, tag: str, where: int) -> None:
        if not self.stack:
            raise _cannot_parse(f"Unexpected end tag at byte offset {where}")
        opened = self.stack.pop()
        if tag not in ("", opened.tag):
            raise _cannot_parse(
                f'Unmatched end tag at byte offset {where}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        length = self.length - opened.offset
        parent = self.stack[-1] if self.stack else None
        language = opened.attributes.get("class", "")
        if tag == "code" and parent and parent.tag == "pre" and language.startswith("language-"):
            parent.language = language.removeprefix("language-")
        elif length:
            entity = _entity(opened, length, self.text)
            if entity is not None:
                self.entities.append(entity)


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Parses Telegram's HTML into the text and its entities.

    Raises ApiError 400 "can't parse entities" on tags Telegram does not know, on unclosed or crossed tags and on an
    unescaped `<` or `&`. (Telegram lets a lone `&` pass; its documentation forbids it, so a bot here may not send it.)
    """
    parser = _Parser()
    for piece in _PIECE.finditer(source):
        where = len(source[: piece.start()].encode("utf-8", "surrogatepass"))
        if piece["text"]:
            parser.append(piece["text"])
        elif piece["reference"]:
            parser.append(html.unescape(piece["reference"]))
        elif piece["open"]:
            parser.open(piece["open"].lower(), _attributes(piece["attributes"]), where)
        elif piece["close"] is not None:
            parser.close(piece["close"].lower(), where)
        elif piece["wrong"] == "&":
            raise _cannot_parse(f'Unescaped "&" at byte offset {where}, "&amp;" is expected')
        else:
            tag = re.match(r"</?([^\s<>]*)", source[piece.start() :])
            raise _cannot_parse(f'Unsupported start tag "{tag[1] if tag else ""}" at byte offset {where}')
    if parser.stack:
        raise _cannot_parse(f'Can\'t find end tag corresponding to start tag "{parser.stack[-1].tag}"')
    return parser.text, sorted(parser.entities, key=lambda e: (e["offset"], -e["length"]))


def trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Takes the white space off both ends, as Telegram does, and moves the entities along."""
    left = len(text) - len(text.lstrip())
    trimmed = text.strip()
    end = utf16_length(trimmed)
    moved = []
    for entity in entities:
        start = max(entity["offset"] - left, 0)
        stop = min(entity["offset"] - left + entity["length"], end)
        if stop > start:
            moved.append({**entity, "offset": start, "length": stop - start})
    return trimmed, moved


def found_in(text: str, entities: list[Entity]) -> list[Entity]:
    """`entities` and those Telegram finds by itself: links, @mentions and /commands outside code and links."""
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in _OPAQUE]
    found = []
    for match in _FOUND.finditer(text):
        offset = utf16_length(text[: match.start()])
        length = utf16_length(match[0])
        if not any(offset < stop and start < offset + length for start, stop in taken):
            found.append({"type": match.lastgroup, "offset": offset, "length": length})
    return sorted([*entities, *found], key=lambda e: (e["offset"], -e["length"]))


def _attributes(source: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in re.findall(_ATTRIBUTE, source)
    }


def _entity(opened: _Open, length: int, text: str) -> Entity | None:
    entity: Entity = {"type": _TAGS[opened.tag], "offset": opened.offset, "length": length}
    if opened.tag == "a":
        inner = text.encode("utf-16-le")[opened.offset * 2 :].decode("utf-16-le")
        entity["url"] = opened.attributes.get("href") or inner
        return entity if _LINK.match(entity["url"]) else None
    if opened.tag == "blockquote" and "expandable" in opened.attributes:
        entity["type"] = "expandable_blockquote"
    if opened.tag == "pre" and opened.language:
        entity["language"] = opened.language
    if opened.tag == "tg-emoji":
        entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
    return entity


def _cannot_parse(reason: str) -> Exception:
    return malformed(f"can't parse entities: {reason}")
