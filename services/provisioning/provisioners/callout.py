"""A seller's own system: told by a signed call what is wanted, it answers with what the buyer is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.callout.call import Caller, Shown
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Grant,
    Held,
    OutOfStock,
    Provisioner,
    Ref,
    Rejected,
)
from services.provisioning.provisioners.shown import in_owners_language, option

PLACE = "callout.shown"  # of the keyed hash that names what was answered


class Callout(Provisioner):
    """`ref` remembers what the seller confirmed last: `event`s are the difference to it, so that a call whose answer
    was lost is made again, word for word, under the same Idempotency-Key."""

    kind = "callout"
    capabilities = Capability.EXPIRY | Capability.SUSPEND | Capability.ROTATE

    def __init__(self, cipher: Cipher, secrets: Sequence[str], *, private: bool) -> None:
        """`secrets`: the one in use, then earlier ones. `private`: addresses of our own network may be called."""
        self._cipher, self._caller = cipher, Caller(secrets, private=private)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        if ref.get("revision") == grant.revision:
            return self._confirmed(db, grant, ref, Shown(), int(ref["generation"]))  # told already
        if grant.state != "active" and ref.get("state") in (None, "ended"):
            return Held("absent", ref=ref)  # the seller never heard of it, or has ended it
        event = _event(grant, ref)
        try:
            shown = self._call(grant, event)
        except (Rejected, OutOfStock):
            if event != "ended":
                raise
            shown = Shown()  # it is not there: as wanted
        is_new = event in ("granted", "rotated")  # a rotation that was overtaken by a pause is still to be told
        return self._confirmed(db, grant, ref, shown, grant.generation if is_new else int(ref["generation"]))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """What the seller last confirmed: a call is the only question there is."""
        state: Literal["active", "suspended", "absent"] = "absent"
        if ref.get("state") in ("active", "suspended"):
            state = "active" if ref["state"] == "active" else "suspended"
        return Held(state, ref=ref, key=str(ref.get("shown", "")), ends_at=_moment(ref))

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        if ref.get("state") not in (None, "ended"):
            try:
                self._call(grant, "ended")
            except (Rejected, OutOfStock):
                return

    def close(self) -> None:
        self._caller.close()

    def _call(self, grant: Grant, event: str) -> Shown:
        body = json.dumps(_told(grant, event), ensure_ascii=False, separators=(",", ":")).encode()
        return self._caller.call(option(grant, "url"), body, f"{grant.key}-{grant.revision}")

    def _confirmed(self, db: Database, grant: Grant, ref: Ref, shown: Shown, generation: int) -> Held:
        kept: dict[str, Any] = {
            "state": grant.state,
            "revision": grant.revision,
            "generation": generation,
            "ends_at": grant.ends_at.isoformat(),
        }
        if grant.state == "ended":
            return Held("absent", ref=kept)
        artifacts = tuple(Artifact(kind, content) for kind, content in shown.artifacts)  # type: ignore[arg-type]  # call.LONGEST's
        known = ref.get("shown") if ref.get("state") not in (None, "ended") else None
        if not artifacts and known is None:
            artifacts = (Artifact("text", in_owners_language(db, grant, _words(grant))),)
        name = self._named(artifacts, known) if artifacts else str(known)
        return Held(grant.state, ref={**kept, "shown": name}, key=name, ends_at=grant.ends_at, artifacts=artifacts)

    def _named(self, artifacts: Sequence[Artifact], known: object) -> str:
        """A keyed hash: what a seller answers may be short. It stays when ENCRYPTION_SECRET is changed."""
        names = self._cipher.blind_indexes(json.dumps([[a.kind, a.content] for a in artifacts]).encode(), PLACE)
        return str(known) if known in names else names[0]


def _event(grant: Grant, ref: Ref) -> str:
    if grant.state != "active":
        return grant.state
    if ref.get("state") in (None, "ended"):
        return "granted"
    return "rotated" if grant.generation > int(ref.get("generation", 0)) else "changed"


def _told(grant: Grant, event: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "event": event,
        "grant": grant.key,
        "revision": grant.revision,
        "good": grant.good.name,
        "buyer": grant.party,
        "ends_at": grant.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "limits": {
            "traffic_bytes": grant.traffic_bytes,
            "devices": grant.devices,
            "speed_mbps": grant.speed_mbps,
            "locations": list(grant.locations),
        },
        "generation": grant.generation,
        "period": grant.usage_epoch,
    }
    if grant.good.options.get("send_telegram_id"):
        told["telegram_id"] = grant.telegram_id
    return told


def _words(grant: Grant) -> Mapping[str, str]:
    """What is shown where the seller's answer has nothing to show."""
    words: Mapping[str, str] = grant.good.options.get("text") or grant.good.title or {"ru": grant.good.name}
    return words


def _moment(ref: Ref) -> datetime | None:
    return datetime.fromisoformat(ref["ends_at"]) if "ends_at" in ref else None
