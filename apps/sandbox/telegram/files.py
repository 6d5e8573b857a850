"""Files that went through the chats: bytes on the disk, names and sizes in the state."""

import asyncio
import base64
import hashlib
import mimetypes
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from apps.sandbox.telegram import photos
from apps.sandbox.telegram.errors import ApiError, bad_request
from apps.sandbox.telegram.store import Store

Json = dict[str, Any]

UPLOAD_LIMIT = 50 * 1024 * 1024  # Telegram Bot API, "Sending files"
DOWNLOAD_LIMIT = 20 * 1024 * 1024  # Telegram Bot API, getFile
LINK_SECONDS = 3600  # Telegram Bot API, getFile: the link is valid for at least 1 hour; here for no longer
_PREFIX = {"photo": "AgACAgIAAx", "document": "BQACAgIAAx", "thumbnail": "AAMCAgADGQ"}


@dataclass(frozen=True)
class Upload:
    """A file part of a request."""

    name: str
    mime: str
    data: bytes


class Files:
    """Files under `directory`, found by their file_id; `now` tells when a link for downloading is over."""

    def __init__(self, directory: Path, store: Store, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._now = now
        self._directory.mkdir(parents=True, exist_ok=True)
        self._store = store

    async def add(self, kind: str, upload: Upload, *, by_app: bool = False) -> Json:
        """Stores an upload and returns the message content: {"photo": [PhotoSize...]} or {"document": {...}}.

        A document keeps its bytes, and a picture among them gets a thumbnail; a photo is compressed into several sizes,
        before it is sent if a person's app sends it (`by_app`). Raises ApiError 400.
        """
        if kind == "photo":
            scaled = await asyncio.to_thread(photos.sizes, upload.data, by_app=by_app)
            return {"photo": [self._sized("photo", one) for one in scaled]}
        mime = upload.mime or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        small = await asyncio.to_thread(photos.thumbnail, upload.data) if mime.startswith("image/") else None
        return {
            "document": {
                **self._write("document", upload.name, upload.data),
                "file_name": upload.name,
                "mime_type": mime,
                **({"thumbnail": self._sized("thumbnail", small)} if small else {}),
            }
        }

    def again(self, kind: str, file_id: str) -> Json:
        """Content of a message that sends a known file once more. Raises ApiError 400."""
        for person in self._store.state.people.values():
            for entry in reversed(person.entries):
                content = (entry.message or {}).get(kind, [])
                known = content if isinstance(content, list) else [content]
                if any(item["file_id"] == file_id for item in known):
                    return {kind: content}
        raise bad_request("wrong file identifier/HTTP URL specified")

    def info(self, file_id: str) -> Json:
        """File, the answer of getFile; its file_path is good for an hour. Raises ApiError 400 for an unknown or too
        large one."""
        file = self._store.state.files.get(file_id)
        if file is None:
            raise bad_request("invalid file_id")
        if file["file_size"] > DOWNLOAD_LIMIT:
            raise bad_request("file is too big")
        until = self._now().timestamp() + LINK_SECONDS
        self._store.state.files[file_id] = {**file, "until": until}
        self._store.save()
        return {name: value for name, value in file.items() if name != "until"}

    def by_path(self, file_path: str) -> Path:
        """The bytes of a file_path that getFile has told within the hour. Raises ApiError 404."""
        found = (file for file in self._store.state.files.values() if file["file_path"] == file_path)
        if self._now().timestamp() > next(found, {}).get("until", 0):
            raise ApiError(404, "Not Found")
        return self._directory / file_path

    def by_id(self, file_id: str) -> Path | None:
        """The bytes of a file as a person downloads them, of any size."""
        file = self._store.state.files.get(file_id)
        return None if file is None else self._directory / file["file_path"]

    def _sized(self, kind: str, scaled: photos.Scaled) -> Json:
        """PhotoSize."""
        width, height, data = scaled
        return {**self._write(kind, f"{kind}.jpg", data), "width": width, "height": height}

    def _write(self, kind: str, name: str, data: bytes) -> Json:
        number = len(self._store.state.files)
        file_path = f"{kind}s/file_{number}{PurePath(name).suffix.lower()}"
        path = self._directory / file_path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        unique = base64.urlsafe_b64encode(hashlib.sha256(data).digest())[:15].decode()
        file_id = _PREFIX[kind] + secrets.token_urlsafe(40)
        file = {"file_id": file_id, "file_unique_id": unique, "file_size": len(data)}
        self._store.state.files[file_id] = {**file, "file_path": file_path}
        self._store.save()
        return file
