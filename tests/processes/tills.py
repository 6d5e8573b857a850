"""The providers' side of what doomed processes do: somebody pays there, nobody hears of it, and what they have is
counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.sandbox.cryptopay.updates import SIGNATURE
from services import billing
from services.billing.providers.base import RefundSnapshot, Snapshot
from tests.apps.sandbox.running_robokassa import Stand
from tests.processes.aftermath import Survivor
from tests.world import Person

HOUR = timedelta(hours=1)
BOT = "/telegram/bot42:SANDBOX"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Till:
    """A provider that lists its operations: `operations` are those since the till was opened."""

    def __init__(self, kiosk: Survivor, code: str) -> None:
        self.kiosk, self.code = kiosk, code
        self.opened_at: datetime = kiosk.now - timedelta(seconds=1)

    def pay(self, person: Person, checkout: billing.Checkout) -> billing.RawNotice:
        """What the provider would tell about it."""
        raise NotImplementedError

    def sales(self, person: Person) -> int:
        """How many payments it has that were begun for this person, in any state."""
        keys = set(self.keys(person))
        return sum(isinstance(one, Snapshot) and one.key in keys for one in self._operations())

    def refunds(self, payment_id: int) -> int:
        """How many refunds it has of a payment, or was asked for."""
        known = self.kiosk.external_id(payment_id)
        return sum(isinstance(one, RefundSnapshot) and one.payment_external_id == known for one in self._operations())

    def refused(self) -> list[str]:
        """What it was asked and would not do."""
        asked = self.kiosk.http.get(f"/{self.code}/problems").json()["problems"]
        since = self.opened_at.isoformat()
        return [f"{one['method']} {one['path']}: {one['description']}" for one in asked if one["at"] >= since]

    def keys(self, person: Person) -> list[str]:
        sql = "SELECT array_agg(key::text) FROM payments WHERE party = :party"
        return list(self.kiosk.scalar(sql, party=str(person.party)) or ())

    def _operations(self) -> Any:
        return self.kiosk.kit.providers[self.code].operations(self.opened_at, self.kiosk.now + HOUR)


class BalanceTill(Till):
    """The other side is our own ledger, which refuses by an error here."""

    def refused(self) -> list[str]:
        return []


class YooKassaTill(Till):
    def pay(self, person: Person, checkout: billing.Checkout) -> billing.RawNotice:
        external_id = self.kiosk.external_id(checkout.payment_id)
        order = {"outcome": "success", "notify": "never"}
        paid = self.kiosk.post(f"/yookassa/payments/{external_id}/pay", **order)
        told = {"type": "notification", "event": f"payment.{paid['status']}", "object": paid}
        return billing.RawNotice(json.dumps(told).encode())


class CryptoPayTill(Till):
    def pay(self, person: Person, checkout: billing.Checkout) -> billing.RawNotice:
        external_id = self.kiosk.external_id(checkout.payment_id)
        self.kiosk.post(f"/cryptopay/payments/{external_id}/pay", outcome="success")
        sent = self.kiosk.http.get("/cryptopay/deliveries").json()["deliveries"]
        [told] = [one for one in sent if str(json.loads(one["body"])["payload"]["invoice_id"]) == external_id]
        return billing.RawNotice(told["body"].encode(), {SIGNATURE.lower(): told["signature"]})


class StarsTill(Till):
    """A link alone is nothing at Telegram; there is something once it is paid."""

    def __init__(self, kiosk: Survivor, code: str) -> None:
        super().__init__(kiosk, code)
        self._offset = 0
        self._updates()

    def pay(self, person: Person, checkout: billing.Checkout) -> billing.RawNotice:
        self.kiosk.post(f"/telegram/chat/api/users/{person.telegram_id}/pay_invoice", link=checkout.pay_url)
        [query] = [one["pre_checkout_query"] for one in self._updates() if "pre_checkout_query" in one]
        self.kiosk.post(f"{BOT}/answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
        [told] = filter(None, map(billing.notice_of_update, self._updates()))
        return told

    def refused(self) -> list[str]:
        return list(map(str, self.kiosk.http.get("/telegram/problems").json()))

    def _updates(self) -> list[dict[str, Any]]:
        order = {"offset": self._offset, "allowed_updates": ["message", "pre_checkout_query"]}
        found = list(self.kiosk.post(f"{BOT}/getUpdates", **order)["result"])
        self._offset = max([self._offset, *(update["update_id"] + 1 for update in found)])
        return found


class RobokassaTill(Till):
    """A live one, which lists nothing: what it has is asked for by number, what it was asked is in its log."""

    def __init__(self, kiosk: Survivor, stand: Stand) -> None:
        super().__init__(kiosk, "robokassa")
        self._stand = stand

    def pay(self, person: Person, checkout: billing.Checkout) -> billing.RawNotice:
        assert checkout.pay_url
        assert self._stand.open(checkout.pay_url).status_code == 200
        [number] = parse_qs(urlsplit(checkout.pay_url).query)["InvId"]
        self._stand.pay(number)
        return billing.RawNotice(self._stand.notices.next()[0], FORM)

    def sales(self, person: Person) -> int:
        sql = "SELECT array_agg(request->>'InvId') FROM payments WHERE party = :party"
        numbers = self.kiosk.scalar(sql, party=str(person.party)) or ()
        return sum(self._stand.client.get(f"/payments/{number}").status_code == 200 for number in numbers)

    def refused(self) -> list[str]:
        return self._stand.problems()

    def refunds(self, payment_id: int) -> int:
        payment = self._stand.client.get(f"/payments/{self.kiosk.external_id(payment_id)}").json()
        asked = self._stand.client.get("/log").json()["requests"]
        created = [one["fields"] for one in asked if one["path"] == "/RefundService/Refund/Create"]
        return sum(fields["OpKey"] == payment["op_key"] for fields in created)


TILLS: dict[str, Callable[[Survivor, str], Till]] = {
    "yookassa": YooKassaTill,
    "cryptopay": CryptoPayTill,
    "stars": StarsTill,
    "balance": BalanceTill,
}
