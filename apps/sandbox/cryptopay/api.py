"""The API as an app sees it (help.crypt.bot/crypto-pay-api, version 1.5.1): authorization, errors, faults on order."""

import json
import secrets
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.sandbox import faults
from apps.sandbox.cryptopay import assets, rules
from apps.sandbox.cryptopay.invoices import Invoices, NotFound
from apps.sandbox.cryptopay.rules import Invalid

# How Crypto Pay itself would say what these faults say; the other faults are not JSON.
_SAID = {"429": (429, "TOO_MANY_REQUESTS"), "500": (500, "INTERNAL_ERROR"), "500_after": (500, "INTERNAL_ERROR")}


class Api:
    """Answers requests under /api. `log` and `problems` keep the last thousand requests and refused requests."""

    def __init__(self, invoices: Invoices, now: Callable[[], datetime], token: str) -> None:
        self._invoices, self._now, self._token = invoices, now, token
        self.app = {"app_id": int(token.partition(":")[0]), "name": "Kiosk"}
        self.faults = faults.Faults()
        self.log: deque[dict[str, Any]] = deque(maxlen=1000)
        self.problems: deque[dict[str, Any]] = deque(maxlen=1000)

    async def handle(self, request: Request) -> Response:
        """One request under /api, with the fault it may have to meet."""
        path, raw = f"/api/{request.path_params['method']}", await request.body()
        entry: dict[str, Any] = {
            "at": self._now().isoformat(),
            "method": request.method,
            "path": path,
            "query": dict(request.query_params),
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
            said = _SAID.get(fault.mode)
            response = _error(*said) if said else await faults.strike(fault, true)
        entry["status"] = None if isinstance(response, faults.NoAnswer) else response.status_code
        return response

    def _answer(self, request: Request, raw: bytes, entry: dict[str, Any]) -> Response:
        try:
            return JSONResponse({"ok": True, "result": self._route(request, raw)})
        except Invalid as problem:
            status, name, description = 400, problem.name, str(problem)
        except NotFound as missing:
            status, name, description = 400, "INVOICE_NOT_FOUND", f"there is no invoice {missing}"
        except _Refused as refused:
            status, name, description = refused.status, refused.name, str(refused)
        self.problems.append(entry | {"status": status, "name": name, "description": description})
        return _error(status, name)

    def _route(self, request: Request, raw: bytes) -> Any:
        given = request.headers.get("Crypto-Pay-API-Token", "")
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            raise _Refused(401, "UNAUTHORIZED", "not the token of this app")
        parameters = _parameters(request, raw)
        match request.path_params["method"]:
            case "getMe":
                rules.check_nothing(parameters)
                return self.app | {"payment_processing_bot_username": "CryptoTestnetBot"}
            case "createInvoice":
                if request.method != "POST":
                    raise _Refused(405, "METHOD_NOT_ALLOWED", "what makes something is posted here")
                rules.check_invoice(parameters)
                return self._invoices.create(parameters, f"{_root(request)}/pay")
            case "getInvoices":
                rules.check_list(parameters)
                return {"items": self._invoices.select(parameters)}
            case "deleteInvoice":
                rules.check_deletion(parameters)
                self._invoices.delete(parameters["invoice_id"])
                return True
            case "getBalance":
                rules.check_nothing(parameters)
                return self._invoices.balance()
            case "getExchangeRates":
                rules.check_nothing(parameters)
                return assets.exchange_rates()
        raise _Refused(405, "METHOD_NOT_FOUND", "the sandbox has no such method")


class _Refused(Exception):
    """An error which is not about one parameter."""

    def __init__(self, status: int, name: str, description: str) -> None:
        super().__init__(description)
        self.status, self.name = status, name


def _error(status: int, name: str) -> JSONResponse:
    return JSONResponse({"ok": False, "error": {"code": status, "name": name}}, status)


def _parameters(request: Request, raw: bytes) -> Any:
    if request.method == "GET":
        return dict(request.query_params)
    if request.method != "POST":
        raise _Refused(405, "METHOD_NOT_ALLOWED", "GET or POST")
    if not raw:
        return {}
    if request.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
        raise _Refused(400, "CONTENT_TYPE_INVALID", "the sandbox reads application/json only")
    try:
        return json.loads(raw)
    except ValueError:
        raise _Refused(400, "BODY_INVALID", "the body is not JSON") from None


def _readable(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


def _root(request: Request) -> str:
    """The address of this application as the caller sees it, without a slash at the end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
