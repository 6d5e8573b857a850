"""The switches of the sandbox's YooKassa for tests and players, all in JSON (nothing of this exists at YooKassa).

GET|POST|DELETE /faults, GET|POST /settings, POST /payments/{id}/pay, POST /refunds/{id}/finish, POST /notify,
POST /forge, GET /deliveries, GET /log, GET /problems. A wrong order is answered 400 {"error": words}.
"""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.faults import Fault
from apps.sandbox.shelf import Shelf
from apps.sandbox.yookassa import cards, settings
from apps.sandbox.yookassa.api import Api
from apps.sandbox.yookassa.notices import Courier
from apps.sandbox.yookassa.rules import Invalid
from apps.sandbox.yookassa.shop import NotFound, Shop

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(shop: Shop, api: Api, courier: Courier, kept: Shelf, now: settings.Settings) -> list[Route]:
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
        """{"outcome": "success"|"decline", "reason"?, "notify"?, "card"?: number} -> the payment."""
        order = _order(await request.json(), {"outcome", "reason", "notify", "card"})
        card, reason = str(order.get("card", cards.GOOD_CARD)), _reason(order, cards.REASONS)
        if (notify := order.get("notify")) not in (None, *settings.PLANS):
            raise ValueError(f"notify must be one of {', '.join(settings.PLANS)}")
        reason = reason or cards.BAD_CARDS.get(card)
        return JSONResponse(shop.pay(request.path_params["id"], card=card, reason=reason, notify=notify))

    @_explained
    async def finish(request: Request) -> Response:
        """{"outcome": "success"|"decline", "reason"?} for a pending refund -> the refund."""
        order = _order(await request.json(), {"outcome", "reason"})
        return JSONResponse(shop.finish_refund(request.path_params["id"], _reason(order, cards.REFUND_REASONS)))

    @_explained
    async def notify(request: Request) -> Response:
        """{"payment_id" or "refund_id", "times"?: 1, "parallel"?: false, "delay"?: 0} -> {"deliveries": ids}."""
        order = _order(await request.json(), {"payment_id", "refund_id", "times", "parallel", "delay"})
        if "refund_id" in order:
            about, kind = shop.refund(order["refund_id"]), "refund"
        else:
            about, kind = shop.payment(order.get("payment_id", "")), "payment"
        if about["status"] == "pending":
            raise ValueError("nobody is notified of a pending object")
        event = f"{kind}.{about['status']}"
        body = json.dumps({"type": "notification", "event": event, "object": about}, ensure_ascii=False)
        times, delay = int(order.get("times", 1)), float(order.get("delay", 0))
        sent = courier.send(body, event, times=times, parallel=bool(order.get("parallel")), delay=delay)
        return JSONResponse({"deliveries": sent})

    async def forge(request: Request) -> Response:
        """Any body -> posted to the shop as it is, as an attacker would."""
        return JSONResponse({"deliveries": courier.send((await request.body()).decode(), "forged")})

    async def deliveries(request: Request) -> Response:
        return JSONResponse({"deliveries": courier.deliveries()})

    async def log(request: Request) -> Response:
        return JSONResponse({"requests": list(api.log)})

    async def problems(request: Request) -> Response:
        return JSONResponse({"problems": list(api.problems)})

    return [
        Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/settings", change, methods=["GET", "POST"]),
        Route("/payments/{id}/pay", pay, methods=["POST"]),
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
        except (ValueError, Invalid) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return explained


def _order(data: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) - known:
        raise ValueError(f"expected an object with some of: {', '.join(sorted(known))}")
    return data


def _reason(order: dict[str, Any], known: dict[str, str] | tuple[str, ...]) -> str | None:
    match order.get("outcome"):
        case "success":
            return None
        case "decline" if order.get("reason", "general_decline") in known:
            return str(order.get("reason", "general_decline"))
        case "decline":
            raise ValueError(f"reason must be one of {', '.join(known)}")
    raise ValueError("outcome must be success or decline")
