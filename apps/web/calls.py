"""Serving an endpoint of the contract: who calls, what they ask, whether it was answered before, then the work."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.threads import in_outside_thread, in_thread
from apps.web import bodies, tables, uploads
from apps.web.auth import require_client
from apps.web.contract import IDEMPOTENCY_KEY, REPLAYED, Answered, Asked, Call, Door, Endpoint
from apps.web.errors import BadRequest, refusal
from services.kit import Kit
from services.platform import idempotency
from services.platform.documents import read_object
from services.platform.errors import KioskError, NotFound
from services.platform.idempotency import Answer, BadIdempotencyKey

LARGEST = 64 * 1024  # bytes: hundreds of times what any endpoint needs
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def route(one: Endpoint | Door) -> Route:
    return Route(one.path, serve(one) if isinstance(one, Endpoint) else one.serve, methods=[one.method])


def serve(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            return await _answer(endpoint, request)
        except KioskError as error:
            return refusal(error, endpoint.status_of(error))

    return handle


async def _answer(endpoint: Endpoint, request: Request) -> Response:
    kit: Kit = request.app.state.kit
    client = await require_client(request, endpoint.scope) if endpoint.scope else None
    parameters = _parameters(endpoint, request)
    if endpoint.file is None:
        sent = await _document(endpoint, request)
        body = _checked(endpoint.body, sent) if endpoint.body else None
        call = Call(kit, client, parameters, body, kit.clock.now())
        return await (tables.send(endpoint, call) if endpoint.table else _done(endpoint, request, call, sent))
    async with uploads.place():
        file = await uploads.read(request, endpoint.file)
        call = Call(kit, client, parameters, None, kit.clock.now(), file=file.content)
        return await _done(endpoint, request, call, {"sha256": file.digest})


async def _done(endpoint: Endpoint, request: Request, call: Call[Any, Any], sent: dict[str, Any]) -> Response:
    key = _key(request) if endpoint.once else None
    asked = sent | ({"?": dict(request.query_params)} if request.query_params else {})
    fingerprint = idempotency.fingerprint(endpoint.method, request.url.path, asked)
    thread = in_outside_thread if endpoint.waits else in_thread
    answer, is_replayed = await thread(_once, endpoint, call, key, fingerprint)
    return JSONResponse(answer.body, answer.status, {REPLAYED: "true"} if is_replayed else None)


def _once(endpoint: Endpoint, call: Call[Any, Any], key: str | None, fingerprint: str) -> tuple[Answer, bool]:
    """Does the work, unless it was done for this key before. However it ends, the key is not held longer than that."""
    if key is None:
        return _run(endpoint, call), False
    db = call.kit.db
    with db.begin() as tx:
        begun = idempotency.begin(tx, call.caller.id, key, fingerprint, call.now)
    if isinstance(begun, Answer):
        return begun, True
    try:
        answer = _run(endpoint, dataclasses.replace(call, reference=begun.reference))
    except BaseException:
        with suppress(SQLAlchemyError), db.begin() as tx:
            idempotency.release(tx, begun)
        raise
    with db.begin() as tx:
        idempotency.finish(tx, begun, answer.status, answer.body)
    return answer, False


def _run(endpoint: Endpoint, call: Call[Any, Any]) -> Answer:
    answer = endpoint.run(call)
    assert isinstance(answer, Answered)
    status = next(status for status, model in endpoint.answers.items() if isinstance(answer, model))
    return Answer(status, answer.model_dump(mode="json"))


def _parameters(endpoint: Endpoint, request: Request) -> Asked:
    """Raises BadRequest; NotFound for what cannot be the id of anything."""
    given = list(request.query_params.multi_items())
    names = [name for name, _ in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadRequest([_fault(_shown(name), "repeated", "Given more than once") for name in twice])
    if astray := endpoint.in_path & set(names):
        raise BadRequest([_fault(_shown(name), "extra_forbidden", "It belongs into the path") for name in astray])
    if secret := endpoint.in_header.keys() & set(names):
        raise BadRequest([_fault(_shown(name), "extra_forbidden", "It belongs into a header") for name in secret])
    try:
        return _checked(endpoint.parameters, {**dict(given), **_from_headers(endpoint, request), **request.path_params})
    except BadRequest as error:
        if any(fault["field"] in endpoint.in_path for fault in error.faults):
            raise NotFound("no such id") from None
        raise


def _from_headers(endpoint: Endpoint, request: Request) -> dict[str, str]:
    """One that came twice says nothing for certain: it is missing."""
    found = {name: request.headers.getlist(header) for name, header in endpoint.in_header.items()}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


async def _document(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The JSON object that was sent; one that may be left out is empty then."""
    if endpoint.body is None:
        return {}
    body = await bodies.read(request, LARGEST)
    if not body and not endpoint.body_is_required:
        return {}
    bodies.require_json(request)
    return read_object(body, limit=LARGEST)


def _key(request: Request) -> str | None:
    given = request.headers.getlist(IDEMPOTENCY_KEY)
    if len(given) > 1:
        raise BadIdempotencyKey("more than one")
    return given[0] if given else None


def _checked(model: type[Asked], sent: Mapping[str, Any]) -> Asked:
    """Raises BadRequest, which names fields and never what they held."""
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise BadRequest(
            [
                _fault(".".join(map(_shown, fault["loc"])), fault["type"], fault["msg"].removeprefix("Value error, "))
                for fault in faults[:20]
            ]
        ) from None


def _shown(part: str | int) -> str:
    """An unknown name is the caller's own text: it is given back where it looks like a name."""
    return str(part) if isinstance(part, int) or NAME.fullmatch(part) else "?"


def _fault(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}
