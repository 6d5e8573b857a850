"""The switches of the sandbox's Robokassa for tests and players, all in JSON (nothing of this exists at Robokassa).

GET|POST|DELETE /faults, GET|POST /settings, POST /payments/{number}/pay, GET /payments/{number}, POST
/refunds/{id}/finish, POST /notify, POST /forge, GET /deliveries, GET /log, GET /problems. A wrong order is answered 400
{"error": words}.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.faults import Fault
from apps.sandbox.robokassa import settings
from apps.sandbox.robokassa.api import Api
from apps.sandbox.robokassa.notices import Courier
from apps.sandbox.robokassa.shop import Refused
from apps.sandbox.robokassa.till import NotFound, Till
from apps.sandbox.shelf import Shelf

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(till: Till, api: Api, courier: Courier, kept: Shelf, now: settings.Settings) -> list[Route]:
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
    async def show(request: Request) -> Response:
        return JSONResponse(till.payment(request.path_params["number"]))

    @_explained
    async def pay(request: Request) -> Response:
        """{"outcome": "success"|"decline", "notify"?} -> the payment. Its link must have been opened."""
        order = _order(await request.json(), {"outcome", "notify"})
        if order.get("outcome") not in ("success", "decline"):
            raise ValueError("outcome must be success or decline")
        if (notify := order.get("notify")) not in (None, *settings.PLANS):
            raise ValueError(f"notify must be one of {', '.join(settings.PLANS)}")
        declined = order["outcome"] == "decline"
        return JSONResponse(till.pay(request.path_params["number"], declined=declined, notify=notify))

    @_explained
    async def finish(request: Request) -> Response:
        """{"label": "finished"|"canceled"} for a refund that is processing -> the refund."""
        order = _order(await request.json(), {"label"})
        if order.get("label") not in ("finished", "canceled"):
            raise ValueError("label must be finished or canceled")
        return JSONResponse(till.finish_refund(request.path_params["id"], order["label"]))

    @_explained
    async def notify(request: Request) -> Response:
        """{"number", "times"?: 1, "parallel"?: false, "delay"?: 0} -> {"deliveries": ids}."""
        order = _order(await request.json(), {"number", "times", "parallel", "delay"})
        payment = till.payment(str(order.get("number", "")))
        if payment["state"] != 100:
            raise ValueError("nobody is notified of what is not paid")
        times, delay = int(order.get("times", 1)), float(order.get("delay", 0))
        form = urlencode(till.notice(payment))
        sent = courier.send(form, payment["number"], times=times, parallel=bool(order.get("parallel")), delay=delay)
        return JSONResponse({"deliveries": sent})

    async def forge(request: Request) -> Response:
        """Any body -> sent to the shop as it is, as an attacker would."""
        return JSONResponse({"deliveries": courier.send((await request.body()).decode(), "")})

    async def deliveries(request: Request) -> Response:
        return JSONResponse({"deliveries": courier.deliveries()})

    async def log(request: Request) -> Response:
        return JSONResponse({"requests": list(api.log)})

    async def problems(request: Request) -> Response:
        return JSONResponse({"problems": list(api.problems)})

    return [
        Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/settings", change, methods=["GET", "POST"]),
        Route("/payments/{number}", show),
        Route("/payments/{number}/pay", pay, methods=["POST"]),
        Route("/refunds/{id}/finish", finish, methods=["POST"]),
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
        except (ValueError, Refused) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return explained


def _order(data: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) - known:
        raise ValueError(f"expected an object with some of: {', '.join(sorted(known))}")
    return data
