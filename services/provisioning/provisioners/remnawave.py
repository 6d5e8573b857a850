"""Users of Remnawave panels: one for each grant, by the grant's key. Our database has their end, limits and squads; the
panel has what they used and on which devices.

`ref`: {panel, username, key, generation, epoch, reset}; `key` is the panel's own name for the user, `epoch` the usage
epoch whose usage counts there, `reset` when usage was last forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from services.platform.config_panels import RemnawavePanel
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.provisioning.provisioners.base import (
    Artifact,
    Capability,
    Device,
    Grant,
    Health,
    Held,
    Misconfigured,
    Provisioner,
    Ref,
    TryLater,
)
from services.provisioning.remnawave import desired
from services.provisioning.remnawave.answers import PanelUser
from services.provisioning.remnawave.http import Failed, NoSuchAddress, Refused, UserAbsent
from services.provisioning.remnawave.marks import username
from services.provisioning.remnawave.place import Place
from services.provisioning.remnawave.whereabouts import Whereabouts

State = Literal["active", "suspended", "expired", "limited"]
STATES: Mapping[str, State] = {"DISABLED": "suspended", "LIMITED": "limited", "EXPIRED": "expired"}
FEW = 10  # grants that are asked for one by one rather than by the list of everybody


class RemnawavePanels(Provisioner):
    kind = "remnawave"
    survey_size = 5000  # at once: they are looked for in the list of everybody
    capabilities = (
        Capability.EXPIRY
        | Capability.SUSPEND
        | Capability.ROTATE
        | Capability.USAGE
        | Capability.RESET_USAGE
        | Capability.DEVICES
        | Capability.MOVES
    )

    def __init__(self, panels: Sequence[RemnawavePanel], cipher: Cipher) -> None:
        self._where = Whereabouts(panels, cipher)

    def apply(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        """Where an answer was lost, the same call finds what it did."""
        place, user = self._where.find(grant, ref, moving=desired.is_on(grant, now))
        if not desired.is_on(grant, now):
            return self._switch_off(place, grant, ref, user, now)
        for _ in range(2):
            try:
                held = self._bring_about(place, grant, ref, user, now)
            except UserAbsent:  # somebody deleted it just now
                user = None
                continue
            except Failed:  # perhaps a squad that was deleted just now
                place.forget_squads()
                raise
            self._leave(grant, ref, place)
            return held
        raise TryLater(f"panel {place.code} loses {grant.key} as soon as it is made")

    def fetch(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> Held:
        place, user = self._where.find(grant, ref)
        return self._seen(place, grant, ref, user, now)

    def remove(self, db: Database, grant: Grant, ref: Ref, now: datetime) -> None:
        place, user = self._where.own(grant, ref)
        if user is not None:
            place.panel.delete(user)

    def reserve(self, tx: Session, grant: Grant, now: datetime) -> None:
        """A panel always has room."""

    def repair(self, db: Database, place: str, now: datetime) -> None:
        """Nothing as a whole: what a panel lost is given back grant by grant."""

    def places(self, tx: Session) -> Sequence[str]:
        return tuple(self._where.places)

    def check(self, place: str) -> Health:
        """Also that its squads are there, which nobody else would notice before somebody has paid."""
        here = self._where.place(place)
        here.forget_squads()  # asks for real
        squads, unknown = here.squads({})
        if unknown:
            raise Misconfigured(f"panel {place} has no squad {', '.join(unknown)}: mend REMNAWAVE_..._SQUADS")
        version = here.panel.version() or "2.x"
        says = f"Remnawave {version}, squads {', '.join(sorted(squad.name for squad in squads))}"
        if here.token_ends_at:
            says += f", token until {here.token_ends_at:%Y-%m-%d}"
        return Health(says, expires_at=here.token_ends_at)

    def survey(
        self, db: Database, place: str, grants: Sequence[tuple[Grant, Ref]], now: datetime
    ) -> Iterator[tuple[int, Held]]:
        here = self._where.place(place)
        if len(grants) <= FEW:
            yield from super().survey(db, place, grants, now)
            return
        try:
            users = here.panel.users([username(grant.key) for grant, _ in grants])
        except (NoSuchAddress, Refused):  # a version without such a list
            users = {}
        for grant, ref in grants:
            name = username(grant.key)
            user = users.get(name) or here.panel.find(name)  # the list may have shifted while it was read
            yield grant.id, self._seen(here, grant, ref, user, now)

    def devices(self, grant: Grant, ref: Ref) -> Sequence[Device]:
        place, user = self._where.own(grant, ref)
        if user is not None:
            with suppress(UserAbsent):
                return [Device(one.hwid, one.name, one.seen_at) for one in place.panel.devices(user)]
        return ()

    def forget_device(self, grant: Grant, ref: Ref, device_id: str) -> None:
        place, user = self._where.own(grant, ref)
        if user is not None:
            with suppress(UserAbsent):
                try:
                    place.panel.forget_device(user, device_id)
                except (NoSuchAddress, Refused):
                    if any(one.hwid == device_id for one in place.panel.devices(user)):
                        raise

    def close(self) -> None:
        for place in self._where.places.values():
            place.close()

    def _bring_about(self, place: Place, grant: Grant, ref: Ref, user: PanelUser | None, now: datetime) -> Held:
        squads, unknown = place.squads(grant.good.options)
        fields = desired.fields_of(grant, [squad.uuid for squad in squads], self._where.marks.tag)
        known = ref if ref.get("panel") == place.code else {}
        is_new = False
        if user is None:
            place.squads_to_begin_with(grant.good.options)
            once = {"shortUuid": self._where.marks.short_uuids(grant.key, grant.generation)[0], "description": "Kiosk"}
            user, is_new = place.panel.get_or_create(username(grant.key), grant.ends_at, fields | once)
        if not is_new:
            if not self._where.is_ours(place, user, ref):
                raise Misconfigured(
                    f"panel {place.code} has a user {user.username} that is not Kiosk's: rename it, or give it the "
                    f"tag {self._where.marks.tag} if it is"
                )
            user = self._rotate(place, grant, known, user)
            user = self._equalise(place, grant, known, user, fields, now)
        done = {"generation": grant.generation, "epoch": grant.usage_epoch, "reset": desired.reset_mark(user)}
        return self._held(place, user, done, now, problem="unknown_squads" if unknown else None)

    def _rotate(self, place: Place, grant: Grant, ref: Ref, user: PanelUser) -> PanelUser:
        """Each generation has its own link, so that one which was replaced already is recognised. Old devices go with
        the old link, and only with it."""
        if ref.get("generation", -1) >= grant.generation:
            return user
        links = self._where.marks.short_uuids(grant.key, grant.generation)
        is_there = user.short_uuid in links
        if not is_there:
            user = place.panel.revoke(user, links[0])
        if ref or not is_there:
            place.panel.forget_devices(user)
        return user

    def _equalise(
        self, place: Place, grant: Grant, ref: Ref, user: PanelUser, fields: Mapping[str, Any], now: datetime
    ) -> PanelUser:
        changed, end = desired.changes(grant, user, fields)
        if changed:
            user = place.panel.update(user.username, changed, end)
        if desired.must_forget_usage(grant, user, ref, now):
            user = place.panel.act(user, "reset-traffic")
        if desired.must_be_revived(user):
            user = place.panel.update(user.username, {"status": "ACTIVE"}, grant.ends_at)
        return user

    def _switch_off(self, place: Place, grant: Grant, ref: Ref, user: PanelUser | None, now: datetime) -> Held:
        if user is not None and self._where.is_ours(place, user, ref) and desired.must_be_disabled(grant, user, now):
            try:
                if user.status == "ACTIVE":
                    user = place.panel.update(user.username, {"status": "DISABLED"})
                if user.status != "DISABLED":  # a limited one takes it by this way only
                    user = place.panel.act(user, "disable")
            except UserAbsent:
                user = None
        return self._seen(place, grant, ref, user, now)

    def _leave(self, grant: Grant, ref: Ref, place: Place) -> None:
        """Another good may be given by another panel: the user moves, and the former panel gives nothing any more."""
        former = self._where.places.get(ref.get("panel", place.code))
        if former is None or former is place:
            return
        user = former.panel.find(username(grant.key))
        if user is not None and self._where.is_ours(former, user, ref):
            former.panel.delete(user)

    def _seen(self, place: Place, grant: Grant, ref: Ref, user: PanelUser | None, now: datetime) -> Held:
        """What is there, with the reference as it was: nothing was done about generation and usage."""
        if user is None:
            return Held("absent", ref=ref, place=place.code)
        if not self._where.is_ours(place, user, ref):
            return Held("absent", ref=ref, place=place.code, problem="foreign_user")
        return self._held(place, user, ref, now, self._problem(place, grant, user, now))

    def _problem(self, place: Place, grant: Grant, user: PanelUser, now: datetime) -> str | None:
        if not desired.is_on(grant, now):
            return "differs" if desired.must_be_disabled(grant, user, now) else None
        squads, unknown = place.squads(grant.good.options)
        fields = desired.fields_of(grant, [squad.uuid for squad in squads], self._where.marks.tag)
        has_moved = grant.good.options.get("panel", place.code) != place.code
        if has_moved or desired.must_be_revived(user) or desired.changes(grant, user, fields) != ({}, None):
            return "differs"
        return "unknown_squads" if unknown else None

    def _held(self, place: Place, user: PanelUser, ref: Ref, now: datetime, problem: str | None = None) -> Held:
        state: State = STATES.get(user.status, "active")
        return Held(
            "expired" if state in ("active", "limited") and user.expire_at <= now else state,
            ref={**ref, "panel": place.code, "username": user.username, "key": user.key},
            key=hashlib.sha256(user.link.encode()).hexdigest()[:16],
            place=place.code,
            ends_at=user.expire_at.replace(microsecond=0),
            used_bytes=user.used_bytes,
            artifacts=(Artifact("link", user.link),),
            problem=problem,
        )
