"""What a panel's API token says about itself. It is a JWT; every one ends some day (source: the panel asks for at least
one day when a token is made)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime


def expiry(token: str) -> datetime | None:
    """The claim `exp` of a JWT, unverified: it only reminds the operator. None where none can be read."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        end = claims["exp"]
        return datetime.fromtimestamp(end, UTC) if type(end) in (int, float) else None
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
