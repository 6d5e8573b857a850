"""What the buttons about tokens carry; see callbacks.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from apps.bot.callback_values import Id, ProviderCode, Slug

Currency = Literal["RUB", "UAH", "USD", "EUR", "XTR"]
Minor = Annotated[int, Field(ge=0, lt=10**9)]


class Wallet(CallbackData, prefix="wallet"):
    """Tokens: how many there are, and how to get more."""


class TopUp(CallbackData, prefix="topup"):
    """So much is to be paid in: by which way?"""

    slug: Slug
    currency: Currency
    minor: Minor


class TopUpOwn(CallbackData, prefix="topown"):
    """The person will write how much."""

    slug: Slug
    currency: Currency


class TopUpBy(CallbackData, prefix="topby"):
    """Pay in `minor` units of the provider's currency."""

    provider: ProviderCode
    slug: Slug
    minor: Minor


class ReadTermsToTopUp(CallbackData, prefix="toptm"):
    provider: ProviderCode
    slug: Slug
    minor: Minor


class AgreeToTopUp(CallbackData, prefix="topok"):
    """Consent to the terms and the payment, in one tap."""

    provider: ProviderCode
    slug: Slug
    minor: Minor


class Tokens(CallbackData, prefix="tokens"):
    """What became of them; `before` is the last line that was seen, 0 begins with the newest."""

    before: Id


@dataclass(frozen=True, slots=True)
class TopUpWay:
    """How somebody pays `minor` units in under a tariff of tokens."""

    provider: str
    slug: str
    minor: int
    form: Literal["once"] = "once"

    def pay(self) -> CallbackData:
        return TopUpBy(provider=self.provider, slug=self.slug, minor=self.minor)

    def agree(self) -> CallbackData:
        return AgreeToTopUp(provider=self.provider, slug=self.slug, minor=self.minor)

    def read_terms(self) -> CallbackData:
        return ReadTermsToTopUp(provider=self.provider, slug=self.slug, minor=self.minor)

    def others(self) -> CallbackData:
        return Wallet()
