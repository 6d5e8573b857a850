"""The switches of the webhooks: what was sent, and to fire, repeat, forge, hold and release more (see `control`)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.remnawave.control import Missing, explained, order_of
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.webhooks import SIGNATURE, Courier


def routes(panel: Panel, courier: Courier) -> list[Route]:
    async def deliveries(request: Request) -> Response:
        """The newest first."""
        return JSONResponse({"deliveries": list(reversed(courier.deliveries))})

    async def fire(request: Request) -> Response:
        """{"event", "username"? or "data"?, "meta"?, "timestamp"?: ISO, "times"?: 1, "parallel"?: false, "delay"?: 0}
        -> a true event, signed, though nothing happened."""
        known = {"event", "username", "data", "meta", "timestamp", "times", "parallel", "delay"}
        order = order_of(await request.json(), known)
        event = str(order.get("event", ""))
        data = order["data"] if "data" in order else _about(panel, event, str(order.get("username")))
        body = courier.body(event.partition(".")[0], event, data, order.get("meta"), order.get("timestamp"))
        return JSONResponse({"deliveries": courier.send(body, courier.signature(body), event, **_how(order))})

    async def replay(request: Request) -> Response:
        """{"id", "times"?: 1, "parallel"?: false} -> the same bytes again."""
        order = order_of(await request.json(), {"id", "times", "parallel"})
        how = _how(order)
        how.pop("delay")
        try:
            return JSONResponse({"deliveries": courier.again(str(order.get("id")), **how)})
        except KeyError as missing:
            raise Missing(f"delivery {missing.args[0]}") from None

    async def forge(request: Request) -> Response:
        """Any body -> posted as it is with the signature of this very request, or without one, as an attacker would."""
        body = (await request.body()).decode()
        return JSONResponse({"deliveries": courier.send(body, request.headers.get(SIGNATURE), "forged")})

    async def release(request: Request) -> Response:
        """{"reversed"?: false} -> what was held goes out, one after another."""
        order = order_of(await request.json(), {"reversed"})
        return JSONResponse({"deliveries": courier.release(backwards=bool(order.get("reversed")))})

    return [
        Route("/webhooks", deliveries),
        Route("/webhooks/fire", explained(fire), methods=["POST"]),
        Route("/webhooks/replay", explained(replay), methods=["POST"]),
        Route("/webhooks/forge", forge, methods=["POST"]),
        Route("/webhooks/release", explained(release), methods=["POST"]),
    ]


def _about(panel: Panel, event: str, username: str) -> Any:
    """What a true event of this name would tell of a user."""
    user = panel.users.find("username", username)
    if user is None:
        raise Missing(f"user {username}")
    shown = panel.shapes.user(user)
    if event == "user.not_connected":
        return shown | {"activeInternalSquads": []}
    if not event.startswith("user_hwid_devices."):
        return shown
    device = next(iter(user["devices"].values()), None)
    if device is None:
        raise Missing(f"device of {username}")
    return {"user": shown | {"activeInternalSquads": []}, "hwidUserDevice": panel.shapes.device(user, device)}


def _how(order: dict[str, Any]) -> dict[str, Any]:
    times, delay = order.get("times", 1), order.get("delay", 0)
    if type(times) is not int or not 1 <= times <= 100:
        raise ValueError("times must be a whole number from 1 to 100")
    if type(delay) not in (int, float) or not 0 <= delay <= 600:
        raise ValueError("delay must be seconds, 0 to 600")
    return {"times": times, "parallel": bool(order.get("parallel")), "delay": delay}
