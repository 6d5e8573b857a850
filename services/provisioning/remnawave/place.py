"""One configured panel: its client, and its squads, which are asked for once a minute at most."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from services.platform.config_panels import RemnawavePanel
from services.platform.errors import Misconfigured
from services.provisioning.remnawave.answers import PanelSquad
from services.provisioning.remnawave.client import Panel
from services.provisioning.remnawave.token import expiry

FRESH = 60.0  # seconds

log = structlog.get_logger(__name__)


class Place:
    def __init__(self, config: RemnawavePanel) -> None:
        token = config.token.get_secret_value()
        self.code = config.code
        self.token_ends_at: datetime | None = expiry(token)
        self.panel = Panel(config.url, token, config.api_key.get_secret_value() if config.api_key else None)
        self._usual = config.squads
        self._squads: list[PanelSquad] = []
        self._read_at: float | None = None

    def squads(self, options: Mapping[str, Any]) -> tuple[list[PanelSquad], list[str]]:
        """Those that a good names, by name or uuid, or else the panel's usual ones; and the names nobody knows there.
        With an unknown one the panel would refuse the whole user (A039), after it was paid for."""
        names = options.get("squads") or self._usual
        found = self._matching(names)
        if len(found) < len(set(names)):
            self.forget_squads()  # it may be new
            found = self._matching(names)
        unknown = [name for name in names if name not in found]
        if unknown:
            log.warning("unknown_squads", panel=self.code, squads=unknown)
        return list({squad.uuid: squad for squad in found.values()}.values()), unknown

    def squads_to_begin_with(self, options: Mapping[str, Any]) -> list[PanelSquad]:
        """As `squads`, for a user to be made. Raises Misconfigured when none is known: he would have no servers."""
        squads, unknown = self.squads(options)
        if not squads:
            raise Misconfigured(f"panel {self.code} has none of the squads {', '.join(unknown)}")
        return squads

    def forget_squads(self) -> None:
        self._read_at = None

    def close(self) -> None:
        self.panel.close()

    def _matching(self, names: tuple[str, ...] | list[str]) -> dict[str, PanelSquad]:
        if self._read_at is None or time.monotonic() - self._read_at > FRESH:
            self._squads = self.panel.squads()
            self._read_at = time.monotonic()
        known = {squad.name.casefold(): squad for squad in self._squads} | {squad.uuid: squad for squad in self._squads}
        return {name: known[name.casefold()] for name in names if name.casefold() in known}
