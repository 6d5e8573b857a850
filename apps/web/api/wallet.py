"""Tokens: how many there are, what became of them, spending."""

from __future__ import annotations

import uuid
from typing import Any

from apps.web.api.wallet_shapes import OneUser, Page, SpendAsked, Spent, Tokens, Transaction, Transactions
from apps.web.contract import Call, Endpoint
from services import identity, wallet
from services.ledger import Insufficient


def balance(call: Call[OneUser, None]) -> Tokens:
    with call.kit.db.begin() as tx:
        person = identity.user(tx, call.parameters.user_id)
        seen = wallet.overview(tx, person.party, bonus_days=0)
    left = seen.balance
    return Tokens(user_id=person.id, tokens=left.tokens, bonus=left.bonus, total=left.total, floor=seen.floor)


def transactions(call: Call[Page, None]) -> Transactions:
    asked = call.parameters
    with call.kit.db.begin() as tx:
        person = identity.user(tx, asked.user_id)
        lines = wallet.history(tx, person.party, before=asked.before, limit=asked.limit + 1)
    shown = lines[: asked.limit]
    return Transactions(
        transactions=[Transaction.of(line) for line in shown], next=shown[-1].id if len(lines) > len(shown) else None
    )


def spend(call: Call[OneUser, SpendAsked]) -> Spent:
    asked = call.body
    how: dict[str, Any] = {
        "reference": call.reference or f"api:{uuid.uuid4()}",
        "description": asked.description,
        "product": asked.product,
        "metadata": asked.metadata,
        "now": call.now,
    }
    with call.kit.db.begin() as tx:
        party = identity.user(tx, call.parameters.user_id).party
        if asked.usage is not None:
            usage = asked.usage.model_dump()
            done = wallet.charge_usage(tx, party, **usage, **how)
        else:
            done = wallet.spend(tx, party, asked.amount or 0, **how)
    return Spent.of(call.parameters.user_id, done)


CONTRACT = (
    Endpoint(
        method="GET",
        path="/api/v1/users/{user_id}/balance",
        name="show_balance",
        summary="Look at a person's tokens",
        scope="tokens",
        run=balance,
        parameters=OneUser,
        answers={200: Tokens},
        errors={404: (identity.UserNotFound,)},
    ),
    Endpoint(
        method="GET",
        path="/api/v1/users/{user_id}/transactions",
        name="list_transactions",
        summary="What became of a person's tokens",
        scope="tokens",
        run=transactions,
        parameters=Page,
        answers={200: Transactions},
        errors={404: (identity.UserNotFound,)},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/users/{user_id}/spend",
        name="spend_tokens",
        summary="Spend a person's tokens",
        description="Bonus tokens go first. A named `product` needs a subscription of it that runs; without one, a "
        "person whose tariff has a fee needs the tariff's own. Send an Idempotency-Key: without one, the same call "
        "again spends again.",
        scope="tokens:spend",
        run=spend,
        parameters=OneUser,
        body=SpendAsked,
        answers={201: Spent},
        errors={
            400: (wallet.BadUsage,),
            403: (identity.UserBlocked, wallet.SubscriptionNeeded),
            404: (identity.UserNotFound,),
            409: (Insufficient, wallet.ReferenceUsed),
        },
        once=True,
    ),
)
