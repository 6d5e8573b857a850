"""The contract as an OpenAPI document (OpenAPI Specification 3.1.1; its schemas are JSON Schema 2020-12, which is what
pydantic writes)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from apps.web.contract import IDEMPOTENCY_KEY, REPLAYED, Answered, Door, Endpoint
from services.platform.idempotency import IdempotencyKeyInUse

Refs = dict[type[BaseModel], dict[str, str]]


class Fault(Answered):
    """What is wrong with one field."""

    field: str
    code: str
    message: str


class Problem(Answered):
    """RFC 9457. `code` is stable and made for programs, and so is `reason`, which says more where there is one;
    `errors` names the fields of a bad request."""

    type: str
    title: str
    status: int
    code: str
    reason: str | None = None
    errors: list[Fault] = Field(default_factory=list)


def document(contract: Sequence[Endpoint | Door], *, description: str) -> dict[str, Any]:
    """The whole document, as a JSON object."""
    refs, schemas = _schemas(contract)
    paths: dict[str, Any] = {}
    for one in contract:
        described = _endpoint(one, refs) if isinstance(one, Endpoint) else _door(one, refs)
        paths.setdefault(one.path, {})[one.method.lower()] = described
    key = {"type": "http", "scheme": "bearer", "description": "The key of an API client: kiosk_..."}
    return {
        "openapi": "3.1.1",
        "info": {"title": "Kiosk", "version": "1", "description": description},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"key": key}},
        "tags": [{"name": name} for name in sorted({_tag(one) for one in contract})],
    }


def _schemas(contract: Sequence[Endpoint | Door]) -> tuple[Refs, dict[str, Any]]:
    endpoints = [one for one in contract if isinstance(one, Endpoint)]
    modes: dict[type[BaseModel], Literal["validation", "serialization"]] = {Problem: "serialization"}
    for one in endpoints:
        modes |= dict.fromkeys(one.answers.values(), "serialization")
        modes |= {one.body: "validation"} if one.body else {}
    made, schemas = models_json_schema(list(modes.items()), ref_template="#/components/schemas/{model}")
    return {model: {"$ref": made[model, mode]["$ref"]} for model, mode in modes.items()}, schemas["$defs"]


def _endpoint(one: Endpoint, refs: Refs) -> dict[str, Any]:
    described: dict[str, Any] = {
        **_words(one),
        "security": [{"key": [one.scope]}] if one.scope else [],
        "parameters": _parameters(one),
        "responses": {
            **{str(status): _answer(one, model, refs) for status, model in sorted(one.answers.items())},
            **({"200": {"description": one.summary, "content": _text(one.table)}} if one.table else {}),
            **_problems(one, refs),
        },
    }
    if one.body:
        content = {"application/json": {"schema": refs[one.body]}}
        described["requestBody"] = {"required": one.body_is_required, "content": content}
    if one.file:
        files = {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in one.file.types}
        described["requestBody"] = {"required": True, "content": files}
    return described


def _text(media_type: str) -> dict[str, Any]:
    return {media_type: {"schema": {"type": "string"}}}


def _door(one: Door, refs: Refs) -> dict[str, Any]:
    kind = "string" if one.answer == "text/plain" else "object"
    answer = {"description": one.summary, "content": {one.answer: {"schema": {"type": kind}}}}
    described = {**_words(one), "security": [], "responses": {"200": answer, **_problems(one, refs)}}
    if one.method == "POST":
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return described


def _words(one: Endpoint | Door) -> dict[str, Any]:
    words = {"operationId": one.name, "summary": one.summary, "tags": [_tag(one)]}
    return words | ({"description": one.description} if one.description else {})


def _tag(one: Endpoint | Door) -> str:
    return one.path.removeprefix("/api/v1/").split("/")[0]


def _parameters(one: Endpoint) -> list[dict[str, Any]]:
    schema = one.parameters.model_json_schema()
    found = [
        {
            "name": one.in_header.get(name, name),
            "in": "path" if name in one.in_path else "header" if name in one.in_header else "query",
            "required": name in schema.get("required", ()),
            "description": about.get("description", ""),
            "schema": {key: value for key, value in about.items() if key not in ("title", "description", "default")},
        }
        for name, about in schema.get("properties", {}).items()
    ]
    if one.once:
        found.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": False,
                "description": "Makes a repeated call one call.",
                "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
            }
        )
    return found


def _answer(one: Endpoint, model: type[Answered], refs: Refs) -> dict[str, Any]:
    about = "Present when this is the stored answer to an earlier call with the same key."
    replayed = {"headers": {REPLAYED: {"schema": {"const": "true"}, "description": about}}} if one.once else {}
    words = " ".join((model.__doc__ or "").split())
    return {"description": words, "content": {"application/json": {"schema": refs[model]}}, **replayed}


def _problems(one: Endpoint | Door, refs: Refs) -> dict[str, Any]:
    described = {}
    for status, codes in sorted(one.problems().items()):
        here = {"properties": {"code": {"enum": sorted(codes)}, "status": {"const": status}}}
        content = {"application/problem+json": {"schema": {"allOf": [refs[Problem], here]}}}
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
        if status in (429, 503) or IdempotencyKeyInUse.code in codes:
            answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
        described[str(status)] = answer
    return described
