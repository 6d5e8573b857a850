"""The tax register: asked whether a fiscal code is of a receipt that was really given. Off without FISCAL_LOOKUP_URL.

Asked as Ukraine's public search of checks is (GET .../ws/api_public/rro/chkAllWeb?id&fn&sm&date&type=3; 200 with the
check, 400 where there is none). UNVERIFIED: since 2025 that address is closed to programs for the time of the war; a
service of one's own that answers in the same way does, too. Other countries' codes are not asked about."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time
from typing import Protocol

import httpx

from services.platform.errors import Misconfigured, TryLater
from services.platform.tls import trusted
from services.receipts.facts import FiscalCode, Reading

TIMEOUTS = httpx.Timeout(5.0, connect=3.0)
ASKED = frozenset({"UA"})
# Doubts that go once the register has confirmed the code: they were about what the picture shows.
CONFIRMED = frozenset(
    {"unconfirmed", "unreadable", "no_engine", "not_fiscal", "no_total", "no_date", "amount_mismatch"},
)


class Register(Protocol):
    def knows(self, code: FiscalCode) -> bool:
        """Whether a receipt of this number and total was given. Raises TryLater or Misconfigured."""

    def close(self) -> None: ...


class HttpRegister:
    """`url` is the whole address without its query."""

    def __init__(self, url: str, *, timeouts: httpx.Timeout = TIMEOUTS) -> None:
        self._url = url
        self._http = httpx.Client(verify=trusted(), trust_env=False, timeout=timeouts)

    def knows(self, code: FiscalCode) -> bool:
        if code.country not in ASKED or code.total is None or code.date is None:
            return False
        at = datetime.combine(code.date, code.time or time())
        asked = {
            "id": code.document,
            "fn": code.number,
            "sm": f"{code.total:.2f}",
            "date": f"{at:%Y-%m-%d %H:%M:%S}",
            "type": "3",
            "captcha": "",
        }
        try:
            answer = self._http.get(self._url, params=asked)
            if answer.status_code in (400, 404):
                return False
            if answer.status_code in (401, 403):
                raise Misconfigured(f"the tax register refuses: {answer.status_code}")
            found = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise TryLater(f"the tax register: {type(error).__name__}") from None
        return isinstance(found, dict) and any(found.get(name) for name in ("check", "checkXml"))

    def close(self) -> None:
        self._http.close()


def confirm(reading: Reading, register: Register) -> Reading:
    """Tier A where the register knows its code; as it was where it does not, or where something else stands against the
    picture. Raises TryLater or Misconfigured."""
    code = reading.code
    if code is None or code.kind != "sale" or not CONFIRMED.issuperset(reading.reasons) or not register.knows(code):
        return reading
    sure = dataclasses.replace(reading, total=code.total, date=code.date, time=code.time or reading.time)
    return dataclasses.replace(sure, tier="A", reasons=(), source="register")
