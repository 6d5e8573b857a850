"""What a fiscal QR code says. Pure: text in, facts out; anything else is no fiscal code.

Russia prints `t=20251201T1612&s=46.50&fn=<16 digits>&i=<number>&fp=<sign>&n=1` (FNS, format of the QR code on a
receipt). Ukraine prints the address of its check at the tax office's cabinet with `id`, `date`, `time`, `fn`, `sm`, in
any order and several spellings; registers of before print `<base64>=;<kopecks>;<DDMMYYHHMM>;<fn>;<document>`."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal, InvalidOperation
from urllib.parse import unquote_plus

from services.receipts.facts import FiscalCode

LONGEST = 1000  # characters; a register's code has about 130
KINDS = {"1": "sale", "2": "refund", "3": "purchase", "4": "purchase_refund"}
# Values are digits and dots; a document of Ukraine's program registers may have letters, and base64's signs.
PARAMETER = re.compile(r"(?:^|[?&;\s])([A-Za-z]{1,5})=([^&\s]{0,80})")
UA_OLD = re.compile(r"[A-Za-z0-9+/]{4,200}={0,2};(\d{10});(\d{10});(\d{10});(\d{1,10})")
SUM = re.compile(r"\d{1,9}(?:[.,]\d{1,2})?", re.ASCII)


def parse_fiscal_code(text: str) -> FiscalCode | None:
    """None for what is no fiscal code, whatever it is."""
    text = text.strip("".join(map(chr, range(33))) + "\x7f\ufeff")
    if not text or len(text) > LONGEST or not text.isascii():
        return None
    old = UA_OLD.fullmatch(text)
    if old:
        return _ua_old(*old.groups())
    given = {name.lower(): unquote_plus(value) for name, value in PARAMETER.findall(text)}
    if {"t", "s", "fn", "i", "fp"} <= given.keys():
        return _ru(given)
    if re.match(r"(?:https?://)?cabinet\.(?:tax|sfs)\.gov\.ua/cashregs/check\b", text, re.IGNORECASE):
        return _ua(given)
    return None


def _ru(given: dict[str, str]) -> FiscalCode | None:
    number, document, sign = given["fn"], given["i"], given["fp"]
    moment = re.fullmatch(r"(\d{8})T(\d{4})(?:\d{2})?", given["t"], re.ASCII)
    if not (moment and _digits(number, 16, 16) and _digits(document, 1, 10) and _digits(sign, 1, 10)):
        return None
    total, day, at = _sum(given["s"]), _date(moment[1]), _time(moment[2])
    if total is None or day is None:
        return None
    document = document.lstrip("0") or "0"
    sign = sign.lstrip("0") or "0"
    kind = KINDS.get(given.get("n", "1"), "unknown")
    return FiscalCode(f"ru:{number}:{document}:{sign}", "RU", number, document, total, day, at, kind)


def _ua(given: dict[str, str]) -> FiscalCode | None:
    number, document = given.get("fn", ""), given.get("id", "")
    if not _digits(number, 10, 10) or not re.fullmatch(r"[A-Za-z0-9_+/=-]{1,40}", document):
        return None
    day, at = given.get("date", ""), given.get("time", "")
    if " " in day.strip() or "T" in day:  # both in one
        day, at = re.split(r"[ T]", day.strip(), maxsplit=1)
    total = _sum(given.get("sm") or given.get("sum") or "")
    return _ua_code(number, document, total, _date(day), _time(at))


def _ua_old(kopecks: str, moment: str, number: str, document: str) -> FiscalCode:
    total = Decimal(int(kopecks)).scaleb(-2)
    return _ua_code(number, document, total, _date(f"{moment[:4]}20{moment[4:6]}"), _time(moment[6:]))


def _ua_code(number: str, document: str, total: Decimal | None, day: date | None, at: time | None) -> FiscalCode:
    """Documents of hardware registers are counted from 1 in each of them, and may begin anew: the day tells them
    apart."""
    if document.isdigit():
        document = document.lstrip("0") or "0"
    key = f"ua:{number}:{document}:{day.isoformat() if day else ''}"
    return FiscalCode(key, "UA", number, document, total, day, at)


def _digits(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and text.isascii() and text.isdigit()


def _sum(text: str) -> Decimal | None:
    if not SUM.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", ".")).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def _date(text: str) -> date | None:
    """Year first as a rule, and last in some registers; with or without signs between."""
    digits = re.sub(r"[-./]", "", text)
    if not _digits(digits, 8, 8):
        return None
    for year, month, day in (
        (digits[:4], digits[4:6], digits[6:]),
        (digits[4:], digits[2:4], digits[:2]),
    ):
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if 2000 <= found.year < 2100:
            return found
    return None


def _time(text: str) -> time | None:
    """HHMM or HHMMSS, with or without colons. Seconds are left out: print and codes differ by them."""
    digits = text.replace(":", "")
    if not _digits(digits, 4, 6):
        return None
    try:
        return time(int(digits[:2]), int(digits[2:4]))
    except ValueError:
        return None
