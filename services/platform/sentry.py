"""Sentry, with what leaks by default turned off: no frame locals (they hold whole Telegram messages), no request
bodies, no addresses, no default personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sentry_sdk

from services.platform.logs import mask

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint


def set_up(dsn: str | None, *, environment: str, release: str, process: str) -> None:
    """Does nothing without a DSN."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        server_name=process,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=0.0,
        before_send=_scrubbed,
    )


def _scrubbed(event: Event, _hint: Hint) -> Event:
    for exception in event.get("exception", {}).get("values", []):
        exception.update(mask(None, "", {"value": exception.get("value")}))
    if "logentry" in event:
        event["logentry"] = dict(mask(None, "", dict(event["logentry"])))
    event.pop("user", None)
    return event
