"""What the reader and its process say to each other: two lengths, a JSON object and a picture, which answers lack."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

LENGTHS = struct.Struct("!II")


def send(other: socket.socket, said: dict[str, Any], picture: bytes = b"") -> None:
    content = json.dumps(said).encode()
    other.sendall(LENGTHS.pack(len(content), len(picture)) + content + picture)


def receive(other: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    """None when the other side is gone."""
    lengths = _exactly(other, LENGTHS.size)
    if lengths is None:
        return None
    content_length, picture_length = LENGTHS.unpack(lengths)
    content, picture = _exactly(other, content_length), _exactly(other, picture_length)
    return None if content is None or picture is None else (json.loads(content), picture)


def _exactly(other: socket.socket, length: int) -> bytes | None:
    content = bytearray()
    while len(content) < length:
        more = other.recv(min(1 << 20, length - len(content)))
        if not more:
            return None
        content += more
    return bytes(content)
