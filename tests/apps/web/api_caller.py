"""A program that calls the API, and holds every answer against the document that the API gives out."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpx import Response
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from starlette.testclient import TestClient

from apps.web.api import DOCUMENT
from apps.web.main import create
from services import identity
from services.kit import Kit

CONTRACT: dict[str, Any] = json.loads(DOCUMENT)
_names = itertools.count(1)


class Api:
    """Calls with the key of one client. `http` is for what no program of ours would send."""

    def __init__(self, http: TestClient, key: str) -> None:
        self.http, self.key = http, key

    def call(self, method: str, path: str, body: Any = None, *, once: str | None = None, **more: Any) -> Response:
        """`once` is the Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Idempotency-Key": once} if once else {})
        headers |= more.pop("headers", {})
        sent = {} if body is None else {"json": body}
        return checked(self.http.request(method, path, headers=headers, **sent, **more))

    def get(self, path: str, **more: Any) -> Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Response:
        return self.call("POST", path, body, **more)


def checked(answer: Response) -> Response:
    """The same answer, if the document describes it: status, media type, headers and body."""
    operation = _operation(answer.request.method, answer.request.url.path)
    assert str(answer.status_code) in operation["responses"], f"{answer.status_code}: {answer.text}"
    described = operation["responses"][str(answer.status_code)]
    media = answer.headers["content-type"].partition(";")[0]
    schema = described["content"][media]["schema"]
    if media.endswith("json"):
        whole = {**schema, "components": CONTRACT["components"]}
        OAS31Validator(whole, format_checker=oas31_format_checker).validate(answer.json())
    for name in ("Retry-After", "Idempotency-Replayed"):
        assert name not in answer.headers or name in described["headers"], name
    return answer


def problem(answer: Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert (body["status"], body["type"]) == (answer.status_code, f"urn:kiosk:{body['code']}")
    return answer.status_code, body["code"]


def faults(answer: Response) -> list[str]:
    """The fields that a refusal names."""
    assert problem(answer) == (400, "bad_request")
    return [fault["field"] for fault in answer.json()["errors"]]


@contextmanager
def calling(kit: Kit, *scopes: str) -> Iterator[Api]:
    """A client of a Kiosk that serves in this process; by default it may everything."""
    with TestClient(create(kit), raise_server_exceptions=False) as http:
        yield Api(http, new_key(kit, *scopes))


def new_key(kit: Kit, *scopes: str) -> str:
    with kit.db.begin() as tx:
        issued = identity.create_client(
            tx,
            name=f"client {next(_names)}",
            scopes=scopes or tuple(identity.scopes()),
            actor="console:tests",
            now=kit.clock.now(),
        )
    return issued.key


def _operation(method: str, path: str) -> dict[str, Any]:
    """The one that the path belongs to; a path without variables goes first (OpenAPI, Path Templating)."""
    for template in sorted(CONTRACT["paths"], key=lambda template: "{" in template):
        written = re.sub(r"{\w+}", "[^/]+", template)
        if re.fullmatch(written, path) and method.lower() in CONTRACT["paths"][template]:
            operation: dict[str, Any] = CONTRACT["paths"][template][method.lower()]
            return operation
    raise AssertionError(f"{method} {path} is not in the document")
