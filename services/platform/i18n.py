"""Texts people see, in their language: gettext catalogs (English is the msgid), plurals, money, dates and sizes.

A `Language` speaks HTML as Telegram knows it: `_("Hello, {name}!", name=user.name)` escapes what is put in.
`_.label(...)` is for places without HTML: buttons, alerts, file names. `_.n("{count} day", "{count} days", 5)`
counts."""

from __future__ import annotations

import gettext
import html
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, get_timezone_location
from babel.numbers import format_decimal

from services.platform.money import EXPONENTS, Money

LOCALES = Path(__file__).parent.parent / "texts" / "locales"
LANGUAGES = ("ru", "uk", "en")
DEFAULT = "ru"
NAMES = {"ru": "Русский", "uk": "Українська", "en": "English"}
SYMBOLS = {"RUB": "₽", "UAH": "₴", "USD": "$", "EUR": "€"}  # CLDR has them only at home: "RUB299" in English
RENAMED = {"Europe/Kyiv": "Europe/Kiev"}  # zones whose city CLDR keeps under the earlier name
BABEL = {"ru": "ru_RU", "uk": "uk_UA", "en": "en_GB"}


class Language:
    """One language; made once a process by `language(code)`."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._catalog = gettext.translation("kiosk", LOCALES, [code])

    def __call__(self, message: str, **values: object) -> str:
        return self._catalog.gettext(message).format(**{k: html.escape(str(v), quote=False) for k, v in values.items()})

    def label(self, message: str, **values: object) -> str:
        return self._catalog.gettext(message).format(**values)

    def n(self, one: str, many: str, count: int) -> str:
        return self._catalog.ngettext(one, many, count).format(count=format_decimal(count, locale=BABEL[self.code]))

    def own(self, texts: Mapping[str, str]) -> str:
        """The variant of a text an operator wrote in several languages; falls back to any there is."""
        return texts.get(self.code) or texts.get(DEFAULT) or next(filter(None, texts.values()), "")

    def money(self, amount: Money) -> str:
        """299 RUB is "299 ₽", 299.50 is "299,50 ₽": kopecks are shown where there are some."""
        locale = BABEL[self.code]
        if amount.currency in {"TOKEN", "BONUS"}:
            return self.n("{count} token", "{count} tokens", amount.minor)
        if amount.currency == "XTR":
            return f"{format_decimal(amount.minor, locale=locale)} ⭐"
        whole = amount.minor % 10 ** EXPONENTS[amount.currency] == 0
        number = format_decimal(amount.decimal, "#,##0" if whole else "#,##0.00", locale=locale)
        symbol = SYMBOLS[amount.currency]
        return f"{symbol}{number}" if self.code == "en" else f"{number}\u00a0{symbol}"

    def number(self, value: Decimal) -> str:
        """As people write it, to one digit behind the comma: "12,5"."""
        return format_decimal(value, "#,##0.#", locale=BABEL[self.code])

    def date(self, moment: datetime, zone: str) -> str:
        """As people write it: "20 декабря 2026"."""
        return format_datetime(moment.astimezone(ZoneInfo(zone)), "d MMMM y", locale=BABEL[self.code])

    def moment(self, moment: datetime, zone: str) -> str:
        """With the hour and the zone it is meant in: "20 декабря 2026, 23:00 (Москва)"."""
        local = moment.astimezone(ZoneInfo(zone))
        return f"{self.date(moment, zone)}, {local:%H:%M} ({self._city(zone)})"

    def _city(self, zone: str) -> str:
        if zone in RENAMED:
            return str(Locale.parse(BABEL[self.code]).time_zones[RENAMED[zone]]["city"])
        return get_timezone_location(ZoneInfo(zone), locale=BABEL[self.code], return_city=True)


@cache
def language(code: str | None) -> Language:
    """The language of a Telegram language_code ("uk", "en-US", None); unknown ones read Russian."""
    base = (code or "").split("-")[0].lower()
    return Language(base if base in LANGUAGES else DEFAULT)
