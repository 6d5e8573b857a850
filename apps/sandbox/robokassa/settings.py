"""What the sandbox's Robokassa does by itself: how it notifies, and how repeated charges and refunds end."""

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
CHOICES = {
    "notify": tuple(PLANS),
    "method": ("POST", "GET"),  # how ResultURL is called
    "repeat": ("success", "decline", "pending"),  # pending: until somebody pays or declines it by the switches
    "refund": ("finished", "processing", "canceled"),
}


@dataclass
class Settings:
    result_url: str | None
    notify: str = "once"
    method: str = "POST"
    repeat: str = "success"
    refund: str = "finished"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def change(self, data: Any) -> None:
        """Apply some of the settings, all or nothing. Raises ValueError in words."""
        if not isinstance(data, dict) or set(data) - set(asdict(self)):
            raise ValueError(f"expected an object with some of: {', '.join(asdict(self))}")
        for name, values in CHOICES.items():
            if data.get(name, getattr(self, name)) not in values:
                raise ValueError(f"{name} must be one of {', '.join(values)}")
        for name, value in data.items():
            setattr(self, name, value)


def load(shelf: Shelf, result_url: str | None) -> Settings:
    """What was kept by `keep`; the address of the shop always comes from the start."""
    settings = Settings(result_url)
    settings.change(shelf.get("settings") or {})
    return settings


def keep(shelf: Shelf, settings: Settings) -> None:
    document = settings.as_json()
    del document["result_url"]
    shelf.put("settings", document)
