"""A seller's own system: told by a signed call what is wanted, it answers with what the buyer is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.callout.call import Caller, Shown
from services.provisioning.models_goods import SellerAnswerRow
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
    """What the seller confirmed last stands in our own table, with what it gave. Events are the difference to it: a
    call whose answer was lost is made again, word for word, under the same Idempotency-Key."""

    kind = "callout"
    capabilities = Capability.SUSPEND | Capability.ROTATE

    def __init__(self, cipher: Cipher, secrets: Sequence[str], *, private: bool) -> None:
        """`secrets`: the one in use, then earlier ones. `private`: addresses of our own network may be called."""
        self._cipher, self._caller = cipher, Caller(secrets, private=private)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        known = _known(db, grant)
        if known is not None and known.revision == grant.revision:
            return self._held(known)
        if grant.state != "active" and (known is None or known.state == "ended"):
            return Held("absent")  # the seller never heard of it, or has ended it
        event = _event(grant, known)
        try:
            shown = self._call(grant, event)
        except (Rejected, OutOfStock):
            if event != "ended":
                raise
            shown = Shown()  # it is not there: as wanted
        return self._held(self._kept(db, grant, event, known, shown, now))

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """What the seller last confirmed: a call is the only question there is."""
        known = _known(db, grant)
        return self._held(known) if known is not None else Held("absent")

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        self.apply(db, replace(grant, state="ended"), ref, now)

    def close(self) -> None:
        self._caller.close()

    def _call(self, grant: Grant, event: str) -> Shown:
        body = json.dumps(_told(grant, event), ensure_ascii=False, separators=(",", ":")).encode()
        return self._caller.call(option(grant, "url"), body, f"{grant.key}-{grant.revision}")

    def _kept(
        self, db: Database, grant: Grant, event: str, known: SellerAnswerRow | None, shown: Shown, now: datetime
    ) -> SellerAnswerRow:
        """An answer that shows nothing leaves what was shown; of a first one, the good's own words are shown."""
        is_new = known is None or known.state == "ended"
        content = [list(one) for one in shown.artifacts]
        if not content and is_new:
            content = [["text", in_owners_language(db, grant, _words(grant))]]
        # A rotation that a pause has overtaken is still to be told.
        generation = grant.generation if known is None or event in ("granted", "rotated") else known.generation
        values: dict[str, Any] = {
            "state": grant.state,
            "revision": grant.revision,
            "generation": generation,
            "ends_at": grant.ends_at,
            "answered_at": now,
        }
        if content:
            plain = json.dumps(content).encode()
            values["shown"] = self._named(plain, known)
            values["sealed"] = self._cipher.seal(plain, _place(grant.id))
        with db.begin() as tx:
            row = tx.get(SellerAnswerRow, grant.id, with_for_update=True) or SellerAnswerRow(grant_id=grant.id)
            for name, value in values.items():
                setattr(row, name, value)
            tx.add(row)
        return row

    def _held(self, row: SellerAnswerRow) -> Held:
        if row.state == "ended":
            return Held("absent")
        opened = json.loads(self._cipher.open(row.sealed, _place(row.grant_id)))
        artifacts = tuple(Artifact(kind, content) for kind, content in opened)
        state: Literal["active", "suspended"] = "active" if row.state == "active" else "suspended"
        return Held(state, key=row.shown, ends_at=row.ends_at, artifacts=artifacts)

    def _named(self, plain: bytes, known: SellerAnswerRow | None) -> str:
        """A keyed hash: what a seller answers may be short. It stays when ENCRYPTION_SECRET is changed."""
        names = self._cipher.blind_indexes(plain, PLACE)
        return known.shown if known is not None and known.shown in names else names[0]


def _known(db: Database, grant: Grant) -> SellerAnswerRow | None:
    with db.begin() as tx:
        return tx.get(SellerAnswerRow, grant.id)


def _event(grant: Grant, known: SellerAnswerRow | None) -> str:
    if grant.state != "active":
        return grant.state
    if known is None or known.state == "ended":
        return "granted"
    return "rotated" if grant.generation > known.generation else "changed"


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


def _place(grant_id: int) -> str:
    return f"seller_answers.sealed:{grant_id}"
