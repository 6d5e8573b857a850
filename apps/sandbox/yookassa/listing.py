"""Lists of payments and refunds: filters, pages and their cursors (YooKassa API v3, GET /payments and /refunds)."""

from collections.abc import Mapping
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any

from apps.sandbox.yookassa.rules import Invalid

_COMPARE = {"gte": ge, "gt": gt, "lte": le, "lt": lt}


def select(objects: list[dict[str, Any]], query: Mapping[str, str], equal: set[str]) -> dict[str, Any]:
    """One page of `objects`, which come newest first. `equal` names the plain filters. Raises Invalid."""
    limit = _limit(query.get("limit", "10"))
    for name, value in query.items():
        field, _, comparison = name.partition(".")
        if name in equal:
            objects = [one for one in objects if _value(one, name) == value]
        elif field in ("created_at", "captured_at") and comparison in _COMPARE:
            compare, bound = _COMPARE[comparison], _moment(name, value)
            objects = [one for one in objects if field in one and compare(_moment(field, one[field]), bound)]
        elif name not in ("limit", "cursor"):
            raise Invalid(name, "Is not a known filter")
    start = _start(objects, query.get("cursor"))
    page = {"type": "list", "items": objects[start : start + limit]}
    if start + limit < len(objects):
        page["next_cursor"] = objects[start + limit]["id"]
    return page


def _start(objects: list[dict[str, Any]], cursor: str | None) -> int:
    ids = [one["id"] for one in objects]
    if cursor is not None and cursor not in ids:
        raise Invalid("cursor", "Is not a cursor of this list")
    return ids.index(cursor) if cursor else 0


def _value(one: dict[str, Any], name: str) -> Any:
    return one.get("payment_method", {}).get("type") if name == "payment_method" else one.get(name)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise Invalid("limit", "Must be 1 to 100")
    return int(text)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(name, "Must be a time like 2026-11-21T10:00:00.000Z") from None
    if moment.tzinfo is None:
        raise Invalid(name, "Must have a time zone")
    return moment
