"""Sentry, with what leaks by default turned off: no frame locals (they hold whole Telegram messages), no request
bodies, no addresses, no default personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

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


def _scrubbed(event: Event, hint: Hint) -> Event:
    record = hint.get("log_record")
    if record is not None and isinstance(record.msg, dict):  # structlog's: a name, which groups events, and fields
        fields = {name: str(value) for name, value in record.msg.items() if name != "exc_info"}
        event["logentry"] = {"message": fields.pop("event", "")}
        event["extra"] = dict(fields)
    event.pop("user", None)
    mask(None, "", cast(dict[str, object], event))  # headers, breadcrumbs, texts of exceptions: all of it
    return event
