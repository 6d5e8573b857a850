"""Who buys, owns and is owed."""

from __future__ import annotations

import re
from dataclasses import dataclass

WRITTEN = re.compile(r"(user|workspace):([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Party:
    """Written "user:42" in tables, events and ledger accounts."""

    kind: str
    id: int

    @classmethod
    def parse(cls, text: str) -> Party:
        match = WRITTEN.fullmatch(text)
        if not match:
            raise ValueError(f"not a party: {text!r}")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
