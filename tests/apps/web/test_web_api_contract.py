"""The document is OpenAPI, describes every route of the API, and says of each what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_client
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS31Validator
from starlette.routing import Route

from apps.sandbox.stack import Stack
from apps.web.api import CONTRACT
from apps.web.contract import Endpoint
from apps.web.main import create
from services import identity
from services.platform.db import Database
from tests.apps.web import api_caller
from tests.apps.web.api_caller import calling, checked
from tests.factories import database_url, kit

DOCUMENT = api_caller.CONTRACT
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]

# OpenAPI Specification 3.1.1, as far as this document uses it; whatever else would stand there is a slip.
TEXT = {"type": "string", "minLength": 1}
CONTENT = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "object", "required": ["schema"], "properties": {"schema": {"type": "object"}}},
}
HEADERS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["schema"],
        "additionalProperties": False,
        "properties": {"schema": {"type": "object"}, "description": TEXT},
    },
}
RESPONSE = {
    "type": "object",
    "required": ["description", "content"],
    "additionalProperties": False,
    "properties": {"description": TEXT, "headers": HEADERS, "content": CONTENT},
}
PARAMETER = {
    "type": "object",
    "required": ["name", "in", "required", "schema"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "in": {"enum": ["path", "query", "header"]},
        "required": {"type": "boolean"},
        "description": {"type": "string"},
        "schema": {"type": "object"},
    },
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}},
}
OPERATION = {
    "type": "object",
    "required": ["operationId", "summary", "tags", "security", "responses"],
    "additionalProperties": False,
    "properties": {
        "operationId": {"type": "string", "pattern": "^[a-z_]+$"},
        "summary": TEXT,
        "description": TEXT,
        "tags": {"type": "array", "items": TEXT, "minItems": 1},
        "security": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "array"}}},
        "parameters": {"type": "array", "items": PARAMETER},
        "requestBody": {
            "type": "object",
            "required": ["content"],
            "additionalProperties": False,
            "properties": {"required": {"type": "boolean"}, "content": CONTENT},
        },
        "responses": {
            "type": "object",
            "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
            "additionalProperties": RESPONSE,
            "minProperties": 1,
        },
    },
}
OPENAPI = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components", "tags"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"const": "3.1.1"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "additionalProperties": False,
            "properties": {"title": TEXT, "version": TEXT, "description": TEXT},
        },
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"enum": ["get", "put", "post", "delete", "patch"]},
                "additionalProperties": OPERATION,
            },
        },
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "schemas": {"type": "object", "propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"}},
                "securitySchemes": {"type": "object"},
            },
        },
        "tags": {"type": "array", "items": {"type": "object", "required": ["name"]}},
    },
}


def operation(path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


def schemas(thing: Any) -> Iterator[dict[str, Any]]:
    if isinstance(thing, dict):
        for name, value in thing.items():
            if name == "schema":
                yield value
            yield from schemas(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from schemas(value)


def refs(thing: Any) -> Iterator[str]:
    if isinstance(thing, dict):
        yield from (value for name, value in thing.items() if name == "$ref")
        for value in thing.values():
            yield from refs(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from refs(value)


def test_the_document_is_openapi() -> None:
    Draft202012Validator.check_schema(OPENAPI)
    Draft202012Validator(OPENAPI).validate(DOCUMENT)
    for schema in (*schemas(DOCUMENT["paths"]), *DOCUMENT["components"]["schemas"].values()):
        OAS31Validator.check_schema(schema)
    named = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(refs(DOCUMENT)) == named, "each is there, and each is used"
    ids = [operation(*one)["operationId"] for one in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_every_route_of_the_api_is_in_it(db: Database, stack: Stack, redis: redis_client.Redis) -> None:
    with kit(database_url(db), stack.redis_url, "web") as made:
        routes = [route for route in create(made).routes if isinstance(route, Route) and route.path.startswith("/api")]
    served = {(route.path, method.lower()) for route in routes for method in (route.methods or ())}
    assert {one for one in served if one[1] != "head"} == set(OPERATIONS)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_path_parameters_are_those_of_the_path(path: str, method: str) -> None:
    named = {one["name"] for one in operation(path, method).get("parameters", ()) if one["in"] == "path"}
    assert named == set(re.findall(r"{(\w+)}", path))


def test_scopes_are_what_clients_can_be_given_and_what_the_document_says() -> None:
    asked = {one.name: one.scope for one in CONTRACT if isinstance(one, Endpoint)}
    assert set(asked.values()) <= {*identity.scopes(), None}
    for path, method in OPERATIONS:
        said = operation(path, method)
        scope = asked.get(said["operationId"])
        wanted = [{"key": [scope]}] if scope else []
        assert said["security"] == wanted
        assert ("401" in said["responses"]) == ("403" in said["responses"]) == bool(wanted)


def test_no_key_is_needed_for_the_document_the_webhook_licences_and_nothing_else() -> None:
    assert {path for path, method in OPERATIONS if not operation(path, method)["security"]} == {
        "/api/v1/licences/public-key",
        "/api/v1/licences/verify",
        "/api/v1/openapi.json",
        "/api/v1/payments/webhook",
    }


def test_whatever_makes_something_takes_an_idempotency_key() -> None:
    taking = {
        path
        for path, method in OPERATIONS
        if any(one["name"] == "Idempotency-Key" for one in operation(path, method).get("parameters", ()))
    }
    making = {path for path, method in OPERATIONS if {"201", "202"} & set(operation(path, method)["responses"])}
    assert (
        taking
        == making
        == {f"/api/v1/payments/{what}" for what in ("create", "{payment_id}/retry", "{payment_id}/refund")}
        | {"/api/v1/users/{user_id}/spend", "/api/v1/receipts", "/api/v1/receipts/typed"}
    )


def test_money_is_text_in_every_shape() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, about in schema["properties"].items():
            assert about.get("type") != "number", f"{name}.{field} is a float"
    assert DOCUMENT["components"]["schemas"]["Amount"]["properties"]["value"]["type"] == "string"


def test_it_is_served_to_everybody(db: Database, stack: Stack, redis: redis_client.Redis) -> None:
    with kit(database_url(db), stack.redis_url, "web") as made, calling(made) as api:
        answer = checked(api.http.get("/api/v1/openapi.json"))
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == DOCUMENT
        assert "one operator" in answer.json()["info"]["description"], "it says whose payments a key sees"
