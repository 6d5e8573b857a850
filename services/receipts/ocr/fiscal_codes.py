"""What fiscal QR codes say. They carry total, time and numbers, never what was bought.

Russia (FNS, order ED-7-20/662): t=20260131T1405[ss]&s=5375.00&fn=<16>&i=<document>&fp=<sign>&n=<kind>.
Ukraine: https://cabinet.tax.gov.ua/cashregs/check?id=..&date=..&time=..&fn=..&sm=.. in any order; older cash registers
print "<base64>=;<kopecks>;<DDMMYYHHMM>;<register>;<document>"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from services.receipts.facts import FiscalCode

LONGEST = 2000  # characters; a QR code holds 4296 at most
SUM = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?")
KINDS = {"1": "sale", "2": "refund", "3": "purchase", "4": "purchase_refund"}
OLD = re.compile(r"[A-Za-z0-9+/]+=*;([0-9]{1,12});([0-9]{10});([0-9]{6,16});([0-9]{1,12})")


def parse_code(written: str) -> FiscalCode | None:
    """None for anything that is no fiscal code. Never raises."""
    text = written[:LONGEST].strip("\x00\r\n\t ")
    if match := OLD.fullmatch(text):
        return _old(*match.groups())
    if "cashregs/check" in text:
        return _ukrainian({name.lower(): value for name, value in parse_qsl(urlsplit_query(text))})
    return _russian(dict(parse_qsl(text.lstrip("?"))))


def urlsplit_query(text: str) -> str:
    try:
        return urlsplit(text).query
    except ValueError:  # [ in the host
        return ""


def _russian(given: Mapping[str, str]) -> FiscalCode | None:
    number, document, sign = (given.get(name, "").strip() for name in ("fn", "i", "fp"))
    at = re.fullmatch(r"([0-9]{8})T([0-9]{4}|[0-9]{6})", given.get("t", "").strip())
    total = _sum(given.get("s"))
    if not (at and total is not None and _digits(number, 10, 16) and _digits(document, 1, 10) and _digits(sign, 1, 10)):
        return None
    day, clock = _date(at[1]), _time(at[2])
    kind = KINDS.get(given.get("n", "1").strip(), "unknown")
    return FiscalCode(f"ru:{number}:{int(document)}:{int(sign)}", "RU", number, document, total, day, clock, kind)


def _ukrainian(given: Mapping[str, str]) -> FiscalCode | None:
    number, document = given.get("fn", "").strip(), given.get("id", "").strip()
    if not re.fullmatch(r"[0-9]{6,16}", number) or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", document):
        return None
    written, clock = given.get("date", "").strip(), given.get("time", "").strip()
    if " " in written:
        written, _, clock = written.partition(" ")
    day = _date(re.sub(r"[^0-9]", "", written))
    if day is None:
        return None
    total = _sum(given.get("sm") or given.get("sum"))
    # Numbers of classic registers begin again with each of their days.
    key = f"ua:{number}:{document}:{day.isoformat()}"
    return FiscalCode(key, "UA", number, document, total, day, _time(re.sub(r"[^0-9]", "", clock)), "sale")


def _old(kopecks: str, at: str, number: str, document: str) -> FiscalCode | None:
    try:
        moment = datetime.strptime(at, "%d%m%y%H%M")  # noqa: DTZ007  # local to the shop, without a zone
    except ValueError:
        return None
    key = f"ua:{number}:{document}:{moment.date().isoformat()}"
    total = Decimal(int(kopecks)).scaleb(-2)
    return FiscalCode(key, "UA", number, document, total, moment.date(), moment.time(), "sale")


def _digits(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and least <= len(text) <= most


def _sum(text: str | None) -> Decimal | None:
    if text is None or not SUM.fullmatch(text.strip()):
        return None
    return Decimal(text.strip().replace(",", ".")).quantize(Decimal("0.01"))


def _date(digits: str) -> date | None:
    """YYYYMMDD, or else DDMMYYYY."""
    if len(digits) != 8:
        return None
    for year, month, day in ((digits[:4], digits[4:6], digits[6:]), (digits[4:], digits[2:4], digits[:2])):
        if 2015 <= int(year) <= 2100:
            try:
                return date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None


def _time(digits: str) -> time | None:
    if len(digits) not in (4, 6):
        return None
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0))
    except ValueError:
        return None
