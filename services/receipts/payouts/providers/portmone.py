"""Topping up mobile phones by PortmoneDirect. UNVERIFIED: its contract is known in parts only (method bills.create,
form in, XML out), and was never tried against the real thing. Its documentation speaks of bills.pay after bills.create,
of which no parameters are public; who has a contract must try one small payment first. Off without PORTMONE_LOGIN.

There is no idempotency key: two calls are two payments. So only what surely did not leave is NotSent; all that is not a
clear answer is Unknown."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx

from services.platform.money import BadAmount, Money
from services.platform.tls import trusted
from services.receipts.payouts.providers.base import (
    Capability,
    News,
    NotSent,
    Order,
    Paid,
    PayoutProvider,
    Refused,
    Unknown,
)
from services.receipts.payouts.providers.rsp import Unreadable, read_rsp

TIMEOUTS = httpx.Timeout(20.0, connect=5.0)  # seconds between two bytes, seconds to connect
WHOLE = 45.0  # seconds for an answer that drips; below pay.LEASE
LARGEST_ANSWER = 64 * 1024
# Before the first byte could leave: no address, nobody listens, no TLS.
UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
ANY = "*"
COMMENT = "Kiosk "  # before our reference


class PortmonePayouts(PayoutProvider):
    """`payee_ids` maps the two digits behind 380 to Portmone's number of that operator; "*" is for all others. (People
    keep their number when they change operators: what those digits say may be wrong, and Portmone then refuses.)"""

    name = "portmone"
    capabilities = Capability.PHONE | Capability.CALLBACK
    currencies = frozenset({"UAH"})

    def __init__(
        self, *, url: str, login: str, password: str, payee_ids: Mapping[str, str], timeouts: httpx.Timeout = TIMEOUTS
    ) -> None:
        self._url, self._login, self._password, self._payee_ids = url, login, password, dict(payee_ids)
        # A connection for each call: of a kept one that is dead nobody can tell whether a request got through.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(verify=trusted(), trust_env=False, timeout=timeouts, limits=limits)

    def pay(self, order: Order) -> Paid:
        phone = order.phone or ""
        payee_id = self._payee_ids.get(phone[3:5]) or self._payee_ids.get(ANY)
        if not phone or payee_id is None:
            raise Refused("operator_not_served")
        form = {
            "method": "bills.create",
            "login": self._login,
            "password": self._password,
            "version": "2",
            "lang": "uk",
            "payeeId": payee_id,
            "contractNumber": phone,
            "amount": str(order.amount),
            "currency": order.amount.currency,
            "comment": f"{COMMENT}{order.reference}",
        }
        try:
            answer = read_rsp(self._send(form))
        except Unreadable as error:
            raise Unknown(f"unreadable: {error}") from None
        if not answer.is_ok:
            raise Refused(answer.code)
        if answer.bill_id is None:
            raise Unknown("no billId")
        return Paid(answer.bill_id)

    def read_callback(self, body: bytes) -> News:
        """An <rsp> like its answers, whose <bill> names the bill and, where it gives them back, our comment and the
        amount (unverified, as all of it). Raises BadCallback."""
        rsp = read_rsp(body)
        if rsp.bill_id is None:
            raise Unreadable("no billId")
        written = rsp.texts.get("bill/amount")
        try:
            amount = Money.parse(written, rsp.texts.get("bill/currency", "UAH")) if written else None
        except BadAmount:
            raise Unreadable("amount") from None
        return News(rsp.bill_id, rsp.is_ok, rsp.texts.get("bill/comment"), amount, rsp.code)

    def check(self) -> str:
        host = httpx.URL(self._url).host
        return f"top-ups by {host}, {len(self._payee_ids)} operators; its contract is unverified: docs/payouts.md"

    def close(self) -> None:
        self._http.close()

    def _send(self, form: Mapping[str, str]) -> bytes:
        """The body of an answer below 500. Errors name their kind alone: those of the library may quote a request."""
        body, end = bytearray(), time.monotonic() + WHOLE
        try:
            with self._http.stream("POST", self._url, data=form) as answer:
                status = answer.status_code
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER or time.monotonic() > end:
                        raise Unknown("the answer has no end")
        except UNREACHED as error:
            raise NotSent(f"portmone: {type(error).__name__}") from None
        except httpx.HTTPError as error:  # silence, or a cut after the request had left
            raise Unknown(type(error).__name__) from None
        if status >= 500 or status in (408, 429) or 300 <= status < 400:
            raise Unknown(f"status {status}")
        return bytes(body)
