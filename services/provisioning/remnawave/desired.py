"""What is to be changed about a panel's user, as a function of the grant and of the user as it is.

The panel's own rules (source: its users service, 3.3): DISABLED is taken from an ACTIVE user only, ACTIVE revives any;
a date in the past is refused; who is made ACTIVE without a new date expires again within half a minute."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.provisioning.provisioners.base import Grant
from services.provisioning.remnawave.answers import PanelUser

# "period": used traffic is forgotten by Kiosk itself, with each paid period.
STRATEGIES: Mapping[str, str] = {
    "period": "NO_RESET",
    "none": "NO_RESET",
    "day": "DAY",
    "week": "WEEK",
    "month": "MONTH",
    "month_rolling": "MONTH_ROLLING",
}
SAME = timedelta(seconds=1)  # the panel cuts what is finer than milliseconds
SOON = timedelta(seconds=5)  # what ends so soon may have ended when the call arrives
RECENT = timedelta(hours=2)  # longer than a call waits to be repeated


def is_on(grant: Grant, now: datetime) -> bool:
    """Whether the grant gives anything now. What has ended by the calendar does not, whatever it says."""
    return grant.state == "active" and grant.ends_at > now + SOON


def fields_of(grant: Grant, squads: Collection[str], tag: str) -> dict[str, Any]:
    """All that Kiosk keeps equal, but the end. 0 stands for no limit; the panel's null would be its own default.
    Without any `squads` those of the user stay as they are."""
    fields = {
        "trafficLimitBytes": 0 if grant.traffic_bytes is None else max(1, grant.traffic_bytes),
        "trafficLimitStrategy": STRATEGIES[grant.traffic_reset],
        "hwidDeviceLimit": 0 if grant.devices is None else max(1, grant.devices),
        "tag": tag,
    }
    if squads:
        fields["activeInternalSquads"] = sorted(squads)
    return fields if grant.telegram_id is None else fields | {"telegramId": grant.telegram_id}


def changes(grant: Grant, user: PanelUser, fields: Mapping[str, Any]) -> tuple[dict[str, Any], datetime | None]:
    """What of `fields` differs, and the end if it has to be sent. ({}, None): nothing is to be done. The device limit
    goes with every change."""
    current: dict[str, Any] = {
        "trafficLimitBytes": user.traffic_bytes,
        "trafficLimitStrategy": user.traffic_reset,
        "hwidDeviceLimit": user.devices,
        "activeInternalSquads": fields.get("activeInternalSquads") if user.squads is None else sorted(user.squads),
        "tag": user.tag,
        "telegramId": user.telegram_id,
    }
    changed = {name: value for name, value in fields.items() if current[name] != value}
    end = grant.ends_at if abs(user.expire_at - grant.ends_at) > SAME else None
    if user.status in ("DISABLED", "EXPIRED"):
        changed["status"], end = "ACTIVE", grant.ends_at  # together, or it would expire again
    if changed or end:
        changed["hwidDeviceLimit"] = fields["hwidDeviceLimit"]
    return changed, end


def must_be_disabled(grant: Grant, user: PanelUser, now: datetime) -> bool:
    """Of a grant that gives nothing now. What ends by itself is left to the panel."""
    if user.status in ("DISABLED", "EXPIRED") or user.expire_at <= now:
        return False
    return grant.state == "suspended" or grant.ends_at > now + SOON or user.expire_at - grant.ends_at > SAME


def must_forget_usage(grant: Grant, user: PanelUser, ref: Mapping[str, Any], now: datetime) -> bool:
    """Once for each paid period. An answer that was lost shows by a reset since the reference was stored."""
    if grant.traffic_reset != "period" or ref.get("epoch", grant.usage_epoch) >= grant.usage_epoch:
        return False
    was_just_done = user.reset_at is not None and user.reset_at > now - RECENT and reset_mark(user) != ref.get("reset")
    return not was_just_done and user.used_bytes != 0


def reset_mark(user: PanelUser) -> str | None:
    return user.reset_at.isoformat() if user.reset_at else None


def must_be_revived(user: PanelUser) -> bool:
    """Limited, though it has traffic left."""
    return user.status == "LIMITED" and (user.traffic_bytes == 0 or (user.used_bytes or 0) < user.traffic_bytes)
