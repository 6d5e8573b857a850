"""The official SDK's client (3.13), made safe for money and for threads.

As it comes, the SDK keeps its credentials in class attributes, has no timeouts, follows redirects, reads answers of any
size, guesses their encoding, would log the Authorization header, and turns every network failure into an
AttributeError. It also rewrites what it is given (amounts through a float, quantities into text, fields it does not
know left out); so its request models check our requests, and the stored request itself goes over the wire."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

import requests
import structlog
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError
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

from services.billing.providers.base import Declined, NotSent, Unknown

TIMEOUTS = (3.05, 10.0)  # seconds to connect, seconds between two bytes
LARGEST = 4 * 1024 * 1024  # bytes of an answer: a hundred payments are below 0.4 MB
REFUSED = (BadRequestError, UnauthorizedError, ForbiddenError, NotFoundError, GoneError)

Answer = dict[str, Any] | Declined | NotSent | Unknown

log = structlog.get_logger(__name__)


class Client(ApiClient):  # type: ignore[misc]  # the SDK is untyped
    """Connects one shop; threads may share it."""

    def __init__(self, shop_id: str, secret_key: str, api_url: str) -> None:
        self.configuration = cast(Configuration, _TlsOn())
        self.endpoint = api_url
        self.shop_id = shop_id
        self.shop_password = secret_key
        self.auth_token = None
        self.user_agent = UserAgent()
        self._session = _Kept()

    def ask(
        self,
        method: str,
        path: str,
        *,
        key: uuid.UUID | None = None,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, sent once. The answer's object, or what became of it; never raises."""
        headers = {"Idempotence-Key": str(key)} if key else None
        try:
            answer = self.request(method, path, query, headers, body)
        except REFUSED as error:
            return _refusal(method, path, error)
        except ApiError as error:
            # 429 is refused for certain, yet 202 and 5xx may have been carried out; asking again is right for all.
            return Unknown(type(error).__name__)
        except (requests.ConnectTimeout, NewConnectionError) as error:
            return NotSent(type(error).__name__)
        except requests.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            return (NotSent if isinstance(reason, NewConnectionError) else Unknown)(type(error).__name__)
        except (requests.RequestException, HTTPError, ValueError, RecursionError) as error:
            return Unknown(type(error).__name__)  # silence, or something that is not their JSON
        return answer if isinstance(answer, dict) else Unknown("the answer is not an object")

    def close(self) -> None:
        self._session.shut()

    def request(self, *arguments: Any) -> Any:
        """As the SDK's, but a network failure is raised as itself, not as the AttributeError it caused."""
        try:
            return super().request(*arguments)
        except AttributeError as error:
            cause = error.__context__
            if isinstance(cause, (requests.RequestException, HTTPError)):
                raise cause from None
            raise

    def get_session(self) -> requests.Session:
        return self._session

    def get_response_info(self, response: requests.Response) -> None:
        """Only for the log, which there is not."""

    def log_request(self, *about: Any) -> None:
        """Not to any logger that somebody gives the SDK: the headers hold the secret key."""

    log_response = log_request


class _Kept(requests.Session):
    """One for all calls and threads (only its connections are shared): the SDK's session for each call would mean a
    TLS handshake for each call. The SDK closes what it is given; this one is closed by `shut`."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=16))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = super().send(request, **(options | {"timeout": TIMEOUTS, "stream": True}))
        whole = response.raw.read(LARGEST + 1, decode_content=True)
        if len(whole) > LARGEST:
            response.close()
            raise requests.RequestException("the answer is too large")
        response.raw = BytesIO(whole)
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: credentials and money are for one address."""

    def close(self) -> None:
        pass

    def shut(self) -> None:
        super().close()


class _TlsOn:
    """The one field of the SDK's configuration that its client reads in `execute`."""

    verify = True


def _refusal(method: str, path: str, error: ApiError) -> Declined | Unknown:
    """Declined, when it is YooKassa that speaks and not some proxy on the way."""
    content = error.content if isinstance(error.content, dict) else {}
    code = content.get("code")
    if not isinstance(code, str) or not code:
        return Unknown(f"{type(error).__name__} without a code")
    if not isinstance(error, NotFoundError):
        log.warning("yookassa_refused", method=method, path=path, code=code, parameter=content.get("parameter"))
    return Declined(code[:100], retryable=False)
