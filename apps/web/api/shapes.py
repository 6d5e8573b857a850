"""Shapes that many endpoints share."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from apps.web.contract import Answered, Asked
from services.platform.money import BadAmount, Money

LARGEST_ID = 2**63 - 1
DIGITS = re.compile(r"[1-9][0-9]{0,18}")


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and DIGITS.fullmatch(value) else value


Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
WrittenId = Annotated[Id, BeforeValidator(_number)]  # in a path or a query, where everything is text
Url = Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s/@]+(/\S*)?$")]


class AmountAsked(Asked):
    """Money: `value` is a decimal as text with as many digits after the point as the currency has, or fewer."""

    value: str = Field(pattern=r"^[0-9]{1,11}(\.[0-9]{1,2})?$", examples=["299.00"])
    currency: Literal["RUB", "UAH", "USD", "EUR", "XTR"]

    @property
    def money(self) -> Money:
        return Money.parse(self.value, self.currency)

    @model_validator(mode="after")
    def _is_money(self) -> Self:
        try:
            _ = self.money
        except BadAmount as error:
            raise ValueError(str(error)) from None
        return self


class Amount(Answered):
    """Money: `value` is a decimal as text with exactly as many digits after the point as the currency has."""

    value: str = Field(examples=["299.00"])
    currency: str

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(value=str(money), currency=money.currency)
