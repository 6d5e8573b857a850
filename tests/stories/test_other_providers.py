"""A purchase by every other way to pay, from the first tap to the access, and what may go wrong on that way."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from services import billing
from services.identity import Party
from services.platform.money import Money
from tests.world import Kiosk, Person, wait_for

TOKEN = "42:SANDBOX"


def number(checkout: billing.Checkout) -> str:
    found = re.search(r"[?&]InvId=([0-9]+)", str(checkout.pay_url))
    assert found
    return found[1]


def pay_robokassa(kiosk: Kiosk, checkout: billing.Checkout, **order: Any) -> None:
    """Opens the link, which makes the payment there, and pays."""
    kiosk.http.get(str(checkout.pay_url), follow_redirects=True).raise_for_status()
    kiosk.post(f"/robokassa/payments/{number(checkout)}/pay", **({"outcome": "success"} | order))


def test_robokassa(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna, provider="robokassa")
    pay_robokassa(kiosk, checkout)
    wait_for(lambda: kiosk.told(number(checkout)) >= 1)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.count("wireguard_peers", "active") == 1
    assert any("document" in message for message in kiosk.messages(anna))
    assert kiosk.faults() == []


def test_robokassa_says_it_ten_times(kiosk: Kiosk) -> None:
    checkout = kiosk.checkout(kiosk.person(), provider="robokassa")
    pay_robokassa(kiosk, checkout, notify="storm")
    wait_for(lambda: kiosk.told(number(checkout)) >= 10)
    kiosk.drain()
    assert kiosk.count("ledger_transactions") == 1
    assert kiosk.count("subscription_changes") == 1


def test_robokassa_cannot_be_forged(kiosk: Kiosk) -> None:
    checkout = kiosk.checkout(kiosk.person(), provider="robokassa")
    key = kiosk.attempt_keys()[0]
    body = f"OutSum=299.00&InvId={number(checkout)}&Shp_attempt={key}&IsTest=1&SignatureValue={'0' * 64}"
    with kiosk.kit.db.begin() as tx, pytest.raises(billing.BadNotification):
        billing.accept_notification(tx, kiosk.kit.providers["robokassa"], billing.RawNotice(body.encode()), kiosk.now)
    kiosk.drain()
    assert kiosk.count("ledger_transactions") == 0


def test_crypto_pay(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    checkout = kiosk.checkout(anna, provider="cryptopay")
    external_id = kiosk.external_id(checkout.payment_id)
    kiosk.post(f"/cryptopay/payments/{external_id}/pay", outcome="success")
    wait_for(lambda: kiosk.told(external_id) >= 1)
    kiosk.drain()
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.faults() == []
    with pytest.raises(billing.CannotRefund):
        kiosk.refund(checkout.payment_id)
    kiosk.refund(checkout.payment_id, destination="balance")
    kiosk.drain()
    assert kiosk.balance(f"wallet:{anna.party}") == -29900
    assert kiosk.scalar("SELECT state FROM subscriptions") == "expired"
    assert kiosk.faults() == []


@pytest.mark.parametrize("mode", ["500_after", "dropped_after"])
def test_crypto_pay_lost_its_answer_and_the_buyer_presses_again(kiosk: Kiosk, mode: str) -> None:
    """There is no key to repeat a creation with: the invoice is found in the list, with its address."""
    anna = kiosk.person()
    kiosk.post("/cryptopay/faults", mode=mode, times=1, delay=0)
    with pytest.raises(billing.CheckoutFailed):
        kiosk.checkout(anna, provider="cryptopay")
    again = kiosk.checkout(anna, provider="cryptopay")
    assert again.pay_url
    assert kiosk.count("payments") == 1
    kiosk.post(f"/cryptopay/payments/{kiosk.external_id(again.payment_id)}/pay", outcome="success")
    kiosk.pass_time(timedelta(minutes=3), step=timedelta(minutes=1))
    assert kiosk.count("invoices", "state = 'paid'") == 1
    assert kiosk.faults() == []


class Stars:
    """The bot's side of Telegram: takes its updates and hands what they tell of Stars to billing."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk, self._offset = kiosk, 0
        self.updates()

    def updates(self) -> list[dict[str, Any]]:
        kinds = ["message", "pre_checkout_query", "subscription"]
        order = {"offset": self._offset, "allowed_updates": kinds}
        found = self.kiosk.post(f"/telegram/bot{TOKEN}/getUpdates", **order)["result"]
        self._offset = max([self._offset, *(update["update_id"] + 1 for update in found)])
        return list(found)

    def listen(self) -> None:
        """Until nothing comes any more: approves what billing approves, stores what is told."""
        kiosk = self.kiosk
        for _ in range(50):
            for update in self.updates():
                if query := update.get("pre_checkout_query"):
                    self._answer(query)
                if raw := billing.notice_of_update(update):
                    with kiosk.kit.db.begin() as tx:
                        billing.accept_notification(tx, kiosk.kit.providers["stars"], raw, kiosk.now)
            kiosk.drain(0.02)

    def _answer(self, query: dict[str, Any]) -> None:
        kiosk, answer = self.kiosk, {"pre_checkout_query_id": query["id"], "ok": True}
        sql = "SELECT id FROM users WHERE telegram_id = :id"
        payer = Party("user", int(kiosk.scalar(sql, id=query["from"]["id"])))
        try:
            with kiosk.kit.db.begin() as tx:
                amount = Money(query["total_amount"], query["currency"])
                billing.approve(
                    tx, "stars", payload=query["invoice_payload"], amount=amount, party=payer, now=kiosk.now
                )
        except billing.Refused:
            answer |= {"ok": False, "error_message": "no"}
        kiosk.post(f"/telegram/bot{TOKEN}/answerPreCheckoutQuery", **answer)

    def pay(self, person: Person, checkout: billing.Checkout) -> None:
        self.kiosk.post(f"/telegram/chat/api/users/{person.telegram_id}/pay_invoice", link=checkout.pay_url)
        self.listen()


def test_stars(kiosk: Kiosk) -> None:
    stars, anna = Stars(kiosk), kiosk.person()
    checkout = kiosk.checkout(anna, provider="stars")
    stars.pay(anna, checkout)
    assert kiosk.count("invoices", "state = 'paid' AND currency = 'XTR' AND amount_minor = 150") == 1
    assert kiosk.balance("clearing:stars", "XTR") == 150
    assert kiosk.faults() == []
    with pytest.raises(billing.CannotRefund):
        kiosk.refund(checkout.payment_id, amount=Money(50, "XTR"))
    kiosk.refund(checkout.payment_id)
    kiosk.drain()
    stars.listen()
    assert kiosk.count("refunds", "state = 'succeeded'") == 1
    assert kiosk.scalar("SELECT state FROM subscriptions") == "expired"
    assert kiosk.balance("clearing:stars", "XTR") == 0
    assert kiosk.faults() == []


def test_a_forwarded_stars_invoice_is_not_taken_from_others(kiosk: Kiosk) -> None:
    stars, anna, boris = Stars(kiosk), kiosk.person(), kiosk.person("Борис")
    checkout = kiosk.checkout(anna, provider="stars")
    stars.pay(boris, checkout)
    assert kiosk.count("payments", "state = 'succeeded'") == 0
    stars.pay(anna, checkout)
    assert kiosk.count("payments", "state = 'succeeded'") == 1


def test_stars_renew_by_themselves_on_the_same_payload(kiosk: Kiosk) -> None:
    stars, anna = Stars(kiosk), kiosk.person()
    stars.pay(anna, kiosk.checkout(anna, provider="stars", renews=True))
    charge = kiosk.external_id(1)
    for month in (2, 3):
        kiosk.pass_time(timedelta(days=30), step=timedelta(days=10))
        kiosk.post(f"/telegram/chat/api/users/{anna.telegram_id}/subscriptions/{charge}/renew")
        stars.listen()
        assert kiosk.count("invoices", "state = 'paid'") >= month
    paid = kiosk.count("invoices", "state = 'paid'")
    assert kiosk.count("payments", "state = 'succeeded'") == paid
    assert kiosk.count("subscription_changes", "invoice_id IS NOT NULL") == paid
    assert kiosk.count("payments", "decision IS NOT NULL") == 0
    kiosk.post(f"/telegram/chat/api/users/{anna.telegram_id}/subscriptions/{charge}/cancel")
    stars.listen()
    assert kiosk.count("messages", "kind = 'renewal_changed'") == 1
    assert kiosk.faults() == []
    assert json.dumps(kiosk.undone()) == "[]"
