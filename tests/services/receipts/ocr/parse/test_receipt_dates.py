"""The day and the time of the purchase."""

from __future__ import annotations

from datetime import date, time

import pytest

from services.receipts.ocr.parse import parse
from services.receipts.ocr.parse.dates import moments
from tests.services.receipts.ocr.parse.looked import TODAY, look, read_once

FORMS = [
    ("18.11.2021 14:22:52", date(2021, 11, 18), time(14, 22, 52)),
    ("18-11-2021 14:22", date(2021, 11, 18), time(14, 22)),
    ("18/11/21 14:22", date(2021, 11, 18), time(14, 22)),
    ("18.11.202114:22", date(2021, 11, 18), time(14, 22)),  # the gap was lost
    ("18.11.2114:22", date(2021, 11, 18), time(14, 22)),
    ("2021-11-18T14:22:52", date(2021, 11, 18), time(14, 22, 52)),
    ("2021/11/18 14:22", date(2021, 11, 18), time(14, 22)),
    ("Дата 20211118", date(2021, 11, 18), None),
    ("Date: 04/05/2018 02:05 PM", date(2018, 5, 4), time(14, 5)),
    ("Date: 04/05/2018 12:05 AM", date(2018, 5, 4), time(0, 5)),
    ("Date: 12/25/2018", date(2018, 12, 25), None),  # there is no 25th month
    ("5 Jun 2018 10:07", date(2018, 6, 5), time(10, 7)),
    ("05-JUN-18", date(2018, 6, 5), None),
    ("June 5, 2018", date(2018, 6, 5), None),
    ("5. Dezember 2019, 09:15 Uhr", date(2019, 12, 5), time(9, 15)),
    ("5 грудня 2019 р. 09:15", date(2019, 12, 5), time(9, 15)),
    ("5 декабря 2019 г. 09:15", date(2019, 12, 5), time(9, 15)),
    ("18. 11. 2021 14:22", date(2021, 11, 18), time(14, 22)),
    ("1O.O1.2O21 14:22", date(2021, 1, 10), time(14, 22)),
    ("18 11 2021 14:22", date(2021, 11, 18), time(14, 22)),
    ("Datum 18,11,2021", date(2021, 11, 18), None),
]


@pytest.mark.parametrize(("line", "day", "clock"), FORMS)
def test_forms(line: str, day: date, clock: time | None) -> None:
    parsed = read_once(f"МАГАЗИН КУТОЧОК\n{line}")
    assert (parsed.date, parsed.time) == (day, clock)


@pytest.mark.parametrize(
    "line",
    [
        "21.11.2027",  # later than today
        "31.02.2021",
        "18.11.1998",
        "тел. 050-11-18-2021",
        "1 2 21",
        "IP 10.1.18.21",
        "4006825607727",
        "12.50 18.11 20.21",
    ],
)
def test_no_dates(line: str) -> None:
    assert read_once(line).date is None


def test_a_day_ahead_may_be_another_time_zone() -> None:
    assert read_once("21.11.2026").date == date(2026, 11, 21)
    assert read_once("22.11.2026").date is None


@pytest.mark.parametrize(
    "lines",
    [
        ("Date: 17/04/2018 10:15", "GST effective from 01/06/2018"),
        ("Придатний до 01.02.2020", "18.11.2019 10:15"),
        ("Valid until 31.12.2019", "Datum: 18.11.2019"),
        ("ФН 4000138375 від 02.03.2015", "Чек 12 18.11.2019 10:15"),
        ("18.11.2019 10:15", "20.12.2019"),
    ],
)
def test_the_purchase_among_other_dates(lines: tuple[str, str]) -> None:
    wanted = {date(2018, 4, 17), date(2019, 11, 18)}
    assert read_once("\n".join(lines)).date in wanted


def test_looks_vote() -> None:
    right, wrong = "18.11.2019 10:15", "18.11.2010 10:15"
    parsed = parse([look(wrong), look(right), look(right)], TODAY)
    assert (parsed.date, parsed.date_looks) == (date(2019, 11, 18), 2)


def test_a_time_in_the_next_line() -> None:
    assert [(one.date, one.time) for one in moments(("Дата: 18.11.2019", "Час: 10:15"), TODAY)] == [
        (date(2019, 11, 18), time(10, 15))
    ]


def test_a_date_within_a_longer_number_confirms_it() -> None:
    """Tills put the day into the number of the receipt."""
    parsed = parse([look("18.08.20 09:50"), look("18.05.20 09:50", "0010545180520605004240")], TODAY)
    assert (parsed.date, parsed.date_repeated) == (date(2020, 5, 18), True)
    assert (parsed.date_looks, parsed.date_against) == (1, 1)


def test_a_date_does_not_confirm_itself() -> None:
    assert not read_once("18.05.20 09:50 0000545").date_repeated
    assert read_once("Date 18.05.2020\nPrinted 18.05.2020").date_repeated


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("93.69.2025 20:25:00", date(2025, 9, 3)),
        ("13.86.2625 20:25", date(2025, 6, 13)),
        ("63-12-2023 12:10", date(2023, 12, 3)),
    ],
)
def test_zeros_of_dates_are_mended_but_confirm_nothing(line: str, day: date) -> None:
    parsed = parse([look(line), look(line)], TODAY)
    assert (parsed.date, parsed.date_looks, parsed.date_repeated) == (day, 0, False)


def test_a_mended_date_confirms_one_that_is_read() -> None:
    parsed = parse([look("03.09.2025 20:25"), look("93.09.2025 20:25"), look("63.09.2025 20:25")], TODAY)
    assert (parsed.date, parsed.date_looks, parsed.date_against) == (date(2025, 9, 3), 3, 0)


def test_what_is_read_without_mending_is_better() -> None:
    assert parse([look("93.69.2025 20:25"), look("08.09.2025 20:25")], TODAY).date == date(2025, 9, 8)


def test_a_long_number_that_holds_one_of_two_dates_decides() -> None:
    number = "OO10545 03042 0005007347"  # the engine broke it
    parsed = parse([look("03.04.20 09:53"), look("23.04.20 09:53", number, name="fine")], TODAY)
    assert parsed.date == date(2020, 4, 3)
