"""On which panel a grant is or is to be, and whether the user of its name there is ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.platform.config_panels import RemnawavePanel
from services.platform.crypto import Cipher
from services.platform.errors import Misconfigured, TryLater
from services.provisioning.provisioners.base import Grant, Ref
from services.provisioning.remnawave.answers import PanelUser
from services.provisioning.remnawave.marks import Marks, username
from services.provisioning.remnawave.place import Place


class Whereabouts:
    def __init__(self, panels: Sequence[RemnawavePanel], cipher: Cipher) -> None:
        self.places: Mapping[str, Place] = {config.code: Place(config) for config in panels}
        self.marks = Marks(cipher)

    def find(self, grant: Grant, ref: Ref, *, moving: bool = False) -> tuple[Place, PanelUser | None]:
        """The panel, and the user of the grant's name there. A grant stays on its panel; `moving` it goes to another
        one when its good names that. Raises TryLater, Misconfigured."""
        asked = grant.good.options.get("panel")
        code = (asked if moving else None) or ref.get("panel") or asked
        if code is None and len(self.places) > 1:
            return self._choose(grant, ref)
        place = self.place(code or next(iter(self.places)))
        return place, place.panel.find(username(grant.key))

    def place(self, code: str) -> Place:
        if code not in self.places:
            raise Misconfigured(f"access is wanted on panel {code}, but REMNAWAVE_PANELS does not name it")
        return self.places[code]

    def is_ours(self, place: Place, user: PanelUser, ref: Ref) -> bool:
        """By our tag, or by what the panel called it when we made it: somebody may have taken the tag off."""
        return self.marks.are_on(user) or (ref.get("panel") == place.code and ref.get("key") == user.key)

    def own(self, grant: Grant, ref: Ref) -> tuple[Place, PanelUser | None]:
        """As `find`; a user that is not ours is none."""
        place, user = self.find(grant, ref)
        return place, user if user is not None and self.is_ours(place, user, ref) else None

    def _choose(self, grant: Grant, ref: Ref) -> tuple[Place, PanelUser | None]:
        """The panel that has it already, or else the emptiest of those that answer and know its squads. One that does
        not answer may have it all the same: nobody was told of that link, and it ends by itself."""
        room: list[tuple[int, Place]] = []
        troubles: list[TryLater | Misconfigured] = []
        for place in self.places.values():
            try:
                user = place.panel.find(username(grant.key))
                if user is not None and self.is_ours(place, user, ref):
                    return place, user
                squads = place.squads_to_begin_with(grant.good.options)
            except (TryLater, Misconfigured) as trouble:
                troubles.append(trouble)
                continue
            if user is None:
                room.append((sum(squad.members for squad in squads), place))
        if room:
            return min(room, key=lambda one: one[0])[1], None
        raise troubles[0] if troubles else Misconfigured(f"on every panel {grant.key} is somebody else's")
