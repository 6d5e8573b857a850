"""The HTTP API: all endpoints of all domains, and the document that describes them."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.web.api import billing, licences, receipts, wallet
from apps.web.calls import route
from apps.web.contract import Door, Endpoint
from apps.web.openapi import document

DESCRIPTION = """\
For programs of the operator's. Each has a key (`python -m apps.console clients create NAME --scope payments`), which is
sent as `Authorization: Bearer kiosk_...` and opens what its scopes say.

**Whose data.** A Kiosk has one operator. A key stands for the operator, not for a buyer: within its scopes it sees the
payments of all buyers, whoever opened them. A program that acts for one buyer adds `user_id` where an address takes it;
what is not that buyer's is then not found. Keys do not belong into buyers' hands.

**Calls that may be repeated.** Every POST that makes something takes an `Idempotency-Key` of 1 to 255 visible ASCII
characters. The same call with the same key again is answered with the first answer for at least 24 hours, with
`Idempotency-Replayed: true`; a key names one call for ever, so make a new one for each (a UUID will do). Another call
with a known key is refused with 422; a call whose first is still at work with 409 and `Retry-After`. A call that was
refused, or answered with 5xx, may be repeated with its key; a key whose call died is free after one minute.

**Money** is `{"value": "299.00", "currency": "RUB"}`: a decimal as text, never a number.

**Problems** are `application/problem+json` (RFC 9457). `code` is stable: decide by it. Unknown fields of a request are
refused. Answers may get new fields at any time.
"""


async def show_document(_request: Request) -> Response:
    return Response(DOCUMENT, media_type="application/json")


CONTRACT: tuple[Endpoint | Door, ...] = (
    *billing.CONTRACT,
    *wallet.CONTRACT,
    *licences.CONTRACT,
    *receipts.CONTRACT,
    Door(
        method="GET",
        path="/api/v1/openapi.json",
        name="openapi",
        summary="This document",
        serve=show_document,
        answer="application/json",
        errors=(),
    ),
)
DOCUMENT = json.dumps(document(CONTRACT, description=DESCRIPTION), ensure_ascii=False)


def routes() -> list[Route]:
    return [route(one) for one in CONTRACT]
