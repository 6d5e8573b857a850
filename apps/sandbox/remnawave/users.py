"""The panel's users and squads: kept in the journal, found by each of their names without looking at all of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.settings import SQUADS

User = dict[str, Any]  # as the panel keeps it: with id and uuid, `squads` (uuids), `traffic` and `devices` (by hwid)
NAMES = ("uuid", "username", "shortUuid")


class Users:
    """All of them in the order they came. A user is changed in place and then saved."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by: dict[str, dict[Any, User]] = {name: {} for name in ("id", *NAMES)}
        self._telegram: dict[int, set[int]] = {}
        self._indexed: dict[int, tuple[Any, ...]] = {}  # id -> its names and telegram id when it was last saved
        self._ids: list[int] = []
        for key in sorted(journal.of("user"), key=int):
            self._index(journal.of("user")[key])
        counted = journal.of("counter").get("user", 0)
        self._last_id: int = max([counted, *self._ids[-1:]])

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[User]:
        return (self._by["id"][number] for number in self._ids)

    def find(self, name: str, value: Any) -> User | None:
        """By id, uuid, username or shortUuid."""
        return self._by[name].get(value)

    def by_telegram(self, telegram_id: int) -> list[User]:
        return [self._by["id"][number] for number in sorted(self._telegram.get(telegram_id, ()))]

    def after(self, number: int, count: int) -> list[User]:
        """The `count` users that follow the one with this id."""
        start = bisect_right(self._ids, number)
        return [self._by["id"][one] for one in self._ids[start : start + count]]

    def page(self, start: int, size: int) -> list[User]:
        """The newest first."""
        last = len(self._ids) - start
        return [self._by["id"][one] for one in reversed(self._ids[max(0, last - size) : max(0, last)])]

    def new_id(self) -> int:
        """An id is never given twice, also when its user is gone."""
        self._last_id += 1
        return self._last_id

    def save(self, *users: User) -> None:
        for user in users:
            self._index(user)
        changes: list[tuple[str, str, Any]] = [("user", str(user["id"]), user) for user in users]
        if any(user["id"] == self._last_id for user in users):
            changes.append(("counter", "user", self._last_id))
        self._journal.put_all(changes)

    def remove(self, user: User) -> None:
        self._forget_names(user["id"])
        del self._by["id"][user["id"]]
        del self._ids[bisect_left(self._ids, user["id"])]
        self._journal.put("user", str(user["id"]), None)

    def _index(self, user: User) -> None:
        number = user["id"]
        names = (*(user[name] for name in NAMES), user["telegramId"])
        if self._indexed.get(number) == names:
            return
        if number in self._indexed:
            self._forget_names(number)
        else:
            self._ids.append(number)
        for name in ("id", *NAMES):
            self._by[name][user[name]] = user
        if user["telegramId"] is not None:
            self._telegram.setdefault(user["telegramId"], set()).add(number)
        self._indexed[number] = names

    def _forget_names(self, number: int) -> None:
        *values, telegram_id = self._indexed.pop(number)
        for name, value in zip(NAMES, values, strict=True):
            del self._by[name][value]
        if telegram_id is not None:
            self._telegram[telegram_id].discard(number)


class Squads:
    """Internal squads: groups of servers that a user is let into."""

    def __init__(self, journal: Journal, at: str) -> None:
        self._journal = journal
        if not journal.of("counter").get("squads"):
            self.begin(at)
            journal.put("counter", "squads", 1)  # what is removed by hand does not come back

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._journal.of("squad").values())

    def missing(self, uuids: Iterable[str]) -> bool:
        """Whether one of them is not there."""
        return any(uuid not in self._journal.of("squad") for uuid in uuids)

    def name(self, uuid: str) -> str:
        return str(self._journal.of("squad")[uuid]["name"])

    def add(self, uuid: str, name: str, at: str) -> None:
        self._journal.put("squad", uuid, {"uuid": uuid, "name": name, "createdAt": at, "updatedAt": at})

    def begin(self, at: str) -> None:
        """Those of the start, and no others."""
        for uuid in list(self._journal.of("squad")):
            self.remove(uuid)
        for uuid, name in SQUADS.items():
            self.add(uuid, name, at)

    def remove(self, uuid: str) -> None:
        self._journal.put("squad", uuid, None)
