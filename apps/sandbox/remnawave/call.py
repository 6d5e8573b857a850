"""One request to the panel, on its way to an endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.sandbox.remnawave import rules
from apps.sandbox.remnawave.bulk import Bulk
from apps.sandbox.remnawave.errors import Refused
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.users import User


@dataclass(frozen=True)
class Call:
    """One request that has been let in. `parts` are the named pieces of its path."""

    panel: Panel
    bulk: Bulk
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Any

    @property
    def three(self) -> bool:
        return self.panel.settings.dialect == "3"

    def taken(self, fields: Mapping[str, rules.Field], *required: str) -> dict[str, Any]:
        return rules.check(self.body, fields, required)

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number of the query."""
        if name not in self.query:
            return default
        value = int(rules.check(self.query, {name: rules.digits})[name])
        return int(rules.check({name: value}, {name: rules.whole(least, most)})[name])

    def user(self, code: str = "A025") -> User:
        """The one whom the path names, by the key of this dialect. Raises Refused with `code`."""
        field = rules.digits if self.three else rules.uuid
        value = rules.check(self.parts, {"k": field})["k"]
        return found(self.panel.users.find(self.panel.settings.key, value), code)

    def shown(self, user: User) -> dict[str, Any]:
        return self.panel.shapes.user(user)


def found(user: User | None, code: str = "A063") -> User:
    if user is None:
        raise Refused(code)
    return user
