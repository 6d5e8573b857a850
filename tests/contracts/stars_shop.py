from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from apps.sandbox.telegram import create_app
from services.billing.providers.base import NextAction, Order, RawNotice, RefundOutcome
from services.billing.providers.stars import Stars
from services.platform.money import Money
from services.platform.tls import trusted
from tests.apps.sandbox.telegram.running_telegram import TOKEN, Clock, served
from tests.contracts.sandbox_shop import NOBODY, order


class StarsShop:
    """A bot at a Telegram of its own, with somebody who buys there."""

    secrets = (TOKEN.partition(":")[2],)

    def __init__(self, directory: Path) -> None:
        self._clock = Clock()
        with ExitStack() as stack:
            self.url = stack.enter_context(served(create_app(directory / "telegram", self._clock)))
            self.control = stack.enter_context(
                httpx.Client(base_url=self.url, verify=trusted(), trust_env=False, timeout=20)
            )
            self.stack = stack.pop_all()
        self.provider = self.twin()
        self._buyer = int(self._post("/chat/api/users", first_name="Анна")["id"])

    def twin(self, *, nowhere: bool = False, refused: bool = False, holds: bool = False) -> Stars:
        assert not holds
        token = "42:SOMETHINGELSE" if refused else TOKEN
        made = Stars(token=token, api_url=NOBODY if nowhere else self.url, expects_test=True)
        self.stack.callback(made.close)
        return made

    def order(self, **changes: Any) -> Order:
        usual: dict[str, Any] = {"amount": Money(150, "XTR"), "telegram_id": self._buyer}
        return order(**(usual | changes))

    def pay(self, order: Order, opened: NextAction, *, decline: bool = False) -> str:
        assert not decline
        checkout = self._post(f"/chat/api/users/{self._buyer}/pay_invoice", link=opened.url)
        self._bot("answerPreCheckoutQuery", pre_checkout_query_id=checkout["id"], ok=True)
        return str(self._transactions()[-1]["id"])

    def told(self, external_id: str) -> RawNotice:
        raise AssertionError("its news are updates of the bot")

    def forged(self) -> tuple[RawNotice, ...]:
        return ()

    def fault(self, mode: str, times: int = 1) -> None:
        self._post("/faults", mode=mode, times=times, delay=0.02)

    def settled(self, refund: RefundOutcome) -> RefundOutcome:
        return refund

    def unknown_id(self) -> str:
        return "stxNothing"

    def seen(self) -> int:
        return sum("source" in one for one in self._transactions())

    def now(self) -> datetime:
        return self._clock()

    def later(self, seconds: int) -> None:
        self._clock.advance(seconds=seconds)

    def close(self) -> None:
        self.stack.close()

    def _transactions(self) -> list[dict[str, Any]]:
        transactions: list[dict[str, Any]] = self._bot("getStarTransactions")["transactions"]
        return transactions

    def _bot(self, method: str, **arguments: Any) -> Any:
        return self._post(f"/bot{TOKEN}/{method}", **arguments)["result"]

    def _post(self, path: str, **body: Any) -> Any:
        answer = self.control.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()
