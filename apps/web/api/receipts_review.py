"""Receipts that wait for a person: seen, corrected, approved, rejected. Who did it is in the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apps.web.api.receipts_shapes import Approval, FactsAsked, OneReceipt, Queue, Receipt, Receipts, Refusal
from apps.web.contract import Call, Endpoint
from apps.web.errors import BadRequest
from services import receipts


def waiting(call: Call[Queue, None]) -> Receipts:
    asked = call.parameters
    with call.kit.db.begin() as tx:
        found = receipts.in_review(tx, limit=asked.limit + 1, after=asked.after or 0)
    return Receipts.page(found, asked.limit)


def approve(call: Call[OneReceipt, Approval]) -> Receipt:
    kit, note = call.kit, call.body.note or ""
    with kit.db.begin() as tx:
        done = receipts.approve(
            tx, kit.cipher, call.parameters.receipt_id, actor=call.caller.actor, now=call.now, note_=note
        )
    return Receipt.of(done)


def reject(call: Call[OneReceipt, Refusal]) -> Receipt:
    receipt_id, asked = call.parameters.receipt_id, call.body
    with call.kit.db.begin() as tx:
        done = receipts.refuse(
            tx, receipt_id, asked.reason, actor=call.caller.actor, now=call.now, note_=asked.note or ""
        )
    return Receipt.of(done)


def correct(call: Call[OneReceipt, FactsAsked]) -> Receipt:
    facts = possible(call)
    with call.kit.db.begin() as tx:
        try:
            done = receipts.correct(tx, call.parameters.receipt_id, facts, actor=call.caller.actor, now=call.now)
        except receipts.BadFacts as error:
            raise bad_facts(error) from None
    return Receipt.of(done)


def possible(call: Call[Any, FactsAsked]) -> receipts.Facts:
    """What was written, if it says anything and is not of the future: somewhere it is tomorrow already. Raises
    BadRequest."""
    facts = call.body.facts
    if facts == receipts.Facts():
        raise bad_facts("at least one field is wanted")
    if facts.date and facts.date > (call.now + timedelta(days=1)).date():
        raise bad_facts("date: in the future")
    return facts


def bad_facts(message: object) -> BadRequest:
    """From "field: what is wrong with it"."""
    field, _, why = str(message).rpartition(": ")
    return BadRequest([{"field": field, "code": receipts.BadFacts.code, "message": why}])


ACTING: dict[str, Any] = {
    "method": "POST",
    "scope": "receipts:review",
    "parameters": OneReceipt,
    "answers": {200: Receipt},
}
UNFIT = {404: (receipts.ReceiptNotFound,), 409: (receipts.NotInReview,)}

CONTRACT = (
    Endpoint(
        method="GET",
        path="/api/v1/receipts/review",
        name="list_receipts_in_review",
        summary="Receipts that wait for a person, oldest first",
        scope="receipts:review",
        run=waiting,
        parameters=Queue,
        answers={200: Receipts},
    ),
    Endpoint(
        path="/api/v1/receipts/{receipt_id}/approve",
        name="approve_receipt",
        summary="What was read is right",
        description="What it earns is said by the rules, with all of their limits. Where they would pay nothing it is "
        "refused with `receipt_not_payable` and their `reason`, and stays in review.",
        run=approve,
        body=Approval,
        errors=UNFIT | {409: (receipts.NotInReview, receipts.NotPayable)},
        **ACTING,
    ),
    Endpoint(
        path="/api/v1/receipts/{receipt_id}/reject",
        name="reject_receipt",
        summary="It earns nothing",
        description="The person is told the reason. After `fraud` the same receipt cannot be sent again by anybody.",
        run=reject,
        body=Refusal,
        errors=UNFIT,
        **ACTING,
    ),
    Endpoint(
        path="/api/v1/receipts/{receipt_id}/correct",
        name="correct_receipt",
        summary="Put right what was read",
        description="Only what is sent changes; `lines` replace all lines. It stays in review.",
        run=correct,
        body=FactsAsked,
        errors=UNFIT,
        **ACTING,
    ),
)
