"""A register by HTTP: the public check of Ukraine's tax office
(`GET /ws/api_public/rro/chkAllWeb?id&fn&sm&date&type=3`), or a service of the operator's own that answers alike.

200 with a `check` is known; 400 or 404 with an `error_description` is unknown; anything else is silence. The tax
office restricts its own address at times, and then refuses everybody: that is silence, too."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx

from services.platform.tls import trusted
from services.receipts.facts import FiscalCode
from services.receipts.ocr.registers.base import Answer

TIMEOUT = httpx.Timeout(8.0, connect=3.0)
LARGEST = 1_000_000  # bytes of an answer
ABSENT = "відсутн"  # "Інформація відсутня": there is none


class HttpRegister:
    """A Register. `url` is the whole address but for its query."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(timeout=TIMEOUT, verify=trusted(), trust_env=False)

    def look_up(self, code: FiscalCode) -> Answer:
        if code.country != "UA" or code.date is None or code.total is None:
            return Answer("silent")
        moment = datetime.combine(code.date, code.time or time())
        query = {
            "id": code.document,
            "fn": code.number,
            "sm": f"{code.total:.2f}",
            "date": f"{moment:%Y-%m-%d %H:%M:%S}",
            "type": "3",
            "captcha": "",
        }
        try:
            with self._http.stream("GET", self._url, params=query) as response:
                content = b""
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > LARGEST:
                        return Answer("silent")
                return _answer(response.status_code, httpx.Response(200, content=content))
        except httpx.HTTPError:
            return Answer("silent")

    def close(self) -> None:
        self._http.close()


def _answer(status: int, response: httpx.Response) -> Answer:
    try:
        said: Any = response.json()
    except (ValueError, RecursionError):
        return Answer("silent")
    if not isinstance(said, dict):
        return Answer("silent")
    if status == 200 and isinstance(said.get("check"), str) and said["check"]:
        return Answer("known", _total(said.get("total")))
    if status in (400, 404) and ABSENT in str(said.get("error_description", "")).lower():
        return Answer("unknown")
    return Answer("silent")


def _total(value: Any) -> Decimal | None:
    """The operator's own service may add one; the tax office's answer has none beside the text."""
    if not isinstance(value, str):
        return None
    try:
        return Decimal(value).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
