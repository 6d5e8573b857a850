"""What the doctor looks at where Remnawave panels give access."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from apps.console.findings import Trouble
from services.kit import Kit
from services.platform import config_panels
from services.platform.errors import KioskError

SOON = timedelta(days=14)  # before a token ends

Check = Callable[[Kit], str]


def checks(kit: Kit) -> list[tuple[str, Check]]:
    return [(f"Remnawave panel {panel.code}", _panel(panel.code)) for panel in kit.settings.remnawave_panels]


def _panel(code: str) -> Check:
    name = "REMNAWAVE_" if code == config_panels.FIRST else f"REMNAWAVE_{code.upper()}_"

    def check(kit: Kit) -> str:
        try:
            health = kit.provisioners["remnawave"].check(code)
        except KioskError as error:
            raise Trouble(str(error), f"look at {name}URL, {name}TOKEN and {name}SQUADS, then at the panel") from None
        if health.expires_at and health.expires_at < kit.clock.now() + SOON:
            raise Trouble(f"{health.says}: it ends soon", f"make a new API token in the panel and set {name}TOKEN")
        panel = next(one for one in kit.settings.remnawave_panels if one.code == code)
        if not panel.webhook_secret:
            return f"{health.says}; without {name}WEBHOOK_SECRET what is changed there is noticed later"
        return f"{health.says}; set WEBHOOK_URL to {kit.settings.public_url or 'PUBLIC_URL'}/webhooks/remnawave/{code}"

    return check
