"""Robokassa as a shop's server and a buyer's browser reach it: links, OpStateExt, Recurring, the refund service."""

import json
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from apps.sandbox import faults
from apps.sandbox.robokassa import pay_page
from apps.sandbox.robokassa.rules import read_form
from apps.sandbox.robokassa.shop import Cabinet, Refused
from apps.sandbox.robokassa.till import NotFound, Till, fee

NAMESPACE = "http://merchant.roboxchange.com/WebService/"
MOSCOW = timezone(timedelta(hours=3))
SECRETS = {"SignatureValue", "Signature"}
STATE = "/Merchant/WebService/Service.asmx/OpStateExt"


class Api:
    """Answers what is under /Merchant and /RefundService. `log` and `problems` keep the last thousand requests and
    refused requests."""

    def __init__(self, till: Till, cabinet: Cabinet, now: Callable[[], datetime]) -> None:
        self._till, self._cabinet, self._now = till, cabinet, now
        self.faults = faults.Faults()
        self.log: deque[dict[str, Any]] = deque(maxlen=1000)
        self.problems: deque[dict[str, Any]] = deque(maxlen=1000)

    def routes(self) -> list[Route]:
        return [
            Route("/Merchant/{path:path}", self.handle, methods=["GET", "POST"]),
            Route("/RefundService/{path:path}", self.handle, methods=["GET", "POST"]),
        ]

    async def handle(self, request: Request) -> Response:
        """One request, with the fault it may have to meet."""
        root = request.scope.get("root_path", "")
        path, raw = request.url.path.removeprefix(root), await request.body()
        entry: dict[str, Any] = {"at": self._now().isoformat(), "method": request.method, "path": path, "fields": {}}
        entry |= {"status": None, "fault": None}
        self.log.append(entry)
        fault = self.faults.take(request.method, path)
        entry["fault"] = fault and fault.mode
        if fault is None:
            response = self._answer(request, path, raw, entry)
        else:
            true = self._answer(request, path, raw, entry) if fault.mode in faults.AFTER else None
            response = await faults.strike(fault, true)
        entry["status"] = None if isinstance(response, faults.NoAnswer) else response.status_code
        return response

    def _answer(self, request: Request, path: str, raw: bytes, entry: dict[str, Any]) -> Response:
        text = raw.decode(errors="replace") if request.method == "POST" else str(request.url.query)
        match request.method, path:
            case _, "/Merchant/Index.aspx":
                return self._link(text, entry)
            case _, path if path == STATE:
                return self._state(text, entry)
            case "POST", "/Merchant/Recurring":
                return self._repeat(text, entry)
            case "POST", "/RefundService/Refund/Create":
                return self._refund(request, raw, entry)
            case "GET", "/RefundService/Refund/GetState":
                return self._refund_state(text, entry)
        self._problem(entry, Refused("path", "There is nothing here"))
        return PlainTextResponse("Not Found", 404)

    def _link(self, text: str, entry: dict[str, Any]) -> Response:
        try:
            fields = _logged(read_form(text), entry)
            return RedirectResponse(f"../pay/{self._till.open(fields)}", 303)
        except Refused as refused:
            self._problem(entry, refused)
            return pay_page.refusal(refused)

    def _repeat(self, text: str, entry: dict[str, Any]) -> Response:
        try:
            return PlainTextResponse(f"OK{self._till.repeat(_logged(read_form(text), entry))}")
        except Refused as refused:
            self._problem(entry, refused)
            return PlainTextResponse(f"ERROR: {refused}")

    def _state(self, text: str, entry: dict[str, Any]) -> Response:
        try:
            fields = _logged(read_form(text), entry)
            number = fields.get("InvoiceID", "")
            if fields.get("MerchantLogin") != self._cabinet.login:
                raise Refused("MerchantLogin", "There is no such shop")
            if not self._cabinet.knows(number, fields.get("Signature", "")):
                raise Refused("Signature", "The signature is wrong")
        except Refused as refused:
            self._problem(entry, refused)
            return _xml(2 if refused.field == "MerchantLogin" else 1, "")
        try:
            return _xml(0, self._operation(self._till.payment(number)))
        except NotFound:
            return _xml(3, "")

    def _operation(self, payment: dict[str, Any]) -> str:
        """IncSum is what the buyer paid; OutSum is without the fee."""
        fields = payment["fields"]
        paid = Decimal(fields["OutSum"])
        own = "".join(
            f"<Field><Name>{escape(name)}</Name><Value>{escape(value)}</Value></Field>"
            for name, value in fields.items()
            if name[:4].upper() == "SHP_"
        )
        return (
            f"<State><Code>{payment['state']}</Code><RequestDate>{_moscow(self._now())}</RequestDate>"
            f"<StateDate>{_moscow(datetime.fromisoformat(payment['changed_at']))}</StateDate></State>"
            f"<Info><IncCurrLabel>BankCardPSR</IncCurrLabel><IncSum>{paid:.6f}</IncSum>"
            f"<IncAccount>{payment['card']}</IncAccount><PaymentMethod><Code>BankCard</Code>"
            "<Description>Банковская карта</Description></PaymentMethod><OutCurrLabel>RUR</OutCurrLabel>"
            f"<OutSum>{paid - fee(fields['OutSum']):.6f}</OutSum><OpKey>{payment['op_key']}</OpKey>"
            f"<BankCardRRN>000000000001</BankCardRRN></Info><UserField>{own}</UserField>"
        )

    def _refund(self, request: Request, raw: bytes, entry: dict[str, Any]) -> Response:
        try:
            if request.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
                raise Refused("Content-Type", "Must be application/json")
            token = _json(raw)
            if not isinstance(token, str):
                raise Refused("body", "Is not a JWT in a JSON string")
            entry["fields"] = payload = self._cabinet.open_token(token)
            refund = self._till.give_back(payload)
        except Refused as refused:
            self._problem(entry, refused)
            return JSONResponse({"success": False, "message": refused.description})
        return JSONResponse({"success": True, "message": None, "requestId": refund["id"]})

    def _refund_state(self, text: str, entry: dict[str, Any]) -> Response:
        try:
            refund = self._till.refund(_logged(read_form(text), entry).get("id", ""))
        except NotFound:
            return JSONResponse({"message": "Refund request not found"})
        except Refused as refused:
            self._problem(entry, refused)
            return JSONResponse({"message": str(refused)}, 400)
        body = f'{{"requestId":"{refund["id"]}","amount":{refund["amount"]},"label":"{refund["label"]}"}}'
        return Response(body, media_type="application/json")

    def _problem(self, entry: dict[str, Any], refused: Refused) -> None:
        self.problems.append(entry | {"field": refused.field, "description": refused.description})


def _logged(fields: dict[str, str], entry: dict[str, Any]) -> dict[str, str]:
    entry["fields"] = {name: value for name, value in fields.items() if name not in SECRETS}
    return fields


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _xml(code: int, inside: str) -> Response:
    document = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<OperationStateResponse xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns="{NAMESPACE}"><Result><Code>{code}</Code></Result>{inside}</OperationStateResponse>'
    )
    return Response(document, media_type="text/xml")


def _moscow(moment: datetime) -> str:
    """With the seven digits of Robokassa's server."""
    local = moment.astimezone(MOSCOW)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06}0+03:00"
