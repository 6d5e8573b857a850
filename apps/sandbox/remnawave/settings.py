"""How the sandbox's panel is set up: its version, zone, devices, tokens and webhooks."""

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.sandbox.remnawave.dates import read

VERSIONS = {"2": "2.7.4", "3": "3.3.2"}  # the one that plays a dialect unless another is named
TOKEN = "sandbox-panel-token"
WEBHOOK_SECRET = "sandboxwebhooksecretsandboxwebhook"
SQUADS = {
    "5b6f7c1e-0d1a-4c52-9a10-6f1d2b3c4d01": "Default-Squad",
    "5b6f7c1e-0d1a-4c52-9a10-6f1d2b3c4d02": "Premium-Squad",
    "5b6f7c1e-0d1a-4c52-9a10-6f1d2b3c4d03": "Gaming-Squad",
}
MAILINGS = ("send", "hold", "drop")
_VERSION = re.compile(r"[23]\.\d+\.\d+")
_SECRET = re.compile(r"[a-zA-Z0-9]{32,}")


@dataclass
class Settings:
    """`zone` is where the panel runs: zone-less dates and calendar resets are meant there. `behind_proxy`: a request
    without the headers of a reverse proxy is cut off. `webhooks`: sent, held until they are released, or lost;
    `webhook_delay` is in seconds. `tokens` maps each token to {"expires_at": ISO or null, "scopes": [...]}."""

    version: str = VERSIONS["3"]
    zone: str = "Europe/Moscow"
    behind_proxy: bool = True
    hwid_enabled: bool = True
    fallback_device_limit: int = 3
    expiration_notifications: bool = False
    webhook_urls: list[str] = field(default_factory=list)
    webhook_secret: str = WEBHOOK_SECRET
    webhooks: str = "send"
    webhook_delay: float = 0.0
    api_key: str | None = None
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """ "2" or "3"."""
        return self.version[0]

    @property
    def old_events(self) -> bool:
        """Before 2.8 each reminder of an expiry had a name of its own."""
        return tuple(int(part) for part in self.version.split(".")) < (2, 8)

    @property
    def key(self) -> str:
        """The name of the field by which this dialect knows a user."""
        return "id" if self.dialect == "3" else "uuid"

    def place(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def change(self, data: Any) -> None:
        """Takes some of the fields. Raises ValueError, in words, and then nothing has changed."""
        known = {one.name for one in fields(self)}
        if not isinstance(data, dict) or set(data) - known:
            raise ValueError(f"expected an object with some of: {', '.join(sorted(known))}")
        changed = Settings(**{**asdict(self), **data})
        changed.check()
        for name in data:
            setattr(self, name, getattr(changed, name))

    def check(self) -> None:
        """Raises ValueError, in words."""
        if not _VERSION.fullmatch(str(self.version)):
            raise ValueError("version must be like 2.7.4 or 3.3.2")
        try:
            self.place()
        except (ZoneInfoNotFoundError, ValueError, TypeError):
            raise ValueError("zone must be a name like Europe/Moscow") from None
        if type(self.fallback_device_limit) is not int or self.fallback_device_limit < 0:
            raise ValueError("fallback_device_limit must be a whole number")
        if self.webhooks not in MAILINGS:
            raise ValueError(f"webhooks must be one of {', '.join(MAILINGS)}")
        if type(self.webhook_delay) not in (int, float) or not 0 <= self.webhook_delay <= 600:
            raise ValueError("webhook_delay must be seconds, 0 to 600")
        if not _SECRET.fullmatch(self.webhook_secret):
            raise ValueError("webhook_secret must be at least 32 letters and digits")
        for token in self.tokens.values():
            expires_at = token.get("expires_at")
            if expires_at is not None and read(str(expires_at), self.place()) is None:
                raise ValueError("expires_at of a token must be an ISO date, or null")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
