"""The API as a shop sees it (YooKassa API v3): authorization, idempotence, errors, faults on order."""

import hashlib
import json
import secrets
import uuid
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.sandbox import faults
from apps.sandbox.shelf import Shelf
from apps.sandbox.yookassa import listing, rules
from apps.sandbox.yookassa.rules import Invalid
from apps.sandbox.yookassa.shop import NotFound, Shop

KEY_LIFE = timedelta(hours=24)


class Api:
    """Answers requests under /v3. `log` and `problems` keep the last thousand requests and refused requests."""

    def __init__(self, shop: Shop, keys: Shelf, now: Callable[[], datetime], *, shop_id: str, secret_key: str) -> None:
        self._shop, self._keys, self._now, self._shop_id = shop, keys, now, shop_id
        self._authorization = "Basic " + b64encode(f"{shop_id}:{secret_key}".encode()).decode()
        self.faults = faults.Faults()
        self.log: deque[dict[str, Any]] = deque(maxlen=1000)
        self.problems: deque[dict[str, Any]] = deque(maxlen=1000)

    async def handle(self, request: Request) -> Response:
        """One request under /v3, with the fault it may have to meet."""
        path, raw = f"/v3/{request.path_params['path']}", await request.body()
        entry: dict[str, Any] = {
            "at": self._now().isoformat(),
            "method": request.method,
            "path": path,
            "query": dict(request.query_params),
            "key": request.headers.get("Idempotence-Key"),
            "body": _readable(raw),
            "status": None,
            "fault": None,
        }
        self.log.append(entry)
        fault = self.faults.take(request.method, path)
        entry["fault"] = fault and fault.mode
        if fault is None:
            response = self._answer(request, raw, entry)
        else:
            true = self._answer(request, raw, entry) if fault.mode in faults.AFTER else None
            response = await faults.strike(fault, true)
        entry["status"] = None if isinstance(response, faults.NoAnswer) else response.status_code
        return response

    def _answer(self, request: Request, raw: bytes, entry: dict[str, Any]) -> Response:
        try:
            return JSONResponse(self._route(request, raw))
        except Invalid as problem:
            status, code = 400, "invalid_request"
            error = {"description": problem.description, "parameter": problem.parameter}
        except NotFound:
            status, code = 404, "not_found"
            error = {"description": "Entity with specified id doesn't exist. Please check the id and try again"}
        except _Refused as refused:
            status, code = refused.status, refused.code
            error = {"description": str(refused)}
        if status != 404:
            self.problems.append(entry | {"status": status} | error)
        return JSONResponse({"type": "error", "id": str(uuid.uuid4()), "code": code} | error, status)

    def _route(self, request: Request, raw: bytes) -> dict[str, Any]:
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), self._authorization.encode()):
            raise _Refused(401, "invalid_credentials", "Authentication by given credentials failed")
        path, query = request.path_params["path"].split("/"), request.query_params
        match request.method, path:
            case "GET", ["me"]:
                return self._me()
            case "GET", ["payments"]:
                return listing.select(self._shop.payments(), query, {"status", "payment_method"})
            case "GET", ["payments", payment_id]:
                return self._shop.payment(payment_id)
            case "GET", ["refunds"]:
                return listing.select(self._shop.refunds(), query, {"status", "payment_id"})
            case "GET", ["refunds", refund_id]:
                return self._shop.refund(refund_id)
            case "POST", ["payments" | "refunds", *_]:
                return self._once(request, _body(request, raw))
            case _, ["me"] | ["payments" | "refunds", *_]:
                raise _Refused(405, "method_not_allowed", "Method is not allowed")
        raise NotFound(request.url.path)

    def _once(self, request: Request, body: Any) -> dict[str, Any]:
        """Do what the request asks for, unless its key was used in the last 24 hours: then show what came of it."""
        key = request.headers.get("Idempotence-Key", "")
        if not rules.KEY.fullmatch(key):
            raise Invalid("Idempotence-Key", "Must be given: 1 to 64 characters")
        path = request.path_params["path"]
        mark = hashlib.sha256(f"{path}\n{json.dumps(body, sort_keys=True)}".encode()).hexdigest()
        used = self._keys.get(key)
        if used and self._now() < datetime.fromisoformat(used["at"]) + KEY_LIFE:
            if used["mark"] != mark:
                raise Invalid("Idempotence-Key", "Idempotence key duplicated: it was used with another request")
            found = self._shop.refund if path.startswith("refunds") else self._shop.payment
            return found(used["id"])
        done = self._do(path.split("/"), body, f"{_root(request)}/pay")
        self._keys.put(key, {"at": self._now().isoformat(), "mark": mark, "id": done["id"]})
        return done

    def _do(self, path: list[str], body: Any, pay_page: str) -> dict[str, Any]:
        match path:
            case ["payments"]:
                rules.check_payment(body)
                return self._shop.create_payment(body, pay_page)
            case ["payments", payment_id, "capture"]:
                rules.check_capture(body)
                return self._shop.capture(payment_id, body)
            case ["payments", payment_id, "cancel"]:
                rules.check_cancel(body)
                return self._shop.cancel(payment_id)
            case ["refunds"]:
                rules.check_refund(body)
                return self._shop.create_refund(body)
        raise NotFound("/".join(path))

    def _me(self) -> dict[str, Any]:
        return {
            "account_id": self._shop_id,
            "status": "enabled",
            "test": True,
            "fiscalization": {"enabled": True, "provider": "yoo_receipt"},
            "fiscalization_enabled": True,
            "payment_methods": ["bank_card"],
            "itn": "7707083893",
        }


class _Refused(Exception):
    """An error which is not about one field of the request."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status, self.code = status, code


def _body(request: Request, raw: bytes) -> Any:
    if not raw:
        return {}
    if request.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
        raise _Refused(415, "unsupported_media_type", "Content-Type must be application/json")
    try:
        return json.loads(raw)
    except ValueError:
        raise Invalid("body", "Is not JSON") from None


def _readable(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


def _root(request: Request) -> str:
    """The address of this application as the caller sees it, without a slash at the end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
