"""JSON documents of one kind on disk, each in a file of its own: written atomically, all read back at the start."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file at `path`; a reader sees the old content or the new one, never a part."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)


class Shelf:
    """A mapping of text keys to JSON documents which survives a restart. Made for one process."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._documents: dict[str, dict[str, Any]] = {}
        for path in sorted(directory.glob("*.json")):
            record = json.loads(path.read_bytes())
            self._documents[record["key"]] = record["document"]

    def __contains__(self, key: str) -> bool:
        return key in self._documents

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._documents))

    def get(self, key: str) -> dict[str, Any] | None:
        """The document itself, not a copy: change it only to `put` it back."""
        return self._documents.get(key)

    def documents(self) -> list[dict[str, Any]]:
        """All documents, in no promised order."""
        return list(self._documents.values())

    def put(self, key: str, document: dict[str, Any]) -> None:
        record = json.dumps({"key": key, "document": document}, ensure_ascii=False)
        write_atomically(self._path(key), record.encode())
        self._documents[key] = document

    def remove(self, key: str) -> None:
        """Forget the document; nothing happens when it is not there."""
        self._documents.pop(key, None)
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        # Keys come from outside and may hold any character: the name of the file is their hash.
        return self._directory / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"
