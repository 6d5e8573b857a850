"""Tokens as the API asks for them and shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from apps.web.api.shapes import WrittenId
from apps.web.contract import Answered, Asked
from services import wallet

Kind = Literal["topup", "spend", "refund", "adjustment", "subscription", "bonus", "bonus_expired", "other"]
Decimal = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$", examples=["3.14"])]
Word = Annotated[str, Field(min_length=1, max_length=40)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]

# What callers need to know of the ledger's kinds.
KINDS: dict[str, Kind] = {
    "topup": "topup",
    "spend": "spend",
    "topup_refund": "refund",
    "adjustment": "adjustment",
    "token_fee": "subscription",
    "token_fee_reversal": "subscription",
    "bonus_tokens": "bonus",
    "referral_reward": "bonus",
    "bonus_tokens_reversal": "refund",
    "referral_reward_reversal": "refund",
    "bonus_expired": "bonus_expired",
}


class OneUser(Asked):
    user_id: WrittenId = Field(description="Kiosk's own number of the person.")


class Page(OneUser):
    before: WrittenId | None = Field(None, description="`next` of the page before; else the newest.")
    limit: Annotated[int, Field(ge=1, le=100)] = Field(50, description="Lines of a page.")

    @model_validator(mode="before")
    @classmethod
    def _read_limit(cls, sent: Any) -> Any:
        """In a query everything is text."""
        given = sent.get("limit") if isinstance(sent, Mapping) else None
        if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 4:
            return {**sent, "limit": int(given)}
        return sent


class Usage(Asked):
    """Metered usage. It costs units x price x multiplier tokens, rounded up once to whole ones."""

    units: Decimal
    price: Decimal = Field(description="Tokens for one unit.")
    multiplier: Decimal = "1"


class SpendAsked(Asked):
    amount: Annotated[int, Field(ge=1, lt=10**13)] | None = Field(
        None, description="Whole tokens. Either this or usage."
    )
    usage: Usage | None = None
    description: str = Field(min_length=1, max_length=200, pattern=r"\S", description="The person reads it.")
    product: Slug | None = Field(None, description="Only where a subscription of this product runs.")
    metadata: dict[Word, Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict, max_length=20, description="Kept beside it, and given back."
    )

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if (self.amount is None) == (self.usage is None):
            raise ValueError("either amount or usage")
        return self


class Tokens(Answered):
    """A person's tokens. What can be spent is `total` and as much more as `floor` says."""

    user_id: int
    tokens: int = Field(description="Bought ones; below zero they are owed.")
    bonus: int = Field(description="Spent first.")
    total: int
    floor: int = Field(description="How far below zero the balance may go.")


class Spent(Answered):
    """Tokens were taken, now or by an earlier call with this key."""

    user_id: int
    spent: int
    from_bonus: int
    from_tokens: int
    tokens: int = Field(description="The balance after, of bought ones.")
    bonus: int = Field(description="The balance after, of bonus ones.")
    total: int

    @classmethod
    def of(cls, user_id: int, done: wallet.Spent) -> Self:
        return cls(
            user_id=user_id,
            spent=done.total,
            from_bonus=done.bonus,
            from_tokens=done.tokens,
            tokens=done.left.tokens,
            bonus=done.left.bonus,
            total=done.left.total,
        )


class Transaction(Answered):
    """What changed a balance: above zero came, below zero went."""

    id: int
    type: Kind
    tokens: int
    bonus: int
    description: str | None
    metadata: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, line: wallet.Line) -> Self:
        is_spending = line.kind == "spend"  # who adjusted, and why, is between operators
        return cls(
            id=line.id,
            type=KINDS.get(line.kind, "other"),
            tokens=line.tokens,
            bonus=line.bonus,
            description=line.description if is_spending else None,
            metadata=dict(line.detail) if is_spending else {},
            created_at=line.at,
        )


class Transactions(Answered):
    """Newest first. `next` is `before` of the next page; null where this is the last."""

    transactions: list[Transaction]
    next: int | None
