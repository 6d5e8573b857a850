"""YooKassa API v3 by its official SDK (source: yookassa.ru/developers, OpenAPI file of 2026-04; SDK 3.13).

The SDK keeps its credentials in class attributes, has no timeouts, and turns every network failure into an
AttributeError. `_Client` is the SDK's own client with those three taken out. Amounts stay exact: the SDK formats them
through a float, which is harmless for two digits below 10^13."""

from __future__ import annotations

import uuid
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from yookassa.client import ApiClient
from yookassa.configuration import Configuration
from yookassa.domain.common import UserAgent
from yookassa.domain.exceptions import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    UnauthorizedError,
)
from yookassa.domain.request import PaymentRequest

from services.billing.providers.base import (
    BadNotification,
    Declined,
    NextAction,
    Notice,
    NotSent,
    Outcome,
    Snapshot,
    Unknown,
)
from services.platform.documents import BadDocument, read_object
from services.platform.errors import Misconfigured, TryLater
from services.platform.money import BadAmount, Money

TIMEOUTS = (3.05, 10.0)  # seconds to connect, seconds between two bytes
STATUSES = {
    "pending": "awaiting_user",
    "waiting_for_capture": "authorized",
    "succeeded": "succeeded",
    "canceled": "canceled",
}
REFUSED = (BadRequestError, UnauthorizedError, ForbiddenError, NotFoundError, GoneError)
EVENTS = ("payment.waiting_for_capture", "payment.succeeded", "payment.canceled", "refund.succeeded")
LARGEST_NOTIFICATION = 256 * 1024


class YooKassa:
    code = "yookassa"
    currency = "RUB"

    def __init__(self, *, shop_id: str, secret_key: str, api_url: str, expects_test: bool) -> None:
        """`expects_test`: payments of a test shop count only where this is True, real ones only where it is not."""
        self.merchant = shop_id
        self.expects_test = expects_test
        self._client = _Client(shop_id, secret_key, api_url)

    def request(self, *, key: uuid.UUID, amount: Money, description: str, return_url: str) -> dict[str, Any]:
        return {
            "amount": {"value": str(amount), "currency": amount.currency},
            "capture": True,  # the default is to hold the money and lose it after a week
            "confirmation": {"type": "redirect", "return_url": return_url},
            "description": description[:128],
            "metadata": {"attempt": str(key)},
        }

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        outcome = self._call("POST", "/payments", key=key, body=PaymentRequest(request))
        return _read(outcome) if isinstance(outcome, dict) else outcome

    def fetch(self, external_id: str) -> Outcome:
        outcome = self._call("GET", f"/payments/{external_id}")
        return _snapshot(outcome) if isinstance(outcome, dict) else outcome

    def read_notification(self, body: bytes) -> Notice:
        try:
            document = read_object(body, limit=LARGEST_NOTIFICATION)
        except BadDocument as error:
            raise BadNotification(str(error)) from None
        if document.get("event") not in EVENTS:
            raise BadNotification("not an event we know")
        thing = document.get("object")
        external_id = thing.get("id") if isinstance(thing, dict) else None
        if not isinstance(external_id, str) or not 1 <= len(external_id) <= 64 or not external_id.isprintable():
            raise BadNotification("names no object")
        return Notice(kind=document["event"], external_id=external_id, body=document)

    def check(self) -> str:
        outcome = self._call("GET", "/me")
        if isinstance(outcome, Declined):
            raise Misconfigured(f"YooKassa refuses: {outcome.code}")
        if not isinstance(outcome, dict):
            raise TryLater(f"YooKassa does not answer: {outcome}")
        test = outcome.get("test") is True
        if test != self.expects_test:
            raise Misconfigured(f"the shop is {'a test' if test else 'a live'} shop: wrong for this APP_ENV")
        if outcome.get("status") != "enabled":
            raise Misconfigured("the shop is not enabled")
        return f"shop {self.merchant} is enabled ({'test' if test else 'live'})"

    def close(self) -> None:
        self._client.session.shut()

    def _call(
        self, method: str, path: str, *, key: uuid.UUID | None = None, body: PaymentRequest | None = None
    ) -> dict[str, Any] | Declined | NotSent | Unknown:
        headers = {"Idempotence-Key": str(key)} if key else None
        try:
            answer = self._client.request(method, path, None, headers, body)
        except REFUSED as error:
            content = error.content if isinstance(error.content, dict) else {}
            return Declined(str(content.get("code") or type(error).__name__), retryable=False)
        except ApiError as error:
            # 429 is refused for certain, yet 202 and 5xx may have been carried out; asking again is right for all.
            return Unknown(type(error).__name__)
        except (requests.ConnectTimeout, NewConnectionError) as error:
            return NotSent(type(error).__name__)
        except requests.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            return (NotSent if isinstance(reason, NewConnectionError) else Unknown)(type(error).__name__)
        except (requests.RequestException, ValueError) as error:  # silence, or a page instead of JSON
            return Unknown(type(error).__name__)
        return answer if isinstance(answer, dict) else Unknown("the answer is not an object")


class _Client(ApiClient):  # type: ignore[misc]  # the SDK is untyped
    def __init__(self, shop_id: str, secret_key: str, api_url: str) -> None:
        self.configuration = cast(Configuration, _TlsOn())
        self.endpoint = api_url
        self.shop_id = shop_id
        self.shop_password = secret_key
        self.auth_token = None
        self.user_agent = UserAgent()

        self.session = _Kept()

    def get_session(self) -> requests.Session:
        return self.session

    def request(self, *arguments: Any) -> Any:
        """As the SDK's, but a network failure is raised as itself, not as the AttributeError it caused."""
        try:
            return super().request(*arguments)
        except AttributeError as error:
            cause = error.__context__
            if isinstance(cause, requests.RequestException):
                raise cause from None
            raise


class _Kept(requests.Session):
    """One for all calls and threads (only its connection pool is shared): the SDK's session for each call would mean a
    TLS handshake for each call. The SDK closes what it is given; this one is closed by `shut`."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Bounded(max_retries=0, pool_maxsize=16))

    def close(self) -> None:
        pass

    def shut(self) -> None:
        super().close()


class _TlsOn:
    """The one field of the SDK's configuration that its client reads in `execute`."""

    verify = True


class _Bounded(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = TIMEOUTS
        return super().send(request, *args, **options)


def _read(payment: dict[str, Any]) -> Outcome:
    """A fresh payment: NextAction while it waits for the buyer, else what became of it."""
    snapshot = _snapshot(payment)
    confirmation = payment.get("confirmation")
    url = confirmation.get("confirmation_url") if isinstance(confirmation, dict) else None
    if isinstance(snapshot, Snapshot) and snapshot.status == "awaiting_user" and isinstance(url, str):
        return NextAction(snapshot.external_id, url)
    return snapshot


def _snapshot(payment: dict[str, Any]) -> Snapshot | Unknown:
    """Reads the few fields we act upon and tolerates everything else; real answers differ from the published schema."""
    try:
        status = STATUSES[payment["status"]]
        if status == "succeeded" and payment.get("paid") is not True:
            return Unknown("succeeded but not paid")
        details = payment.get("cancellation_details")
        return Snapshot(
            external_id=str(payment["id"]),
            status=status,
            amount=Money.parse(payment["amount"]["value"], payment["amount"]["currency"]),
            key=(payment.get("metadata") or {}).get("attempt"),
            merchant=str(payment["recipient"]["account_id"]),
            test=payment.get("test") is True,
            reason=str(details.get("reason") or "") if isinstance(details, dict) else None,
        )
    except (KeyError, TypeError, AttributeError, BadAmount) as error:
        return Unknown(f"unreadable answer: {type(error).__name__}")
