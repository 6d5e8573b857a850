"""The port to one kind of access, and what can go wrong while it is given. A provisioner raises one of these or has
succeeded; it never returns None for a failure.

TryLater       unreachable or confused: the same call may succeed in `after` seconds
Misconfigured  an operator must act: address, secret, certificate; the buyer's order is kept
Rejected       the other side understood and refused for good
OutOfStock     nothing is left to give: no free address, no key in the pool
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from services.catalog import Good
from services.platform.db import Database
from services.platform.errors import Conflict, KioskError, Misconfigured, Rejected, TryLater

__all__ = [
    "DIFFERS",
    "Artifact",
    "Capability",
    "Device",
    "Grant",
    "Health",
    "Held",
    "Location",
    "Misconfigured",
    "OutOfStock",
    "Provisioner",
    "Provisioners",
    "Ref",
    "Rejected",
    "TryLater",
    "Unsupported",
]

Ref = Mapping[str, Any]
DIFFERS = "differs"  # the one Held.problem that applying the grant again mends


class OutOfStock(KioskError):
    code = "out_of_stock"


class Unsupported(Conflict):
    """This kind of access has no such thing: no devices to forget, no credentials to replace."""

    code = "unsupported_access"


class Capability(enum.Flag):
    """EXPIRY: the other side ends it by itself. SUSPEND: what is off keeps its credentials. ROTATE: credentials can be
    replaced. USAGE: traffic is counted; RESET_USAGE: the count can begin anew. DEVICES: devices are listed and
    forgotten. LOCATIONS: the owner may choose where. STOCK: there is only so much of it. MOVES: another good of the
    kind takes it over, credentials and all."""

    NONE = 0
    EXPIRY = enum.auto()
    SUSPEND = enum.auto()
    ROTATE = enum.auto()
    USAGE = enum.auto()
    RESET_USAGE = enum.auto()
    DEVICES = enum.auto()
    LOCATIONS = enum.auto()
    STOCK = enum.auto()
    MOVES = enum.auto()


@dataclass(frozen=True, slots=True)
class Grant:
    """What our database wants, whole and absolute: never "30 days more".

    `key` names it at the other side, for ever; it comes from our own id. `revision` rises with every change. `ends_at`
    is aware, in whole seconds. `traffic_bytes` and `devices` are None where there is no limit; `traffic_reset` as in
    the catalogue. `location` is what the owner chose of `locations` (none: any). `generation` counts rotations:
    credentials of an earlier one are to be replaced, once. `usage_epoch` counts what was paid: usage of an earlier one
    is to be forgotten, once, where `traffic_reset` is "period"."""

    id: int
    revision: int
    party: str
    telegram_id: int | None
    good: Good
    state: Literal["active", "suspended", "ended"]
    ends_at: datetime
    traffic_bytes: int | None = None
    traffic_reset: str = "period"
    devices: int | None = None
    speed_mbps: int | None = None
    locations: tuple[str, ...] = ()
    location: str | None = None
    generation: int = 0
    usage_epoch: int = 0

    @property
    def key(self) -> str:
        return f"k{self.id}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something the owner is shown; `content` is secret. `kind`: file (a text file called `name`, also shown as QR),
    link (opened or imported by an app, also shown as QR), invite (a link that lets the owner in), key (to be copied),
    text (to be read), document (`content` is where it lies, `name` what it is called)."""

    kind: Literal["file", "link", "invite", "key", "text", "document"]
    content: str = field(repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What the other side has now. `ref` finds it again: JSON, stored with the grant. `key` names the credentials
    without revealing them: when it changes, the owner needs the new ones. `place` is the server, panel or chat,
    `location` what its owner calls that. `problem` is a word for operators where it is held, but not as wanted: DIFFERS
    where limits, plan or the like are others and applying it again mends that."""

    state: Literal["active", "suspended", "expired", "limited", "absent"]
    ref: Ref = field(default_factory=dict)
    key: str = ""
    place: str = ""
    location: str = ""
    ends_at: datetime | None = None
    used_bytes: int | None = None
    artifacts: tuple[Artifact, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """`id` is the other side's; `seen_at` when it last came, where that is known."""

    id: str
    name: str
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where access may be had. `code` fits a button; `wanted` is what Grant.location becomes when it is chosen. `room`
    is a word, for owners are told no numbers: there is plenty, there is little left (a fifth or less), there is none.
    `here`: the grant is there now."""

    code: str
    name: str
    wanted: str
    room: Literal["plenty", "little", "none"]
    here: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """`says` is one line for operators. `used` of `capacity` where there is only so much; `expires_at` is when our own
    credentials there end."""

    says: str
    used: int | None = None
    capacity: int | None = None
    expires_at: datetime | None = None


class Provisioner(Protocol):
    """Desired state: `apply` makes the other side equal to the grant, whatever it was before. Every call may be
    repeated, and may have succeeded although it raised. Adapters inherit what they have no use for."""

    kind: str
    capabilities: Capability = Capability.NONE
    tells_of_rights: bool = False  # operators hear from the adapter itself what it may no longer do
    survey_size: int = 500  # how many grants one survey is asked about; more where it lists everybody anyway

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """Creates, changes, suspends, resumes, rotates, ends. `ref` is what the last call returned, {} at first.
        Raises TryLater, Misconfigured, Rejected, OutOfStock."""
        ...

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """What is there; "absent" when it is surely not. Changes nothing. Raises as `apply`."""
        ...

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        """Ends it and forgets its credentials. Absent is success. Raises as `apply`."""
        ...

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        """Takes what the grant needs of our own stock; one that has it keeps it. Raises OutOfStock."""
        return

    def stock(self, tx: Session, good: Good, locations: Sequence[str], now: datetime) -> int | None:
        """How many more can be given; None where nothing runs out."""
        return None

    def locations(self, tx: Session, grant: Grant, now: datetime) -> Sequence[Location]:
        """What its owner may choose of, in the order in which it is offered."""
        return ()

    def places(self, tx: Session) -> Sequence[str]:
        """Codes of what `check`, `survey` and `repair` look at."""
        return ()

    def check(self, place: str) -> Health:
        """Raises TryLater, Misconfigured."""
        raise Unsupported(f"{self.kind} has no places")

    def survey(
        self, db: Database, place: str, grants: Sequence[tuple[Grant, Ref]], now: datetime
    ) -> Iterator[tuple[int, Held]]:
        """What is there of all these grants, by their ids, with as few questions as possible. One that is surely not
        there is "absent"; when an answer is missing it raises, as `fetch`."""
        for grant, ref in grants:
            yield grant.id, self.fetch(db, grant, ref, now)

    def repair(self, db: Database, place: str, now: datetime) -> None:
        """Gives a place back what it lost as a whole (reinstalled, restored). Raises as `apply`."""
        return

    def devices(self, grant: Grant, ref: Ref) -> Sequence[Device]:
        """Raises Unsupported, TryLater, Misconfigured."""
        raise Unsupported(f"{self.kind} knows no devices")

    def forget_device(self, grant: Grant, ref: Ref, device_id: str) -> None:
        """Absent is success. Raises as `devices`."""
        raise Unsupported(f"{self.kind} knows no devices")

    def close(self) -> None:
        """Closes its connections."""
        return


Provisioners = Mapping[str, Provisioner]  # by kind
