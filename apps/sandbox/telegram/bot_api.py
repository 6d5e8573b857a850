"""The Bot API over HTTP: a request comes in any of Telegram's encodings, is judged, and acts."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from apps.sandbox.faults import CutShort, NoAnswer
from apps.sandbox.telegram import rules, schema
from apps.sandbox.telegram.errors import ApiError, not_stood_in
from apps.sandbox.telegram.faults import DOWNLOAD, Fault
from apps.sandbox.telegram.files import UPLOAD_LIMIT, Upload
from apps.sandbox.telegram.methods import COUNTED, METHODS
from apps.sandbox.telegram.stars import renew_due
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class BotApi:
    """Endpoints `/bot{token}/{method}` and `/file/bot{token}/{path}`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def call(self, request: Request) -> Response:
        """One call of a method: decoded, checked, done and noted in the journal."""
        if request.path_params["token"] != self._world.token:
            return _refusal(ApiError(401, "Unauthorized"))
        method = schema.method_name(request.path_params["method"])
        if method is None:
            return _refusal(ApiError(404, "Not Found: method not found"))
        self._world.address.url = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
        renew_due(self._world)
        fault = self._world.faults.take(method)
        args: Json = {}
        errors: list[str] = []
        try:
            args, errors, uploads = await self._read(method, request)
            answer = await _instead(fault) or await self._answer(method, args, errors, uploads)
        except ApiError as error:
            if error.problem:
                errors = [*errors, error.description]
            answer = _refusal(error)
        return self._ended(method, args, errors, fault, answer)

    async def download(self, request: Request) -> Response:
        """The bytes of a file at getFile's file_path. Noted, and met by faults, as a call of the method "download"."""
        if request.path_params["token"] != self._world.token:
            return _refusal(ApiError(401, "Unauthorized"))
        file_path = request.path_params["path"]
        fault = self._world.faults.take(DOWNLOAD)
        try:
            answer = await _instead(fault)
            if answer is None:
                answer = FileResponse(self._world.files.by_path(file_path), media_type="application/octet-stream")
        except ApiError as error:
            answer = _refusal(error)
        return self._ended(DOWNLOAD, {"file_path": file_path}, [], fault, answer)

    async def _read(self, method: str, request: Request) -> tuple[Json, list[str], dict[str, Upload]]:
        raw, uploads = await _parameters(request)
        args, errors = schema.decode(method, raw)
        # A file may be sent as the parameter itself.
        args |= {name: f"attach://{name}" for name in uploads.keys() - rules.attached(args)}
        errors += schema.violations(method, args)
        if not errors:
            errors = rules.violations(method, args, uploads.keys())
        return args, errors, uploads

    async def _answer(self, method: str, args: Json, errors: list[str], uploads: Mapping[str, Upload]) -> Response:
        if errors:
            raise ApiError(400, f"Bad Request: {'; '.join(errors)}")
        if method not in METHODS:
            raise not_stood_in(method)
        if method in COUNTED:
            self._world.faults.count_message(args.get("chat_id"), time.monotonic())
        return JSONResponse({"ok": True, "result": await METHODS[method](self._world, args, uploads)})

    def _ended(self, method: str, args: Json, errors: list[str], fault: Fault | None, answer: Response) -> Response:
        """Notes the call; what of the answer comes out."""
        mode = fault.mode if fault else None
        dropped = mode in ("dropped", "dropped_after")
        self._world.journal.note(method, args, errors, None if dropped else answer.status_code)
        if dropped:
            return NoAnswer(0)
        return CutShort(answer) if mode == "cut" else answer


async def _instead(fault: Fault | None) -> Response | None:
    """What a fault answers before anything is done, or None. Raises ApiError for a refusal in JSON."""
    if fault is None:
        return None
    refusal = fault.refusal()
    if refusal is not None:
        raise refusal
    if fault.mode == "502":
        return HTMLResponse(_BAD_GATEWAY, 502)
    if fault.mode == "slow":
        await asyncio.sleep(fault.delay)
    return Response() if fault.mode == "dropped" else None


async def _parameters(request: Request) -> tuple[Json, dict[str, Upload]]:
    """All parameters of a request (query string, JSON, form or multipart), and the uploaded parts by name.

    Raises ApiError 400 or 413.
    """
    raw: Json = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ApiError(400, "Bad Request: can't parse JSON object", problem=True)
        return raw | {name: value for name, value in body.items() if value is not None}, uploads
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                uploads[name] = Upload(value.filename or "file", value.content_type or "", await value.read())
            else:
                raw[name] = value
    if any(len(upload.data) > UPLOAD_LIMIT for upload in uploads.values()):
        raise ApiError(413, "Request Entity Too Large", problem=True)
    return raw, uploads


def _refusal(error: ApiError) -> Response:
    return JSONResponse(error.body(), error.code)
