"""Sentry, with what leaks by default turned off: no frame locals (they hold whole Telegram messages), no request
bodies, no addresses, no default personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sentry_sdk

from services.platform.logs import mask

if TYPE_CHECKING:
    from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint


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
        before_breadcrumb=_scrubbed_breadcrumb,
    )


def _scrubbed(event: Event, hint: Hint) -> Event:
    if said := _said(hint):
        event["logentry"], event["extra"] = {"message": said[0]}, dict(said[1])
    event.pop("user", None)
    event.get("request", {}).pop("query_string", None)  # some providers notify by GET, with the buyer's address
    mask(None, "", cast(dict[str, object], event))  # headers and texts of exceptions: all of it
    return event


def _scrubbed_breadcrumb(breadcrumb: Breadcrumb, hint: BreadcrumbHint) -> Breadcrumb:
    if said := _said(hint):
        breadcrumb["message"], breadcrumb["data"] = said
    mask(None, "", breadcrumb)
    return breadcrumb


def _said(hint: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """What was logged with structlog: its name, by which Sentry groups, and its fields."""
    record = hint.get("log_record")
    if record is None or not isinstance(record.msg, dict):
        return None
    fields = {name: str(value) for name, value in record.msg.items() if name != "exc_info"}
    return fields.pop("event", ""), fields
