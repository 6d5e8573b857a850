"""One call of the Bot API and how it ended (source: Telegram Bot API 10.3, "Making requests")."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from services.billing.providers.base import Declined, NotSent, Unknown
from services.platform.errors import Misconfigured, TryLater
from services.platform.tls import trusted

TIMEOUT = httpx.Timeout(10.0, connect=3.05)  # seconds
LARGEST_ANSWER = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Done:
    result: Any


class BotApi:
    """Safe to share between threads. The token stands in every address, so no text of an httpx error is repeated."""

    def __init__(self, api_url: str, token: str) -> None:
        self._url = f"{api_url}/bot{token}/"
        self._http = httpx.Client(timeout=TIMEOUT, verify=trusted(), trust_env=False)

    def call(self, method: str, arguments: dict[str, Any]) -> Done | Declined | NotSent | Unknown:
        """Never raises for what Telegram or the network does."""
        try:
            with self._http.stream("POST", self._url + method, json=arguments) as response:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        return Unknown("the answer is too large")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotSent(type(error).__name__)
        except httpx.HTTPError as error:
            return Unknown(type(error).__name__)
        return _outcome(response.status_code, bytes(body))

    def ask(self, method: str, arguments: dict[str, Any]) -> Any:
        """The result of a method which changes nothing. Raises TryLater or Misconfigured."""
        answer = self.call(method, arguments)
        if isinstance(answer, Declined):
            raise Misconfigured(f"Telegram refuses {method}: {answer.code}")
        if not isinstance(answer, Done):
            raise TryLater(f"Telegram: {method}: {answer.error}")
        return answer.result

    def close(self) -> None:
        self._http.close()


def _outcome(status: int, body: bytes) -> Done | Declined | Unknown:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or "ok" not in answer:
        return Unknown(f"unreadable answer, status {status}")
    if status == 200 and answer["ok"] is True and "result" in answer:
        return Done(answer["result"])
    if answer["ok"] is False and 400 <= status < 500 and status != 429:
        return Declined(_code(str(answer.get("description", ""))) or f"http_{status}", retryable=False)
    return Unknown(f"status {status}")


def _code(description: str) -> str:
    """ "Bad Request: CHARGE_NOT_FOUND" -> "charge_not_found"."""
    words = description.removeprefix("Bad Request: ").removeprefix("Forbidden: ")
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:64]
