"""Crypto Pay, the payments of @CryptoBot (source: help.crypt.bot/crypto-pay-api, version 1.5.1 of June 2025).

An invoice is priced in a fiat currency and paid in coins which the buyer chooses; our books stay in the fiat. There is
no idempotency key: an invoice whose answer was lost is found by `operations`, by its payload. There are no refunds:
an operator sends coins by hand. An invoice does not name its app, but a token sees nothing except its own app's."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from services.billing.providers.base import (
    BadNotification,
    Capability,
    Declined,
    NextAction,
    Notice,
    NotSent,
    Order,
    Outcome,
    PaymentProvider,
    RawNotice,
    RefundOrder,
    Snapshot,
    Unknown,
    Unsupported,
)
from services.billing.providers.cryptopay.api import CryptoPayApi
from services.platform.documents import BadDocument, read_object
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import BadAmount, Money

MAINNET = "pay.crypt.bot"
FIATS = frozenset({"RUB", "UAH", "USD", "EUR"})  # those of Crypto Pay's that our books know
# The smallest invoice, in minor units. Crypto Pay states none; below these the coins are mere dust.
SMALLEST = {"RUB": 1000, "UAH": 500, "USD": 10, "EUR": 10}
LIFE = 3600  # seconds an invoice can be paid; Crypto Pay takes 1 to 2678400
STATUSES = {"active": "awaiting_user", "paid": "succeeded", "expired": "canceled"}
PAGE, PAGES = 500, 40  # invoices asked for at once (1000 at most), and how often for one list
LARGEST_NOTIFICATION = 256 * 1024
# What is kept of a paid invoice: no comment of the buyer's, no address.
EVIDENCE = (
    *("invoice_id", "status", "currency_type", "fiat", "asset", "amount", "payload", "created_at", "paid_at"),
    *("paid_asset", "paid_amount", "paid_fiat_rate", "paid_usd_rate", "fee_asset", "fee_amount", "fee_in_usd"),
    *("is_swapped", "swapped_to", "swapped_rate", "swapped_output", "swapped_usd_rate", "swapped_usd_amount"),
)
PLAIN = (str, int, float)
TOKEN = re.compile(r"[0-9]{1,18}:[!-~]{1,200}")
INVOICE_ID = re.compile(r"[1-9][0-9]{0,17}")


class CryptoPay(PaymentProvider):
    code = "cryptopay"
    capabilities = Capability.PAGE | Capability.FETCH | Capability.LIST | Capability.WEBHOOK

    def __init__(self, *, token: str, api_url: str, currency: str, expects_test: bool) -> None:
        """`api_url` is "https://pay.crypt.bot/api", `currency` the fiat that invoices are priced in. Coins of a testnet
        count only where `expects_test` is True, real ones only where it is not. Raises Misconfigured."""
        if not TOKEN.fullmatch(token):
            raise Misconfigured("a token of Crypto Pay is the number of the app, a colon and the secret")
        if currency not in FIATS:
            raise Misconfigured(f"invoices of Crypto Pay are priced in {', '.join(sorted(FIATS))}")
        self.merchant = token.partition(":")[0]
        self.currency, self.minimum = currency, Money(SMALLEST[currency], currency)
        self.expects_test = expects_test
        # Real coins move at one address only. What is not that address (the testnet, the sandbox on this machine, a
        # stranger) is a test, so that a mistake in the address can never turn play money into real money.
        self._test = urlsplit(api_url).hostname != MAINNET
        self._signing_key = hashlib.sha256(token.encode()).digest()
        self._api = CryptoPayApi(token, api_url)

    def request(self, order: Order) -> dict[str, Any]:
        return {
            "currency_type": "fiat",
            "fiat": order.amount.currency,
            "amount": str(order.amount),
            "description": order.description[:1024],
            "payload": str(order.key),
            "expires_in": LIFE,
            "paid_btn_name": "callback",  # says "Return"
            "paid_btn_url": order.return_url,
            "allow_comments": False,
            "allow_anonymous": False,
        }

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        invoice = self._api.post("createInvoice", request)
        if not isinstance(invoice, dict):
            return invoice
        seen = self._snapshot(invoice)
        if isinstance(seen, Snapshot) and seen.key != str(key):
            return Unknown("an answer about another attempt")
        if not isinstance(seen, Snapshot) or seen.status != "awaiting_user":
            return seen
        return NextAction(seen.external_id, seen.url) if seen.url else Unknown("an invoice without an address")

    def fetch(self, external_id: str) -> Outcome:
        if not INVOICE_ID.fullmatch(external_id):
            return Declined("not_found", retryable=False)
        invoices = self._invoices(invoice_ids=external_id)
        if not isinstance(invoices, list):
            return invoices
        for invoice in invoices:
            if invoice.get("invoice_id") == int(external_id):
                elsewhere = _in_no_currency_of_ours(invoice)
                return Declined("not_in_fiat", retryable=False) if elsewhere else self._snapshot(invoice)
        return Unknown("an answer about other invoices") if invoices else Declined("not_found", retryable=False)

    def operations(self, since: datetime, until: datetime) -> list[Snapshot]:
        """Invoices made in the span, as they are now. Those that are priced in coins, or in a currency our books do not
        know, are not Kiosk's and are left out."""
        found: dict[str, Snapshot] = {}
        for page in range(PAGES):
            invoices = self._invoices(offset=page * PAGE, count=PAGE)
            if not isinstance(invoices, list):
                raise TryLater(f"Crypto Pay gives no list: {invoices}")
            made = [_moment(invoice.get("created_at")) for invoice in invoices]
            for invoice, at in zip(invoices, made, strict=True):
                if at is None or (since <= at < until and not _in_no_currency_of_ours(invoice)):
                    seen = self._snapshot(invoice)
                    if at is None or not isinstance(seen, Snapshot):
                        raise TryLater(f"Crypto Pay lists what nobody can read: invoice {invoice.get('invoice_id')}")
                    found[seen.external_id] = seen  # a new invoice moves the pages: some come twice
            if len(invoices) < PAGE or _all_before(since, [at for at in made if at]):
                return list(found.values())
        raise TryLater(f"Crypto Pay has more than {PAGE * PAGES} invoices since {since:%Y-%m-%d %H:%M}")

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        payment = order.payment_external_id
        raise Unsupported(f"Crypto Pay gives nothing back by itself: for invoice {payment} coins are sent by hand")

    def read_notification(self, raw: RawNotice) -> Notice:
        """The signature is the hex HMAC-SHA256 of the body as it came, its key the SHA-256 digest of the token. What a
        signed one says is still asked about: it may be old. `update_id` is not unique, the invoice's id is."""
        given = raw.headers.get("crypto-pay-api-signature", "").encode(errors="replace")
        wanted = hmac.new(self._signing_key, raw.body, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(given, wanted):
            raise BadNotification("not signed by Crypto Pay")
        try:
            update = read_object(raw.body, limit=LARGEST_NOTIFICATION)
        except BadDocument as error:
            raise BadNotification(str(error)) from None
        if update.get("update_type") != "invoice_paid":
            raise BadNotification("not an update we know")
        invoice = update.get("payload")
        external_id = _external_id(invoice) if isinstance(invoice, dict) else None
        if not isinstance(invoice, dict) or external_id is None:
            raise BadNotification("names no invoice")
        body = {name: update.get(name) for name in ("update_id", "update_type", "request_date")}
        body["payload"] = {name: invoice[name] for name in EVIDENCE if isinstance(invoice.get(name), PLAIN)}
        return Notice(kind="invoice_paid", external_id=external_id, body=body, signed=True)

    def check(self) -> str:
        app = self._api.get("getMe")
        if isinstance(app, Declined):
            raise Misconfigured(f"Crypto Pay refuses: {app.code}")
        if not isinstance(app, dict):
            raise TryLater(f"Crypto Pay does not answer: {app}")
        if str(app.get("app_id")) != self.merchant:
            raise Misconfigured("the token belongs to another app than it says")
        if self._test != self.expects_test:
            raise Misconfigured(f"the address is {'a test' if self._test else 'the live'} one: wrong for this APP_ENV")
        return f"app {self.merchant} ({app.get('name')}) answers ({'test' if self._test else 'live'})"

    def close(self) -> None:
        self._api.close()

    def _invoices(self, **query: str | int) -> list[dict[str, Any]] | Declined | NotSent | Unknown:
        answer = self._api.get("getInvoices", query)
        if not isinstance(answer, dict):
            return answer
        items = answer.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            return Unknown("unreadable answer: no list of invoices")
        return items

    def _snapshot(self, invoice: Mapping[str, Any]) -> Snapshot | Unknown:
        """Reads the few fields we act upon and tolerates everything else. The fee is in coins: what it would be in our
        currency nobody says exactly."""
        try:
            status, external_id = STATUSES[invoice["status"]], _external_id(invoice)
            if external_id is None or invoice["currency_type"] != "fiat":
                return Unknown("unreadable answer: no invoice in fiat")
            payload = invoice.get("payload")
            return Snapshot(
                external_id=external_id,
                status=status,
                amount=Money.parse(invoice["amount"], invoice["fiat"]),
                key=payload if isinstance(payload, str) else None,
                merchant=self.merchant,
                test=self._test,
                reason="expired_on_confirmation" if status == "canceled" else None,
                url=_address(invoice.get("bot_invoice_url")),
                at=_moment(invoice.get("paid_at")) or _moment(invoice.get("created_at")),
            )
        except (KeyError, TypeError, BadAmount) as error:
            return Unknown(f"unreadable answer: {type(error).__name__}")


def _address(url: object) -> str | None:
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


def _external_id(invoice: Mapping[str, Any]) -> str | None:
    number = invoice.get("invoice_id")
    return str(number) if type(number) is int and INVOICE_ID.fullmatch(str(number)) else None


def _in_no_currency_of_ours(invoice: Mapping[str, Any]) -> bool:
    fiat = invoice.get("fiat")
    return invoice.get("currency_type") == "crypto" or (isinstance(fiat, str) and fiat not in FIATS)


def _all_before(since: datetime, made: list[datetime]) -> bool:
    """Nothing of the span can follow this page. The newest come first, which is seen rather than written anywhere; so
    it is believed only of a page that looks so."""
    return bool(made) and max(made) < since and made[0] > made[-1]


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
