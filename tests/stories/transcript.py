"""Stories over years, with every message that the people in them got, word by word.

Three people who live the same life in three languages are played at once. What they are told is kept beside the story,
one file for each language (transcripts/<story>.<language>.txt). A text that changes changes there, too, so that
somebody reads it: `WRITE_TRANSCRIPTS=1 bin/test --long tests/stories` writes the files anew."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import unified_diff
from pathlib import Path
from typing import Any

from services.platform.config import inherited_environment
from tests.world import Kiosk, Person

HERE = Path(__file__).parent / "transcripts"
NAMES = {"ru": "Анна", "uk": "Ганна", "en": "Anna"}
BEGIN = datetime(2041, 1, 31, 10, tzinfo=UTC)  # ahead of every real clock; 13:00 in Moscow
SECRET = re.compile(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}|[A-Z2-9]{16}")  # of a gift: another one each time
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Story:
    """`cast` is by language. Acts happen at exact minutes: each first moves the clock there."""

    kiosk: Kiosk
    cast: dict[str, Person] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    _seen: dict[int, int] = field(default_factory=dict)
    _dated: dict[str, datetime] = field(default_factory=dict)

    def begin(self) -> None:
        self._move(BEGIN)
        self.kiosk.tick()
        for code, name in NAMES.items():
            self.join(code, name)

    def join(self, code: str, name: str, language_code: str | None = None, start: str | None = None) -> Person:
        """Another person of the story, whose messages are kept under `code`; `start` is the parameter of the link by
        which they come."""
        person = self.kiosk.person(name, language_code or code, start)
        self.cast[code], self.lines[code] = person, []
        self._listen()
        self.lines[code].clear()  # the answer to /start is a screen, which other tests look at
        return person

    def until(self, moment: datetime, step: timedelta = 6 * HOUR) -> None:
        """Lets the clock run to the minute of `moment`, step by step, with what it brings."""
        while _whole_minute(self.kiosk.now) < _whole_minute(moment):
            self._move(min(_whole_minute(self.kiosk.now) + step, moment))
            self._tick()
            self._listen()

    def each(self, act: Callable[[Person], object], *, what: str, who: str | None = None) -> None:
        """Everybody does it, or those called "<language>-<who>" (empty: "<language>"). `what` is told, too."""
        for code, person in self.cast.items():
            if who is None or who == code.partition("-")[2]:
                self._date(code)
                self.lines[code].append(f"* {what}")
                act(person)
        self.kiosk.drain()
        self._tick()
        self._listen()

    def _tick(self) -> None:
        """With what waits a second for its turn in a chat: it belongs to this moment."""
        self.kiosk.tick()
        for _ in range(5):
            if self.kiosk.undone():
                self.kiosk.hurry()

    def _listen(self) -> None:
        for code, person in self.cast.items():
            messages = self.kiosk.messages(person)
            for message in messages[self._seen.get(person.telegram_id, 0) :]:
                self._date(code)
                self.lines[code] += _told(message)
            self._seen[person.telegram_id] = len(messages)

    def _date(self, code: str) -> None:
        now = _whole_minute(self.kiosk.now)
        if self._dated.get(code) != now:
            self._dated[code] = now
            self.lines[code] += ["", f"== {now:%Y-%m-%d %H:%M} UTC"]

    def _move(self, moment: datetime) -> None:
        """To a few seconds after its minute began, so that the seconds an act takes are in no message."""
        ahead = math.ceil((_whole_minute(moment) + timedelta(seconds=5) - self.kiosk.now).total_seconds())
        if ahead > 0:
            self.kiosk.world.offset.move(ahead)


@contextmanager
def story(name: str, kiosk: Kiosk, *, whole: bool = True) -> Iterator[Story]:
    """At its end the transcripts are held against the kept ones, and the books are proved. One that is not `whole` is
    the beginning of what is kept."""
    told = Story(kiosk)
    told.begin()
    yield told
    assert kiosk.faults() == []
    assert kiosk.undone() == []
    differing = [code for code, lines in told.lines.items() if not _kept(name, code, lines, whole)]
    assert differing == [], f"{name}: what people were told has changed ({differing}); see {HERE}"


def _kept(name: str, code: str, lines: list[str], whole: bool) -> bool:
    file = HERE / f"{name}.{code}.txt"
    text = "\n".join(lines).strip() + "\n"
    if whole and inherited_environment().get("WRITE_TRANSCRIPTS"):
        HERE.mkdir(exist_ok=True)
        file.write_text(text)
        return True
    kept = file.read_text() if file.exists() else ""
    if not whole:
        kept = kept[: len(text)]
    assert text == kept, "\n".join(
        unified_diff(kept.splitlines(), text.splitlines(), file.name, "told now", lineterm="")
    )
    return True


def _told(message: dict[str, Any]) -> Iterator[str]:
    for kind in ("document", "photo"):
        if kind in message:
            yield f"[{kind}{': ' + message['document']['file_name'] if kind == 'document' else ''}]"
    yield from SECRET.sub("<code>", message.get("text") or message.get("caption") or "").split("\n")
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    yield from ("  " + " ".join(f"[{button['text']}]" for button in row) for row in rows)
    yield ""


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
