"""How long a tariff lasts. Months are calendar months: 31 January, 28 February, 31 March."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

UNITS = ("hour", "day", "month")


@dataclass(frozen=True, slots=True)
class Period:
    """`count` hours, days or calendar months."""

    count: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS or not 1 <= self.count <= 10_000:
            raise ValueError(f"not a period: {self.count} {self.unit}")

    def after(self, start: datetime, anchor_day: int) -> datetime:
        """The end of this period begun at `start` (aware; computed in UTC). A month keeps the anchor: the day of the
        month on which the person's first period began, or that month's last day where it has no such day."""
        if self.unit == "hour":
            return start + timedelta(hours=self.count)
        if self.unit == "day":
            return start + timedelta(days=self.count)
        month = start + relativedelta(months=self.count)
        return month.replace(day=min(anchor_day, calendar.monthrange(month.year, month.month)[1]))

    def length(self, start: datetime) -> timedelta:
        """How long one period is that begins at `start`."""
        return self.after(start, start.day) - start

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "unit": self.unit}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Period:
        return cls(body["count"], body["unit"])
