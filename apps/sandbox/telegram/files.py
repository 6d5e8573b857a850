"""Files that went through the chats: bytes on the disk, names and sizes in the state."""

import asyncio
import base64
import hashlib
import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from apps.sandbox.telegram import photos
from apps.sandbox.telegram.errors import ApiError, bad_request
from apps.sandbox.telegram.store import Store

Json = dict[str, Any]

UPLOAD_LIMIT = 50 * 1024 * 1024  # Telegram Bot API, "Sending files"
DOWNLOAD_LIMIT = 20 * 1024 * 1024  # Telegram Bot API, getFile
_PREFIX = {"photo": "AgACAgIAAx", "document": "BQACAgIAAx"}


@dataclass(frozen=True)
class Upload:
    """A file part of a request."""

    name: str
    mime: str
    data: bytes


class Files:
    """Files under `directory`, found by their file_id."""

    def __init__(self, directory: Path, store: Store) -> None:
        self._directory = directory
        self._directory.mkdir(parents=True, exist_ok=True)
        self._store = store

    async def add(self, kind: str, upload: Upload) -> Json:
        """Stores an upload and returns the message content: {"photo": [PhotoSize...]} or {"document": {...}}.

        A document keeps its bytes; a photo is compressed into several sizes. Raises ApiError 400.
        """
        if kind == "photo":
            scaled = await asyncio.to_thread(photos.sizes, upload.data)
            found = [
                {**self._write("photo", "photo.jpg", data), "width": width, "height": height}
                for width, height, data in scaled
            ]
            return {"photo": found}
        mime = upload.mime or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        return {
            "document": {
                **self._write("document", upload.name, upload.data),
                "file_name": upload.name,
                "mime_type": mime,
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
        """File, the answer of getFile. Raises ApiError 400 for an unknown or too large one."""
        file = self._store.state.files.get(file_id)
        if file is None:
            raise bad_request("invalid file_id")
        if file["file_size"] > DOWNLOAD_LIMIT:
            raise bad_request("file is too big")
        return file

    def by_path(self, file_path: str) -> Path:
        """The bytes of getFile's file_path. Raises ApiError 404."""
        if not any(file["file_path"] == file_path for file in self._store.state.files.values()):
            raise ApiError(404, "Not Found")
        return self._directory / file_path

    def by_id(self, file_id: str) -> Path | None:
        """The bytes of a file as a person downloads them, of any size."""
        file = self._store.state.files.get(file_id)
        return None if file is None else self._directory / file["file_path"]

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
