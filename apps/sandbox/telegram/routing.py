"""What the routes of people have in common."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.people import NotAllowed
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]


def route(path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> Route:
    """A route that answers {"error": words} to what cannot be done."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NotAllowed as error:
            return JSONResponse({"error": str(error)}, 400)
        except ApiError as error:
            return JSONResponse({"error": error.description}, error.code)

    return Route(path, guarded, methods=[method])


async def body_of(request: Request, *required: str) -> Json:
    """The JSON object of a request, {} if there is none. Raises NotAllowed when a required field is empty."""
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict):
        raise NotAllowed("a JSON object is wanted")
    missing = [name for name in required if body.get(name) in (None, "")]
    if missing:
        raise NotAllowed(f"missing: {', '.join(missing)}")
    return body


def number(request: Request, name: str) -> float:
    """A number of the query string, 0 if there is none. Raises NotAllowed."""
    try:
        return float(request.query_params.get(name, 0))
    except ValueError as error:
        raise NotAllowed(f"{name} is a number") from error


def person_of(world: World, request: Request) -> Person:
    """Whose route this is. Raises ApiError 404."""
    person = world.store.state.people.get(request.path_params["id"])
    if person is None:
        raise ApiError(404, "there is no such user")
    return person
