"""JSON documents on disk, appended to one file as they change, so that a change of one costs the same among 10,000."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from apps.sandbox.shelf import write_atomically

SLACK = 1000  # outdated lines that are not worth a rewriting


class Journal:
    """Documents by kind and key which survive a restart. Made for one process. A torn last line is forgotten."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._kinds: dict[str, dict[str, Any]] = {}
        self._lines = 0
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                kind, key, document = json.loads(line)
            except ValueError:
                break
            self._take(kind, key, document)
        self._rewrite()

    def of(self, kind: str) -> dict[str, Any]:
        """The documents of a kind by their keys, themselves, not copies: change one only to `put` it back."""
        return self._kinds.setdefault(kind, {})

    def put(self, kind: str, key: str, document: Any) -> None:
        """None as the document forgets it."""
        self.put_all([(kind, key, document)])

    def put_all(self, changes: Iterable[tuple[str, str, Any]]) -> None:
        lines = []
        for kind, key, document in changes:
            self._take(kind, key, document)
            lines.append(_line(kind, key, document))
        with self._path.open("ab") as file:
            file.write(b"".join(lines))
        self._lines += len(lines)
        if self._lines > 2 * sum(map(len, self._kinds.values())) + SLACK:
            self._rewrite()

    def _take(self, kind: str, key: str, document: Any) -> None:
        if document is None:
            self.of(kind).pop(key, None)
        else:
            self.of(kind)[key] = document

    def _rewrite(self) -> None:
        live = [(kind, key, document) for kind, some in self._kinds.items() for key, document in some.items()]
        write_atomically(self._path, b"".join(_line(*one) for one in live))
        self._lines = len(live)


def _line(kind: str, key: str, document: Any) -> bytes:
    return json.dumps([kind, key, document], ensure_ascii=False).encode() + b"\n"
