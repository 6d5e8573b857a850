"""What the sandbox's YooKassa does by itself: how it notifies, whom it declines, how refunds end."""

from dataclasses import asdict, dataclass, field
from typing import Any

from apps.sandbox.shelf import Shelf
from apps.sandbox.yookassa.cards import REASONS, REFUND_REASONS

PLANS = {  # name -> (copies, all at once, seconds to wait before)
    "once": (1, False, 0),
    "twice": (2, False, 0),
    "storm": (20, True, 0),
    "late": (1, False, 30),
    "never": (0, False, 0),
}
REFUNDS = ("succeeded", "pending", *REFUND_REASONS)


@dataclass
class Settings:
    """`declines` maps a saved card (its payment_method_id or last 4 digits) to the reason it is declined for.

    `refund` is how new refunds end: "succeeded", "pending" (until somebody finishes them) or a reason to cancel.
    """

    notification_url: str | None
    notify: str = "once"
    refund: str = "succeeded"
    declines: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def change(self, data: Any) -> None:
        """Apply some of the settings, all or nothing. Raises ValueError in words."""
        if not isinstance(data, dict) or set(data) - set(asdict(self)):
            raise ValueError(f"expected an object with some of: {', '.join(asdict(self))}")
        if data.get("notify", self.notify) not in PLANS:
            raise ValueError(f"notify must be one of {', '.join(PLANS)}")
        if data.get("refund", self.refund) not in REFUNDS:
            raise ValueError(f"refund must be one of {', '.join(REFUNDS)}")
        declines = data.get("declines", self.declines)
        if not isinstance(declines, dict) or set(declines.values()) - set(REASONS):
            raise ValueError(f"declines must map a saved card to one of {', '.join(REASONS)}")
        for name, value in data.items():
            setattr(self, name, value)


def load(shelf: Shelf, notification_url: str | None) -> Settings:
    """What was kept by `keep`; the address of the shop always comes from the start."""
    settings = Settings(notification_url)
    settings.change(shelf.get("settings") or {})
    return settings


def keep(shelf: Shelf, settings: Settings) -> None:
    document = settings.as_json()
    del document["notification_url"]
    shelf.put("settings", document)
