from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from services.catalog import Period

STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # gets UTC
MONTH = Period(1, "month")


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T10:30:00+00:00")


def test_months_keep_the_day_on_which_it_all_began() -> None:
    ends = [day("2027-01-31")]
    for _ in range(14):
        ends.append(MONTH.after(ends[-1], 31))
    assert ends[1:6] == [day(d) for d in ("2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30")]
    assert ends[13] == day("2028-02-29"), "a leap year"
    assert ends[14] == day("2028-03-31")
    assert Period(12, "month").after(day("2028-02-29"), 29) == day("2029-02-28")
    assert Period(12, "month").after(day("2031-02-28"), 29) == day("2032-02-29")


@given(STARTS, st.lists(st.integers(1, 24), min_size=1, max_size=20))
def test_months_one_after_another_are_as_long_as_together(start: datetime, counts: list[int]) -> None:
    end = start
    for count in counts:
        before, end = end, Period(count, "month").after(end, start.day)
        assert end >= before + relativedelta(months=count), "never earlier"
        assert (end.year * 12 + end.month) - (before.year * 12 + before.month) == count, "no month is skipped"
        assert end.timetz() == start.timetz()
        assert end.day == min(start.day, calendar.monthrange(end.year, end.month)[1])
    assert end == start + relativedelta(months=sum(counts))


@given(STARTS, st.integers(1, 10_000), st.integers(1, 31))
def test_hours_and_days_are_exact(start: datetime, count: int, anchor: int) -> None:
    assert Period(count, "hour").after(start, anchor) - start == timedelta(hours=count)
    assert Period(count, "day").after(start, anchor) - start == timedelta(days=count)


@given(st.integers(1, 10_000), st.sampled_from(["hour", "day", "month"]))
def test_a_period_survives_its_json(count: int, unit: str) -> None:
    assert Period.from_json(Period(count, unit).to_json()) == Period(count, unit)


@pytest.mark.parametrize(("count", "unit"), [(0, "day"), (-1, "day"), (10_001, "day"), (1, "week"), (1, "")])
def test_what_is_no_period(count: int, unit: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        Period(count, unit)
