"""What the sandbox's Crypto Pay does by itself: whom it tells about a paid invoice, and how often."""

from dataclasses import asdict, dataclass
from typing import Any

from apps.sandbox.shelf import Shelf

PLANS = {  # name -> (copies, all at once, seconds to wait before)
    "once": (1, False, 0),
    "twice": (2, False, 0),
    "storm": (20, True, 0),
    "late": (1, False, 30),
    "never": (0, False, 0),
}


@dataclass
class Settings:
    """`notify` is one of PLANS."""

    notification_url: str | None
    notify: str = "once"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def change(self, data: Any) -> None:
        """Apply some of the settings, all or nothing. Raises ValueError in words."""
        if not isinstance(data, dict) or set(data) - set(asdict(self)):
            raise ValueError(f"expected an object with some of: {', '.join(asdict(self))}")
        if data.get("notify", self.notify) not in PLANS:
            raise ValueError(f"notify must be one of {', '.join(PLANS)}")
        if not isinstance(data.get("notification_url", ""), str | None):
            raise ValueError("notification_url must be an address, or null")
        for name, value in data.items():
            setattr(self, name, value)


def load(shelf: Shelf, notification_url: str | None) -> Settings:
    """What was kept by `keep`; the address of the shop always comes from the start."""
    settings = Settings(notification_url)
    settings.change(shelf.get("settings") or {})
    return settings


def keep(shelf: Shelf, settings: Settings) -> None:
    shelf.put("settings", {"notify": settings.notify})
