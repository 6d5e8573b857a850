"""Access in memory: another side that can do all that the port knows, and everything that may go wrong there.

`Elsewhere` is the other side itself, `MemoryAccess` the adapter to it. Several adapters may share one side, and
threads may share both."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.catalog import Good
from services.platform.db import Database
from services.provisioning import Artifact, Capability, Device, Health, OutOfStock, Provisioner
from services.provisioning.provisioners.base import DIFFERS, Grant, Held, Misconfigured, Ref, Rejected, TryLater

ALL = ~Capability.NONE
MODES = ("down", "after", "misconfigured", "rejected", "out_of_stock")


@dataclass
class Thing:
    """What is there under a name. `generation` and `epoch` are notes of the adapter's own."""

    name: str
    ends_at: datetime
    off: bool = False
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    place: str = "m1"
    limit: int | None = None
    devices_limit: int | None = None
    used: int = 0
    devices: dict[str, str] = field(default_factory=dict)
    good: str = ""
    generation: int = 0
    epoch: int = 0


class Elsewhere:
    """`fault` is what every request meets, or the next `times` ones; "after" is carried out first. `requests` counts
    what was asked of it, by verb. `room` limits how many there may be."""

    def __init__(self, clock: Callable[[], datetime], room: int | None = None) -> None:
        self.clock, self.room = clock, room
        self.ahead = timedelta()
        self.things: dict[str, Thing] = {}
        self.taken: set[int] = set()
        self.requests: Counter[str] = Counter()
        self.fault: str | None = None
        self.times: int | None = None
        self.expires_at: datetime | None = None  # our own credentials there
        self.lock = threading.RLock()

    def now(self) -> datetime:
        return self.clock() + self.ahead

    def break_down(self, mode: str | None, times: int | None = None) -> None:
        assert mode in (None, *MODES)
        self.fault, self.times = mode, times

    def state(self, thing: Thing) -> str:
        if thing.off:
            return "suspended"
        if thing.ends_at <= self.now():
            return "expired"
        return "limited" if thing.limit is not None and thing.used >= thing.limit else "active"

    def asked(self, verb: str) -> str | None:
        """Counts a request and raises its fault; "after" is returned to whoever carries it out first."""
        with self.lock:
            self.requests[verb] += 1
            fault = self.fault
            if fault is not None and self.times is not None:
                self.times -= 1
                self.fault = fault if self.times > 0 else None
        match fault:
            case "down":
                raise TryLater("nobody answers")
            case "misconfigured":
                raise Misconfigured("401")
            case "rejected" if verb in ("put", "delete"):
                raise Rejected("400")
            case "out_of_stock" if verb == "put":
                raise OutOfStock("nothing is left")
        return fault


class MemoryAccess(Provisioner):
    def __init__(
        self,
        elsewhere: Elsewhere,
        *,
        kind: str = "memory",
        places: Sequence[str] = ("m1", "m2"),
        capabilities: Capability = ALL,
    ) -> None:
        self.kind, self.capabilities = kind, capabilities
        self.elsewhere, self._places = elsewhere, tuple(places)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        there = self.elsewhere
        fault = there.asked("put")
        with there.lock:
            thing = there.things.get(grant.key)
            if thing is None and grant.state == "ended":
                return Held("absent")
            if thing is None:
                thing = there.things[grant.key] = Thing(
                    grant.key, grant.ends_at, generation=grant.generation, epoch=grant.usage_epoch
                )
            self._make_equal(thing, grant)
            if grant.state == "ended":
                there.taken.discard(grant.id)
            held = self._held(thing)
        if fault == "after":
            raise TryLater("the answer was lost")
        return held

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        if self.elsewhere.asked("get") == "after":
            raise TryLater("the answer was lost")
        return self._look(grant)

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        fault = self.elsewhere.asked("delete")
        with self.elsewhere.lock:
            self.elsewhere.things.pop(grant.key, None)
            self.elsewhere.taken.discard(grant.id)
        if fault == "after":
            raise TryLater("the answer was lost")

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        there = self.elsewhere
        with there.lock:
            if grant.id not in there.taken and there.room is not None and len(there.taken) >= there.room:
                raise OutOfStock("nothing is left")
            there.taken.add(grant.id)

    def stock(self, tx: Session, good: Good, locations: Sequence[str], now: datetime) -> int | None:
        there = self.elsewhere
        return None if there.room is None else max(0, there.room - len(there.taken))

    def places(self, tx: Session) -> Sequence[str]:
        return self._places

    def check(self, place: str) -> Health:
        self.elsewhere.asked("check")
        there = self.elsewhere
        used = None if there.room is None else len(there.taken)
        return Health(f"{len(there.things)} things", used=used, capacity=there.room, expires_at=there.expires_at)

    def survey(
        self, db: Database, place: str, grants: Sequence[tuple[Grant, Ref]], now: datetime
    ) -> Iterator[tuple[int, Held]]:
        if self.elsewhere.asked("list") == "after":
            raise TryLater("the answer was lost")
        for grant, _ in grants:
            yield grant.id, self._look(grant)

    def devices(self, grant: Grant, ref: Ref) -> Sequence[Device]:
        self.elsewhere.asked("devices")
        thing = self.elsewhere.things.get(grant.key)
        return [Device(one, name) for one, name in thing.devices.items()] if thing else ()

    def forget_device(self, grant: Grant, ref: Ref, device_id: str) -> None:
        self.elsewhere.asked("forget")
        if (thing := self.elsewhere.things.get(grant.key)) is not None:
            thing.devices.pop(device_id, None)

    def _look(self, grant: Grant) -> Held:
        with self.elsewhere.lock:
            thing = self.elsewhere.things.get(grant.key)
            return self._held(thing, grant) if thing else Held("absent")

    def _make_equal(self, thing: Thing, grant: Grant) -> None:
        allowed = [code for code in self._places if not grant.locations or code in grant.locations]
        if grant.location in allowed:
            thing.place = grant.location
        elif thing.place not in allowed and allowed:
            thing.place = allowed[0]
        thing.off, thing.ends_at, thing.good = grant.state != "active", grant.ends_at, grant.good.name
        thing.limit, thing.devices_limit = grant.traffic_bytes, grant.devices
        if thing.generation < grant.generation:
            thing.secret, thing.generation = secrets.token_hex(16), grant.generation
        if thing.epoch < grant.usage_epoch:
            thing.epoch, thing.used = grant.usage_epoch, 0 if grant.traffic_reset == "period" else thing.used

    def _held(self, thing: Thing, grant: Grant | None = None) -> Held:
        """`grant` is what it should be, where that is to be told apart."""
        state = self.elsewhere.state(thing)
        held = Held(
            state,  # type: ignore[arg-type]  # one of the port's words
            ref={"name": thing.name, "generation": thing.generation},
            key=f"{thing.name}-{thing.secret[:6]}",
            place=thing.place,
            location=thing.place.upper(),
            ends_at=thing.ends_at,
            used_bytes=thing.used,
            artifacts=(Artifact("link", f"memory://{thing.secret}"),),
        )
        wanted = None if grant is None else (grant.traffic_bytes, grant.devices)
        return held if wanted in (None, (thing.limit, thing.devices_limit)) else replace(held, problem=DIFFERS)
