"""How the contract drives each kind of access. A module `access_<kind>.py` beside this one gives a `Side`; nothing else
is needed for a kind to be tried."""

from __future__ import annotations

import pkgutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from services.catalog import Good
from services.platform.db import Database
from services.provisioning import Capability, Provisioner
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Grant

# Every module that is tried: `access_memory` gives "memory".
KINDS = sorted(
    name.removeprefix("access_")
    for _, name, _ in pkgutil.iter_modules([str(Path(__file__).parent)])
    if name.startswith("access_") and name != "access_sides"
)


@dataclass(frozen=True)
class Seen:
    """One object of the other side as it is there. `works`: it lets its owner in now. `secret` is what its owner needs,
    as far as it stands in what they are shown; "" where there is no such thing."""

    name: str
    works: bool
    ends_at: datetime | None = None
    secret: str = field(default="", repr=False)


class Side:
    """One other side with an adapter to it. The module's class is called `Opened` and is made of a database of its own
    and an empty directory. What a kind has no use for stays as it is here; `close` is called in the end.

    `claims` are the adapter's capabilities: tests of others are not tried. `provisioner` may be another object while
    something is broken. `modes` are what `break_down` knows, of
    down (nobody answers, nothing is done), after (done, and the answer is lost), misconfigured, rejected,
    out_of_stock."""

    kind: str
    claims: Capability
    provisioner: Provisioner
    modes: Collection[str] = ()
    # What the operator wrote into the catalogue is the same for everybody: none can be absent, nothing is taken away.
    nothing_outside = False
    # What was given stands nowhere but in the reference: without it, nothing was given yet.
    only_in_ref = False
    # The end is written into the credentials: another one may change them, and a later one gives new ones.
    says_its_end = False
    # What has ended has no credentials any more, and gets new ones when it goes on.
    new_after_the_end = False

    def __init__(self, db: Database, directory: Path) -> None:
        self.db, self.directory = db, directory
        self._ahead = timedelta()

    def now(self) -> datetime:
        """This side's clock, which the adapter is told as well."""
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC) + self._ahead

    def later(self, span: timedelta) -> None:
        """Moves it, and lets the other side do what it does by the clock."""
        self._ahead += span

    def good(self) -> Good:
        return Good(self.kind, self.kind, {}, {})

    def other_good(self) -> Good:
        """Another one of the kind. Only with MOVES."""
        return Good("another", self.kind, {}, self.good().options)

    def locations(self) -> Sequence[str]:
        """Two of which the owner may choose. Only with LOCATIONS."""
        raise NotImplementedError

    def grant(self, **changes: Any) -> Grant:
        """A new one that nobody has applied, active for 30 days; `changes` are fields of Grant."""
        ends_at = (self.now() + timedelta(days=30)).replace(microsecond=0)
        grant_id = grant_row(self.db, self.good(), self.now(), ends_at)
        fields: dict[str, Any] = {"revision": 1, "party": f"user:{grant_id}", "telegram_id": 7_000_000_000 + grant_id}
        fields |= {"good": self.good(), "state": "active", "ends_at": ends_at, "devices": 3}
        grant = Grant(id=grant_id, **(fields | changes))
        self.want(grant)
        return grant

    def want(self, grant: Grant) -> None:
        """Our own row says so, as it does before the core applies a grant."""
        with self.db.begin() as tx:
            row = tx.get_one(AccessGrantRow, grant.id)
            row.party, row.good, row.wanted, row.ends_at = grant.party, grant.good.name, grant.state, grant.ends_at
            row.revision, row.generation, row.usage_epoch = grant.revision, grant.generation, grant.usage_epoch

    def seen(self, grant: Grant) -> list[Seen]:
        """Everything that is there for this grant: two where it was made twice."""
        raise NotImplementedError

    def everything(self) -> object:
        """All that is there, foreign things included, comparable."""
        raise NotImplementedError

    def plant(self) -> Any:
        """Puts something there that is not ours, as like ours as can be; `foreign` shows it. None where such a thing
        cannot be."""
        return None

    def foreign(self, planted: Any) -> object:
        """The planted thing as it is there now, comparable."""
        raise NotImplementedError

    def lose(self, grant: Grant) -> bool:
        """Somebody deletes by hand what is there of it. False where that cannot be."""
        return False

    def break_down(self, mode: str) -> None:
        """From now on, until `mend`, the other side is like this. Of "after" one answer is lost."""
        raise NotImplementedError

    def mend(self) -> None: ...

    def use(self, grant: Grant, size: int) -> None:
        """The owner uses up so many bytes. Only with USAGE."""
        raise NotImplementedError

    def connect(self, grant: Grant, device: str) -> None:
        """The owner comes from a device, whose id at the other side is `device`. Only with DEVICES."""
        raise NotImplementedError

    def close(self) -> None:
        self.provisioner.close()


def side_of(kind: str) -> type[Side]:
    found: type[Side] = import_module(f"tests.contracts.access_{kind}").Opened
    return found


def grant_row(db: Database, good: Good, now: datetime, ends_at: datetime) -> int:
    """The row that other tables refer to. Returns its id."""
    with db.begin() as tx:
        others = tx.scalar(select(func.count()).select_from(AccessGrantRow)) or 0
        row = AccessGrantRow(
            subscription_id=1_000_000 + others,
            party="user:1",
            good=good.name,
            kind=good.kind,
            wanted="active",
            held="absent",
            ends_at=ends_at,
            created_at=now,
            revision=1,
            applied_revision=0,
            generation=0,
            usage_epoch=0,
            ref={},
        )
        tx.add(row)
        tx.flush()
        return row.id
