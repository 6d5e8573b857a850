"""Robokassa as a provider.

A payment begins with a signed link, without asking anybody: Robokassa hears of it when the buyer opens it. It is proved
by the signed notice on ResultURL; OpStateExt tells of it too, but of live payments only, and not how payments of a test
shop went. There is no listing and no idempotency key. SuccessURL and FailURL, set in the shop's cabinet, only bring the
buyer back. Money is never held: StepByStep is left alone."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote, urlencode

from services.billing.providers.base import (
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
    RefundOutcome,
    Snapshot,
    Unknown,
    Unsupported,
)
from services.billing.providers.robokassa import operation as states
from services.billing.providers.robokassa.notice import is_number, proof, read_notice
from services.billing.providers.robokassa.operation import Operation, Unreadable, read_operation
from services.billing.providers.robokassa.receipt import plain, receipt_json
from services.billing.providers.robokassa.refund import read_created, read_state, refund_document, refund_token
from services.billing.providers.robokassa.signature import Signer, signed
from services.billing.providers.robokassa.wire import Wire, rubles
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import Money

RIGHT = (states.DONE, states.NO_OPERATION, states.SEVERAL)  # the credentials were accepted
DESCRIPTION_LENGTH = 100


class Robokassa(PaymentProvider):
    code = "robokassa"
    currency = "RUB"
    minimum = Money(100, "RUB")

    def __init__(
        self,
        *,
        login: str,
        password1: str,
        password2: str,
        password3: str | None,
        hash_name: str,
        is_test: bool,
        expects_test: bool,
        pay_url: str,
        services_url: str,
    ) -> None:
        """`hash_name` is the one set in the cabinet: MD5, SHA1, RIPEMD160, SHA256, SHA384 or SHA512. `is_test`: the
        passwords 1 and 2 are the test ones, and links ask for a test payment. `password3` allows refunds. `pay_url` and
        `services_url` are roots, "https://auth.robokassa.ru" and the like. Raises Misconfigured."""
        if not (login and password1 and password2):
            raise Misconfigured("Robokassa needs a login and two passwords")
        self.merchant = login
        self.expects_test = expects_test
        self.capabilities = Capability.PAGE | Capability.LINK | Capability.WEBHOOK
        self.capabilities |= Capability.SAVED_METHOD | Capability.FISCAL
        if not is_test:
            self.capabilities |= Capability.FETCH
            if password3:
                self.capabilities |= Capability.REFUND | Capability.PARTIAL_REFUND
        self._signer = Signer(hash_name)
        self._password1, self._password2, self._password3 = password1, password2, password3
        self._is_test = is_test
        self._merchant_url = f"{pay_url.rstrip('/')}/Merchant"
        self._refund_url = f"{services_url.rstrip('/')}/RefundService/Refund"
        self._wire = Wire()

    def request(self, order: Order) -> dict[str, Any]:
        """The fields without their signature: a password is never stored. Raises Misconfigured for a receipt that
        Robokassa has no words for."""
        number = str(order.number)
        fields = {
            "MerchantLogin": self.merchant,
            "OutSum": str(order.amount),
            "InvoiceID" if order.method else "InvId": number,
            "Description": plain(order.description, DESCRIPTION_LENGTH) or number,
            "Shp_attempt": str(order.key),
        }
        if order.method:
            fields["PreviousInvoiceID"] = order.method
        else:
            fields["Culture"] = "ru"
        if order.save and not order.method:
            fields |= {"Recurring": "true", "Shp_save": "1"}
        if order.receipt is not None:
            fields["Receipt"] = receipt_json(order.receipt)
        if self._is_test:
            fields["IsTest"] = "1"
        return fields

    def known_id(self, request: dict[str, Any]) -> str | None:
        """Of a charge of a remembered card: sent once, then asked about."""
        return request.get("InvoiceID")

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        """A link to the pay page, or a repeated charge."""
        fields = self._signed(request)
        if "PreviousInvoiceID" in request:
            return self._repeat(fields, request, key)
        url = f"{self._merchant_url}/Index.aspx?{urlencode(fields, quote_via=quote, safe='')}"
        return NextAction(request["InvId"], url)

    def fetch(self, external_id: str) -> Outcome:
        """Declined as not found is also a payment whose link nobody has opened yet."""
        if self._is_test:
            raise Unsupported("Robokassa tells nothing about test payments")
        if not is_number(external_id):
            return Declined("not_found", retryable=False)
        found = self._ask(external_id)
        if not isinstance(found, Operation):
            return found
        if found.result == states.NO_OPERATION:
            return Declined("not_found", retryable=True)
        if found.result != states.DONE:
            return Unknown(f"OpStateExt answers {found.result}")
        return found.snapshot(external_id, self.merchant)

    def refund_request(self, order: RefundOrder) -> dict[str, Any]:
        if not self.capabilities & Capability.REFUND:
            raise Unsupported("Robokassa refunds live payments only, and only with password 3")
        return refund_document(order)

    def refund(self, request: dict[str, Any], key: uuid.UUID) -> RefundOutcome:  # noqa: ARG002  # no place for it
        """Asks for the operation's key first: until that is known nothing is sent. Robokassa knows no key of ours: the
        same refund sent again is a second refund."""
        if not self._password3:
            raise Unsupported("Robokassa refunds only with password 3")
        found = self._ask(request["InvoiceID"])
        if not isinstance(found, Operation):
            return NotSent(f"OpStateExt: {found.error}")
        if found.result != states.DONE and found.result != states.NO_OPERATION:
            return NotSent(f"OpStateExt answers {found.result}")
        if found.state != 100:
            return Declined("not_paid", retryable=False)
        operation_key = found.texts.get("Info/OpKey")
        if not operation_key:
            return NotSent("OpStateExt gives no OpKey")
        token = refund_token(request, operation_key, self._password3, self._signer.hash_name)
        answer = self._wire.send("POST", f"{self._refund_url}/Create", json=token)
        return read_created(*answer, request) if isinstance(answer, tuple) else answer

    def fetch_refund(self, external_id: str) -> RefundOutcome:
        answer = self._wire.send("GET", f"{self._refund_url}/GetState", params={"id": external_id})
        return read_state(*answer, external_id) if isinstance(answer, tuple) else answer

    def read_notification(self, raw: RawNotice) -> Notice:
        return read_notice(raw, self._signer, self._password2)

    def evidence(self, kind: str, body: dict[str, Any]) -> Snapshot | None:
        return proof(body, merchant=self.merchant, test=self._is_test) if kind == "result" else None

    def check(self) -> str:
        """Asks about invoice 1, which need not exist. Test passwords, and password 1 at all, only a pay page tries."""
        if self._is_test != self.expects_test:
            raise Misconfigured(f"{'test' if self._is_test else 'live'} payments: wrong for this APP_ENV")
        if self._is_test:
            return f"shop {self.merchant} (test): only a test payment shows whether the passwords are right"
        found = self._ask("1")
        if not isinstance(found, Operation):
            raise TryLater(f"Robokassa does not answer: {found.error}")
        if found.result == states.WRONG_SIGNATURE:
            raise Misconfigured("Robokassa refuses the signature: password 2 or the hash is wrong")
        if found.result == states.NO_SHOP:
            raise Misconfigured("Robokassa knows no such login, or the shop is not active")
        if found.result not in RIGHT:
            raise TryLater(f"Robokassa answers {found.result}")
        return f"shop {self.merchant} answers (live); password 1 is tried by the first pay page"

    def close(self) -> None:
        self._wire.close()

    def _signed(self, request: dict[str, Any]) -> dict[str, str]:
        """With the signature. The receipt is url-encoded once before it is signed, and again on its way."""
        fields = {str(name): str(value) for name, value in request.items()}
        receipt = []
        if "Receipt" in fields:
            fields["Receipt"] = quote(fields["Receipt"], safe="")
            receipt = [fields["Receipt"]]
        number = fields.get("InvId") or fields["InvoiceID"]
        values = (fields["MerchantLogin"], fields["OutSum"], number, *receipt, self._password1, *signed(fields))
        return fields | {"SignatureValue": self._signer.sign(*values)}

    def _repeat(self, fields: dict[str, str], request: dict[str, Any], key: uuid.UUID) -> Outcome:
        """ "OK<number>" means accepted, not paid. Where the answer is lost, the operation may tell, by giving the
        attempt's key back. The number alone proves nothing: another site of the same shop may have used it."""
        outcome = self._accepted(self._wire.send("POST", f"{self._merchant_url}/Recurring", data=fields), request, key)
        if isinstance(outcome, Unknown) and not self._is_test:
            found = self.fetch(request["InvoiceID"])
            if isinstance(found, Snapshot) and found.key == str(key):
                return found
        return outcome

    def _accepted(
        self, answer: tuple[int, bytes] | NotSent | Unknown, request: dict[str, Any], key: uuid.UUID
    ) -> Outcome:
        if not isinstance(answer, tuple):
            return answer
        status, number = answer[0], request["InvoiceID"]
        text = answer[1].decode(errors="replace").strip()
        if status == 200 and text.upper() == f"OK{number}":
            amount = rubles(request["OutSum"])
            return Snapshot(number, "awaiting_user", amount, str(key), self.merchant, test=self._is_test)
        if 400 <= status < 500:
            return Declined(f"http_{status}", retryable=False)
        if status == 200 and text.upper().startswith("ERROR"):
            return Declined(" ".join(text.split())[:64], retryable=False)
        return Unknown(f"unreadable answer, status {status}")

    def _ask(self, number: str) -> Operation | NotSent | Unknown:
        """By POST: a signature is not for logs of addresses."""
        signature = self._signer.sign(self.merchant, number, self._password2)
        asked = {"MerchantLogin": self.merchant, "InvoiceID": number, "Signature": signature}
        answer = self._wire.send("POST", f"{self._merchant_url}/WebService/Service.asmx/OpStateExt", data=asked)
        if not isinstance(answer, tuple):
            return answer
        status, body = answer
        if status != 200:
            return Unknown(f"status {status}")
        try:
            return read_operation(body)
        except Unreadable as error:
            return Unknown(f"unreadable answer: {error}")
