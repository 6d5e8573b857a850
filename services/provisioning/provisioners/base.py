"""The port to one kind of access, and what can go wrong while it is given. A provisioner raises one of these or has
succeeded; it never returns None.

TryLater       unreachable or confused: the same call may succeed in `after` seconds
Misconfigured  an operator must act: address, secret, certificate; the buyer's order is kept
Rejected       the other side understood and refused for good
OutOfStock     nothing is left to give: no free address, no key in the pool
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from services.platform.db import Database
from services.platform.errors import KioskError, Misconfigured, Rejected, TryLater

__all__ = ["Misconfigured", "OutOfStock", "Provisioner", "Rejected", "Revealed", "TryLater"]


class OutOfStock(KioskError):
    code = "out_of_stock"


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the owner of a grant is shown. `config` is secret. `key` names the credentials without revealing them: when
    it changes, the owner needs the new file."""

    location: str
    file_name: str
    config: str = field(repr=False)
    key: str


class Provisioner(Protocol):
    """Desired state: `reserve` and `release` write it into our own tables within the caller's transaction, `apply`
    makes the other side equal to it. Every call may be repeated."""

    @property
    def kind(self) -> str: ...

    @property
    def servers(self) -> Sequence[str]:
        """Codes of what `check` and `repair` look at."""

    def reserve(self, tx: Session, grant_id: int, locations: Sequence[str], now: datetime) -> None:
        """Takes what the grant needs (address, key); one that has it already keeps it. Raises OutOfStock."""

    def release(self, tx: Session, grant_id: int, now: datetime) -> None:
        """Ends it. Nothing reserved counts as released."""

    def apply(self, db: Database, grant_id: int, now: datetime) -> None:
        """Pushes the wanted state until the other side has confirmed this grant's. Raises TryLater, Misconfigured,
        Rejected."""

    def reveal(self, tx: Session, grant_id: int) -> Revealed:
        """The grant must have been reserved."""

    def check(self, server: str) -> str:
        """One line about a server for the operator. Raises TryLater, Misconfigured."""

    def repair(self, db: Database, server: str, now: datetime) -> None:
        """Pushes again when the server holds less than it confirmed once. Raises as `apply`."""

    def close(self) -> None:
        """Closes its connections."""
