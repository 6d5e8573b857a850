"""Receipts: sent for people, looked at, counted and exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from apps.web.api import receipts_review
from apps.web.api.receipts_review import bad_facts, possible
from apps.web.api.receipts_shapes import (
    Export,
    FactsAsked,
    OfPerson,
    OneReceiptOf,
    Page,
    Period,
    PeriodOf,
    Receipt,
    Receipts,
    Statistics,
)
from apps.web.contract import Call, Endpoint, File
from apps.web.errors import BadRequest
from services import identity, receipts
from services.identity import Party, User
from services.platform.errors import Misconfigured

LONGEST = timedelta(days=366)  # what one export or statistics may span
USUAL = timedelta(days=30)
# The last ones are what some phones and libraries call them.
PICTURE = File((*receipts.MEDIA_TYPES, "image/heif", "image/jpg", "application/octet-stream"), receipts.LARGEST)


def create(call: Call[OfPerson, None]) -> Receipt:
    with call.kit.db.begin() as tx:
        party = _sender(tx, call.parameters)
    upload = receipts.Upload(party, call.file, source="api", client_id=call.caller.id, reference=call.reference)
    return Receipt.of(receipts.submit(call.kit.db, call.kit.storage, upload, call.now))


def create_typed(call: Call[OfPerson, FactsAsked]) -> Receipt:
    facts = possible(call)
    with call.kit.db.begin() as tx:
        party = _sender(tx, call.parameters)
        if known := receipts.receipt_of_call(tx, call.reference):
            return Receipt.of(known)
        try:
            made = receipts.submit_typed(tx, party, facts, call.now, client_id=call.caller.id)
        except receipts.BadFacts as error:
            raise bad_facts(error) from None
        receipts.note_call(tx, call.reference, made.id)
    return Receipt.of(made)


def show(call: Call[OneReceiptOf, None]) -> Receipt:
    asked = call.parameters
    with call.kit.db.begin() as tx:
        if asked.user_id is None:
            return Receipt.of(receipts.any_receipt(tx, asked.receipt_id))
        return Receipt.of(receipts.receipt(tx, Party("user", asked.user_id), asked.receipt_id))


def history(call: Call[Page, None]) -> Receipts:
    asked = call.parameters
    with call.kit.db.begin() as tx:
        found = receipts.history(tx, _person(tx, asked).party, limit=asked.limit + 1, before=asked.before)
    return Receipts.page(found, asked.limit)


def statistics(call: Call[PeriodOf, None]) -> Statistics:
    since, until = _period(call.parameters, call.now)
    user_id = call.parameters.user_id
    with call.kit.db.begin() as tx:
        party = None if user_id is None else identity.user(tx, user_id).party
        return Statistics.of(since, until, receipts.statistics(tx, since, until, party=party))


def export(call: Call[Export, None]) -> Iterator[str]:
    since, until = _period(call.parameters, call.now)
    return receipts.export_table(call.kit.db, since, until, state=call.parameters.state)


def _person(tx: Session, asked: OfPerson) -> User:
    """Raises UserNotFound."""
    if asked.user_id is not None:
        return identity.user(tx, asked.user_id)
    found = identity.find_user(tx, asked.telegram_id or 0)
    if found is None:
        raise identity.UserNotFound("nobody with this Telegram id")
    return found


def _sender(tx: Session, asked: OfPerson) -> Party:
    """Raises UserNotFound, UserBlocked."""
    person = _person(tx, asked)
    if person.blocked:
        raise identity.UserBlocked(f"user {person.id}")
    return person.party


def _period(asked: Period, now: datetime) -> tuple[datetime, datetime]:
    until = asked.until or now
    since = asked.since or until - USUAL
    if not since < until:
        raise BadRequest([{"field": "since", "code": "out_of_order", "message": "It is not before until"}])
    if until - since > LONGEST:
        raise BadRequest([{"field": "since", "code": "too_long", "message": f"{LONGEST.days} days at most"}])
    return since, until


WRITING: dict[str, Any] = {
    "method": "POST",
    "scope": "receipts:write",
    "parameters": OfPerson,
    "once": True,
}

CONTRACT = (
    Endpoint(
        path="/api/v1/receipts",
        name="create_receipt",
        summary="Send a picture of a receipt for a person",
        description="The body is the file itself, 10 MB at most. What it is, is seen by its content, whatever it is "
        "called. It is read in the background: ask for the receipt again. The same file again becomes a receipt of its "
        "own, rejected with the reason `duplicate_file`; with the same Idempotency-Key it is the same receipt.",
        run=create,
        file=PICTURE,
        answers={202: Receipt},
        errors={
            400: (receipts.BadPicture,),
            403: (identity.UserBlocked,),
            404: (identity.UserNotFound,),
            429: (receipts.TooManyReceipts,),
            503: (Misconfigured,),
        },
        waits=True,
        **WRITING,
    ),
    Endpoint(
        path="/api/v1/receipts/typed",
        name="create_typed_receipt",
        summary="Send what a receipt says, without a picture",
        description="`merchant`, `date` and `total` are needed. It always waits for a person: nothing confirms it.",
        run=create_typed,
        body=FactsAsked,
        answers={201: Receipt},
        errors={
            403: (identity.UserBlocked,),
            404: (identity.UserNotFound,),
            429: (receipts.TooManyReceipts,),
        },
        **WRITING,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/receipts",
        name="list_receipts",
        summary="A person's receipts, newest first",
        scope="receipts:read",
        run=history,
        parameters=Page,
        answers={200: Receipts},
        errors={404: (identity.UserNotFound,)},
    ),
    Endpoint(
        method="GET",
        path="/api/v1/receipts/statistics",
        name="receipt_statistics",
        summary="Receipts counted",
        scope="receipts:read",
        run=statistics,
        parameters=PeriodOf,
        answers={200: Statistics},
        errors={404: (identity.UserNotFound,)},
    ),
    Endpoint(
        method="GET",
        path="/api/v1/receipts/export",
        name="export_receipts",
        summary="Receipts as a table (CSV, RFC 4180)",
        description="Ids, states and sums, nothing about people, in the order of ids. A cell that a spreadsheet would "
        "take for a formula begins with an apostrophe.",
        scope="receipts:read",
        run=export,
        parameters=Export,
        table="text/csv",
    ),
    *receipts_review.CONTRACT,
    Endpoint(
        method="GET",
        path="/api/v1/receipts/{receipt_id}",
        name="show_receipt",
        summary="Look at a receipt",
        scope="receipts:read",
        run=show,
        parameters=OneReceiptOf,
        answers={200: Receipt},
        errors={404: (receipts.ReceiptNotFound,)},
    ),
)
