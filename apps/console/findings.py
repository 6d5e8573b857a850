from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is what to do; an empty one means that all is well."""

    what: str
    says: str
    remedy: str = ""


class Trouble(Exception):
    """Something is wrong: what was seen, and what to do."""

    def __init__(self, says: str, remedy: str) -> None:
        super().__init__(says)
        self.says, self.remedy = says, remedy
