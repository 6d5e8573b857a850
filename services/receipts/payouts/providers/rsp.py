"""Portmone's answers (PortmoneDirect, version 2, as far as its public start says; unverified against the real one):

<rsp status="ok"><bill><billId>1234</billId>...</bill></rsp>
<rsp status="fail"><error code="1007">...</error></rsp>

Read without trust: no DOCTYPE, which is the door of entity bombs; nothing said twice; nothing deep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from services.receipts.payouts.providers.base import BadCallback

DEEPEST = 8
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Unreadable(BadCallback):
    """Not an answer of Portmone."""


@dataclass(frozen=True, slots=True)
class Rsp:
    """`texts` maps paths like "bill/billId" to what stands there; `code` is of a failure."""

    is_ok: bool
    code: str
    texts: Mapping[str, str]

    @property
    def bill_id(self) -> str | None:
        text = self.texts.get("bill/billId", "")
        return text if NAME.fullmatch(text) else None


def read_rsp(body: bytes) -> Rsp:
    """Raises Unreadable, which never quotes what was read."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(type(error).__name__) from None
    if reader.status not in ("ok", "fail"):
        raise Unreadable("no status")
    code = reader.code if NAME.fullmatch(reader.code) else "unspecified"
    return Rsp(reader.status == "ok", code, reader.texts)


class _Reader:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.status = self.code = ""
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _doctype(self, *_: object) -> None:
        raise Unreadable("a DOCTYPE")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path:
            if name != "rsp":
                raise Unreadable("another document")
            self.status = attributes.get("status", "")
        elif self._path == ["rsp"] and name == "error":
            self.code = attributes.get("code", "")
        self._path.append(name)
        self._text.clear()
        if len(self._path) > DEEPEST:
            raise Unreadable("nested too deep")

    def _end(self, _: str) -> None:
        path, text = "/".join(self._path[1:]), "".join(self._text).strip()
        self._path.pop()
        self._text.clear()
        if text:
            if path in self.texts:
                raise Unreadable("said twice")
            self.texts[path] = text
