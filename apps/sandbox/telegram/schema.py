"""The request side of Bot API 10.3 as JSON Schema: which methods exist, what their parameters are, what is wrong.

`botapi.schema.json` was generated from the type declarations of the grammY authors, who know nothing of our bot:
an independent opinion on every call. Its `x-limit` says how long a string may be.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

Json = dict[str, Any]

_SCHEMA: Json = json.loads(Path(__file__).with_name("botapi.schema.json").read_text())
_NAMES = {name.lower(): name for name in _SCHEMA["methods"]}
_JSON_KIND = {dict: "object", list: "array", bool: "boolean", int: "number", float: "number", str: "string"}
# Their limits hold for what is left after the markup is parsed: `formatting.py` counts them.
_FORMATTED = ("text", "caption", "message_text")


def method_name(name: str) -> str | None:
    """The method as the Bot API spells it (names are case-insensitive), or None."""
    return _NAMES.get(name.lower())


def decode(method: str, raw: Mapping[str, Any]) -> tuple[Json, list[str]]:
    """Gives the values of a form or query string their JSON types, as the parameters of `method` want them.

    Returns the arguments and what could not be decoded. Values that already have a type (a JSON body) stay.
    """
    properties = _resolve(_SCHEMA["methods"][method]).get("properties", {})
    args: Json = {}
    errors: list[str] = []
    for name, value in raw.items():
        kinds = _kinds(properties[name]) if name in properties else {"string"}
        args[name] = value
        if not isinstance(value, str) or kinds == {"string"}:
            continue
        try:
            decoded = json.loads(value)
        except ValueError:
            decoded = None
        if _JSON_KIND.get(type(decoded)) in kinds - {"string"}:
            args[name] = decoded
        elif "string" not in kinds:
            errors.append(f"{name}: {value[:60]!r} is not {' or '.join(sorted(kinds))}")
    return args, errors


def violations(method: str, args: Json) -> list[str]:
    """What in `args` breaks the schema of `method` or one of its length limits; empty when all is well."""
    found = (_telling(error) for error in _validator(method).iter_errors(args))
    return [f"{'/'.join(str(step) for step in e.absolute_path) or method}: {e.message[:200]}" for e in found]


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _resolve(schema: Json) -> Json:
    while "$ref" in schema:
        schema = _SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _kinds(schema: Json) -> set[str]:
    schema = _resolve(schema)
    if "anyOf" in schema:
        return set().union(*(_kinds(branch) for branch in schema["anyOf"]))
    constants = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return {_JSON_KIND[type(value)] for value in constants} or {schema.get("type", "string")}


def _within_limit(
    _validator: object, limit: tuple[int, int, str], value: object, _schema: object
) -> Iterator[ValidationError]:
    if not isinstance(value, str):
        return
    least, most, unit = limit
    size = len(value.encode()) if unit == "bytes" else utf16_length(value)
    if not least <= size <= most:
        yield ValidationError(f"{size} {unit}, {least} to {most} are allowed")


# The 2020-12 dialect, because in draft 7 a `$ref` would silence the `x-limit` next to it.
_LimitValidator = validators.extend(Draft202012Validator, {"x-limit": _within_limit})  # type: ignore[no-untyped-call]  # its stubs


def _without_formatted_limits(schemas: Iterable[Json]) -> None:
    for schema in schemas:
        properties = schema.get("properties", {})
        if "parse_mode" in properties:
            for name in _FORMATTED:
                properties.get(name, {}).pop("x-limit", None)


_without_formatted_limits(_SCHEMA["definitions"].values())


@cache
def _validator(method: str) -> Any:
    return _LimitValidator({**_SCHEMA["methods"][method], "definitions": _SCHEMA["definitions"]})


def _telling(error: ValidationError) -> ValidationError:
    """Of a failed choice ("not valid under any of ...") tells what the nearest alternative lacks."""
    while error.validator == "anyOf" and error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        error = min(branches.values(), key=len)[0]
    return error
