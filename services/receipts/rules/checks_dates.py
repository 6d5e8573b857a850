"""When it was bought: too early, too late, too long ago, or not yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from services.receipts.rules.campaign import Campaign
from services.receipts.rules.decision import Step
from services.receipts.rules.look import Look, local

# How far a receipt's local time may be ahead of the campaign's: clocks run fast, and Russia has eleven time zones.
AHEAD = {"RU": timedelta(hours=10)}
AHEAD_ELSEWHERE = timedelta(hours=1)


def dates(look: Look) -> Iterator[Step]:
    """A day without a time counts where any moment of it does. What a fiscal code says of the day is certain."""
    campaign, day, at = look.campaign, look.reading.date, look.reading.time
    if day is None:
        yield look.step("date", None, "a date", "missing", "no_date")
        return
    certain = look.sure or (look.reading.code is not None and look.reading.code.date == day)
    saw = f"{day.isoformat()} {at:%H:%M}" if at else day.isoformat()
    first, last = _moment(day, at or dt.time.min, campaign), _moment(day, at or dt.time.max, campaign)
    sent = look.facts.submitted_at
    latest = sent + AHEAD.get(look.reading.country or "", AHEAD_ELSEWHERE)
    age = (sent.astimezone(campaign.zone).date() - day).days
    if first > latest:
        yield look.against("date", saw, f"until {local(latest, campaign)}", "future_date", certain=certain)
    elif age > campaign.max_age_days:
        yield look.against("age", f"{age} days", f"{campaign.max_age_days} days", "too_old", certain=certain)
    if last < campaign.starts_at:
        since = f"since {local(campaign.starts_at, campaign)}"
        yield look.against("dates", saw, since, "before_campaign", certain=certain)
    elif first >= campaign.ends_at:
        until = f"before {local(campaign.ends_at, campaign)}"
        yield look.against("dates", saw, until, "after_campaign", certain=certain)
    else:
        since, until = local(campaign.starts_at, campaign), local(campaign.ends_at, campaign)
        yield look.step("dates", saw, f"{since} to {until}", "ok")


def _moment(day: dt.date, at: dt.time, campaign: Campaign) -> datetime:
    """Years at the ends of the calendar have no moment in every zone: those of UTC are near enough."""
    zone = campaign.zone if 1 < day.year < 9999 else UTC
    return datetime.combine(day, at.replace(tzinfo=None), zone)
