"""The day and the time of the purchase."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

EARLIEST = date(2010, 1, 1)
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar січ січня янв января",
            "feb february februar лют лютого фев февраля",
            "mar march märz maerz бер березня мар марта",
            "apr april кві квітня апр апреля",
            "may mai тра травня мая май",
            "jun june juni чер червня июн июня",
            "jul july juli лип липня июл июля",
            "aug august сер серпня авг августа",
            "sep sept september вер вересня сен сентября",
            "oct october okt oktober жов жовтня окт октября",
            "nov november лис листопада ноя ноября",
            "dec december dez dezember гру грудня дек декабря",
        ),
        1,
    )
    for name in names.split()
}
D = r"[0-9OОоIl]"
BEFORE = r"(?<![0-9.,])(?<![0-9][/\-])"
AFTER = r"(?![0-9]|[./\-][0-9]{1,2}(?![0-9]|\s?:))"
NUMERIC = re.compile(
    rf"{BEFORE}({D}{{1,2}})(\s?[./\-,']\s?)({D}{{1,2}})\s?[./\-,']\s?(20{D}{{2}}|{D}{{2}}){AFTER}"
    rf"|{BEFORE}({D}{{1,2}})( )({D}{{1,2}}) (20{D}{{2}}){AFTER}"
)
ISO = re.compile(r"(?<![0-9])(20[0-9]{2})\s?[./\-]\s?([0-9]{1,2})\s?[./\-]\s?([0-9]{1,2})(?![0-9])")
NAMED = re.compile(
    r"(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th)?[\s\-./]{0,2}([^\W\d_]{3,10})\.?[\s\-./,']{0,3}((?:20)?[0-9]{2})(?![0-9])"
)
NAMED_FIRST = re.compile(r"([^\W\d_]{3,10})\.?\s+([0-9]{1,2})(?:st|nd|rd|th)?,?\s+(20[0-9]{2})(?![0-9])")
SOLID = re.compile(r"(?<![0-9])(20[12][0-9])([01][0-9])([0-3][0-9])(?![0-9])")
SPOILT = re.compile(rf"{BEFORE}([0-3689][0-9])[./-]([01689][0-9])[./-](2[0689][0-9]{{2}})(?![0-9])")
CLOCK = re.compile(
    r"(?<![0-9.,:])([01]?[0-9]|2[0-3])\s?[:;.]\s?([0-5][0-9])(?:\s?[:;.]\s?([0-5][0-9]))?(?![0-9,])\s*([AaPp])?\.?[Mm]?"
)
GLUED = re.compile(r"((?:20)?[0-9]{2}[./-][0-9]{1,2}[./-](?:20[0-9]{2}|[0-9]{2}))(?=[0-9]{2}:[0-9]{2})")
LABEL = re.compile(r"dat[eu]|дата|datum|час\b|время|time|uhrzeit", re.IGNORECASE)
NOT_PURCHASE = re.compile(
    r"exp|valid|until|bis\b|gültig|due|годен|придатн|до\s*$|since|bill date|приказ|від\s|print|акци|birth|термін",
    re.IGNORECASE,
)
TO_DIGITS = str.maketrans("OОоIl", "00011")


@dataclass(frozen=True, slots=True)
class Moment:
    """`weight` is higher for what is more surely the purchase. `is_mended` where a zero was read as 6, 8 or 9: a day
    begins with 0 to 3, a month with 0 or 1."""

    date: date
    time: time | None
    weight: float
    is_mended: bool = False


def moments(lines: tuple[str, ...], today: date) -> list[Moment]:
    """All dates that may be the purchase's, with the time that stands by them; none in the future."""
    found = []
    for number, line in enumerate(lines):
        line = GLUED.sub(r"\1 ", line)
        for start, end, day in _dates(line):
            if not EARLIEST <= day <= today + timedelta(days=1):
                continue
            clock = _clock(line[end:]) or _clock(line[:start]) or _near(lines, number)
            weight = 1.0 - 0.2 * number / max(1, len(lines))
            weight += 3 if LABEL.search(line[:start][-24:]) else 0
            weight += 2 if _clock(line[end:]) or _clock(line[:start]) else (0.7 if clock else 0)
            weight -= 3 if NOT_PURCHASE.search(line[:start][-20:]) else 0
            found.append(Moment(day, clock, weight))
    return found or _mended(lines, today)


def _mended(lines: tuple[str, ...], today: date) -> list[Moment]:
    found = []
    for line in lines:
        for match in SPOILT.finditer(line):
            day, month = (("0" + part[1]) if part[0] in "689" else part for part in (match[1], match[2]))
            for _, _, one in _made(match, "20" + match[3][2:], month, day):
                if EARLIEST <= one <= today:
                    found.append(Moment(one, _clock(line[match.end() :]), 0.5, is_mended=True))
    return found


def _dates(line: str) -> Iterator[tuple[int, int, date]]:
    for match in ISO.finditer(line):
        yield from _made(match, match[1], match[2], match[3])
    for match in SOLID.finditer(line):
        yield from _made(match, match[1], match[2], match[3])
    for match in NUMERIC.finditer(line):
        groups = (1, 3, 4) if match[1] else (5, 7, 8)
        day, month, year = (match[group].translate(TO_DIGITS) for group in groups)
        if match[2] and match[2].strip() in ",'" and len(year) != 4 and len(day) + len(month) < 4:
            continue  # three small numbers in a row are a table
        yield from _made(match, year, month, day)
    for match in NAMED.finditer(line):
        if month := MONTHS.get(match[2].lower()):
            yield from _made(match, match[3], str(month), match[1])
    for match in NAMED_FIRST.finditer(line):
        if month := MONTHS.get(match[1].lower()):
            yield from _made(match, match[3], str(month), match[2])


def _made(match: re.Match[str], year: str, month: str, day: str) -> Iterator[tuple[int, int, date]]:
    years, months, days = int(year), int(month), int(day)
    years += 2000 if years < 100 else 0
    if months > 12 >= days:
        months, days = days, months
    try:
        yield match.start(), match.end(), date(years, months, days)
    except ValueError:
        return


def _clock(text: str) -> time | None:
    for match in CLOCK.finditer(text):
        hour = int(match[1])
        if match[4] and match[4] in "Pp" and hour < 12:
            hour += 12
        elif match[4] and match[4] in "Aa" and hour == 12:
            hour = 0
        if ":" in match[0] or ";" in match[0] or match[3]:
            return time(hour, int(match[2]), int(match[3] or 0))
    return None


def _near(lines: tuple[str, ...], number: int) -> time | None:
    for other in (number + 1, number - 1, number + 2):
        if 0 <= other < len(lines) and (clock := _clock(lines[other])):
            return clock
    return None
