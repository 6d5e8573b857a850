"""Quantities and states in words, as several screens say them."""

from __future__ import annotations

import html
from datetime import timedelta
from decimal import Decimal

from services.catalog import Period
from services.platform.i18n import Language

GIGABYTE = 10**9
LONGEST_NAME = 64


def in_words(_: Language, period: Period) -> str:
    match period.unit:
        case "hour":
            return _.n("{count} hour", "{count} hours", period.count)
        case "day":
            return _.n("{count} day", "{count} days", period.count)
        case _other:
            return _.n("{count} month", "{count} months", period.count)


def left(_: Language, time: timedelta) -> str:
    """How long a subscription still lives, to the nearest day: a month just bought has all its days."""
    if time < timedelta(days=1):
        return _("Less than a day left")
    return _.n("{count} day left", "{count} days left", round(time / timedelta(days=1)))


def duration(_: Language, time: timedelta) -> str:
    """Days and hours, rounded down: "12 days 3 hours"."""
    days, hours = divmod(int(time.total_seconds()) // 3600, 24)
    parts = [_.n("{count} day", "{count} days", days)] if days else []
    if hours:
        parts.append(_.n("{count} hour", "{count} hours", hours))
    return " ".join(parts) or _("less than an hour")


def gauge(part: timedelta, whole: timedelta) -> str:
    """How much of it is left, as a picture of ten."""
    full = min(10, max(1, -(-10 * part // whole))) if whole > timedelta() and part > timedelta() else 0
    return "▰" * full + "▱" * (10 - full)


def traffic(_: Language, traffic_bytes: int | None) -> str:
    if traffic_bytes is None:
        return _("unlimited")
    return _("{amount} GB", amount=max(1, traffic_bytes // GIGABYTE))


def size(_: Language, count: int) -> str:
    """Bytes as people write them: "12.5 GB", "350 MB"."""
    if count >= GIGABYTE:
        return _("{amount} GB", amount=_.number(Decimal(count) / GIGABYTE))
    return _("{amount} MB", amount=-(-count // 10**6))


def usage(_: Language, used_bytes: int, limit_bytes: int | None) -> list[str]:
    """How much traffic is used, of a limit with a picture of it."""
    if limit_bytes is None:
        return [_("Traffic used: {used}", used=size(_, used_bytes))]
    percent = min(100, 100 * used_bytes // limit_bytes) if limit_bytes else 100
    told = _("Traffic: {used} of {limit}", used=size(_, used_bytes), limit=size(_, limit_bytes))
    return [told, f"{bar(percent)} {percent} %"]


def bar(percent: int) -> str:
    """How much is used up, as a picture of ten."""
    full = min(10, max(percent > 0, percent // 10))
    return "▰" * full + "▱" * (10 - full)


def limits(_: Language, traffic_bytes: int | None, devices: int | None, speed_mbps: int | None) -> list[str]:
    """Lines about traffic and devices, and about speed where it is limited."""
    lines = [
        _("Traffic: unlimited")
        if traffic_bytes is None
        else _("Traffic: {amount} GB", amount=max(1, traffic_bytes // GIGABYTE)),
        _("Devices: as many as you like") if devices is None else _("Devices: up to {count}", count=devices),
    ]
    if speed_mbps is not None:
        lines.append(_("Speed: up to {amount} Mbit/s", amount=speed_mbps))
    return lines


def plain(text: str) -> str:
    """Somebody's words inside our HTML."""
    return html.escape(text, quote=False)


def bold(text: str) -> str:
    return f"<b>{plain(text)}</b>"


def bulleted(lines: list[str]) -> str:
    return "\n".join(f"• {line}" for line in lines)


def isolated(name: str) -> str:
    """Somebody's name inside our sentence: one line, not endless, and unable to turn the text around it right to left
    (Unicode TR9, first strong isolate)."""
    one_line = " ".join("".join(c if c.isprintable() or c in "\u200d\ufe0f" else " " for c in name).split())
    return f"\u2068{one_line[:LONGEST_NAME]}\u2069" if one_line else ""
