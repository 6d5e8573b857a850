"""The switches of the sandbox's Crypto Pay for tests and players, all in JSON (nothing of this exists at Crypto Pay).

GET|POST|DELETE /faults, GET|POST /settings, POST /payments/{invoice_id}/pay, POST /notify, POST /forge,
GET /deliveries, GET /log, GET /problems. A wrong order is answered 400 {"error": words}.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.cryptopay import settings
from apps.sandbox.cryptopay.api import Api
from apps.sandbox.cryptopay.invoices import Invoices, NotFound
from apps.sandbox.cryptopay.rules import Invalid
from apps.sandbox.cryptopay.updates import SIGNATURE, Courier
from apps.sandbox.faults import Fault
from apps.sandbox.shelf import Shelf

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(invoices: Invoices, api: Api, courier: Courier, kept: Shelf, now: settings.Settings) -> list[Route]:
    """`now` is the settings in force, `kept` the shelf they survive a restart on."""

    @_explained
    async def faults(request: Request) -> Response:
        if request.method == "POST":
            api.faults.add(Fault.from_json(await request.json()))
        elif request.method == "DELETE":
            api.faults.clear()
        return JSONResponse({"faults": api.faults.pending()})

    @_explained
    async def change(request: Request) -> Response:
        if request.method == "POST":
            now.change(await request.json())
            settings.keep(kept, now)
        return JSONResponse(now.as_json())

    @_explained
    async def pay(request: Request) -> Response:
        """{"outcome": "success", "notify"?: plan, "asset"?: "USDT"} -> the invoice."""
        order = _order(await request.json(), {"outcome", "notify", "asset"})
        if order.get("outcome") != "success":
            raise ValueError("outcome must be success: coins are paid, or they are not")
        if (notify := order.get("notify")) not in (None, *settings.PLANS):
            raise ValueError(f"notify must be one of {', '.join(settings.PLANS)}")
        paid = invoices.pay(request.path_params["invoice_id"], str(order.get("asset", "USDT")), notify)
        return JSONResponse(paid)

    @_explained
    async def notify(request: Request) -> Response:
        """{"invoice_id", "times"?: 1, "parallel"?: false, "delay"?: 0} -> {"deliveries": ids}."""
        order = _order(await request.json(), {"invoice_id", "times", "parallel", "delay"})
        invoice = invoices.invoice(order.get("invoice_id", ""))
        if invoice["status"] != "paid":
            raise ValueError("nobody is told of an invoice that is not paid")
        times, delay = int(order.get("times", 1)), float(order.get("delay", 0))
        sent = courier.tell(invoice, times=times, parallel=bool(order.get("parallel")), delay=delay)
        return JSONResponse({"deliveries": sent})

    async def forge(request: Request) -> Response:
        """Any body, with the signature header of this request -> posted to the shop as an attacker would."""
        forged = (await request.body()).decode(), request.headers.get(SIGNATURE)
        return JSONResponse({"deliveries": courier.send([forged], "forged")})

    async def deliveries(request: Request) -> Response:
        return JSONResponse({"deliveries": courier.deliveries()})

    async def log(request: Request) -> Response:
        return JSONResponse({"requests": list(api.log)})

    async def problems(request: Request) -> Response:
        return JSONResponse({"problems": list(api.problems)})

    return [
        Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/settings", change, methods=["GET", "POST"]),
        Route("/payments/{invoice_id}/pay", pay, methods=["POST"]),
        Route("/notify", notify, methods=["POST"]),
        Route("/forge", forge, methods=["POST"]),
        Route("/deliveries", deliveries),
        Route("/log", log),
        Route("/problems", problems),
    ]


def _explained(endpoint: Endpoint) -> Endpoint:
    """Answer a wrong order in words instead of a server error."""

    @wraps(endpoint)
    async def explained(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NotFound as missing:
            return JSONResponse({"error": f"there is no {missing}"}, 404)
        except (ValueError, Invalid) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return explained


def _order(data: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) - known:
        raise ValueError(f"expected an object with some of: {', '.join(sorted(known))}")
    return data
