"""What a panel tells by webhook (source: the panel's webhook logger, 2.7 to 3.3).

The body is {scope, event, timestamp, data, meta?}; X-Remnawave-Signature is the hex HMAC-SHA256 of the body as it came.
Each is sent four times at most, 5 seconds apart, and is then lost; none has an id; our own changes come back too. So
one is a hint that a user is to be looked at, and never says what to do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from services.platform.documents import read_object
from services.platform.errors import Forbidden

OLDEST = timedelta(minutes=5)
LARGEST = 512 * 1024  # bytes
# What may have changed access. Reminders, connections and devices change nothing that is ours to keep.
TELLING = {
    f"user.{what}" for what in ("modified", "deleted", "revoked", "disabled", "enabled", "limited", "expired")
} | {"user.traffic_reset"}


class BadSignature(Forbidden):
    code: ClassVar[str] = "bad_webhook_signature"


@dataclass(frozen=True, slots=True)
class PanelHint:
    """`username` is the panel's word for whom it is about; `digest` is the same for the same message sent again."""

    event: str
    username: str
    digest: str


def read_hint(body: bytes, signature: str, secrets: Sequence[str], now: datetime) -> PanelHint | None:
    """None for what does not concern access: of nodes, of the panel itself, of versions to come. Raises BadSignature
    also for one that is older than five minutes (a replay), and BadDocument for what is no JSON object."""
    given = signature.strip().lower().encode(errors="replace")
    ours = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(given, one) for one in ours):
        raise BadSignature("not signed with a secret of this panel's")
    message = read_object(body, limit=LARGEST)
    told_at = _moment(message.get("timestamp"))
    if told_at is None or abs(now - told_at) > OLDEST:
        raise BadSignature("signed at another time: a repetition, or a clock that is wrong")
    event, user = message.get("event"), message.get("data")
    username = user.get("username") if isinstance(user, dict) else None
    if event not in TELLING or not isinstance(username, str):
        return None
    return PanelHint(event, username[:64], hashlib.sha256(body).hexdigest())


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None
