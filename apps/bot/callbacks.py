"""What the buttons carry. Old messages stay in people's chats for years: a word once given keeps its meaning, and a
button that no longer parses is answered as one of an older version. Telegram allows 64 bytes.

`shop`, `my`, `conf`, `renew`, `help` and `check` also stand under notifications (services/notifications/buttons.py)."""

from __future__ import annotations

from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

Id = Annotated[int, Field(ge=0, lt=2**63)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
ProviderCode = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
System = Literal["ios", "android", "windows", "macos", "linux"]
SYSTEMS: tuple[System, ...] = ("ios", "android", "windows", "macos", "linux")


class Menu(CallbackData, prefix="menu"):
    pass


class Shop(CallbackData, prefix="shop"):
    pass


class Card(CallbackData, prefix="tariff"):
    slug: Slug


class Pay(CallbackData, prefix="pay"):
    provider: ProviderCode
    slug: Slug


class ReadTerms(CallbackData, prefix="terms"):
    """The terms, on the way to a payment."""

    provider: ProviderCode
    slug: Slug


class Agree(CallbackData, prefix="agree"):
    """Consent to the terms and the payment, in one tap."""

    provider: ProviderCode
    slug: Slug


class Check(CallbackData, prefix="check"):
    payment_id: Id


class Mine(CallbackData, prefix="my"):
    pass


class Config(CallbackData, prefix="conf"):
    subscription_id: Id


class Renew(CallbackData, prefix="renew"):
    subscription_id: Id


class Connect(CallbackData, prefix="help"):
    """How to connect; 0 stands for nobody's subscription in particular."""

    subscription_id: Id


class Guide(CallbackData, prefix="guide"):
    system: System
    subscription_id: Id


class History(CallbackData, prefix="history"):
    """`page` counts from 0."""

    page: Annotated[int, Field(ge=0, le=10_000)]


class Help(CallbackData, prefix="support"):
    pass


class Languages(CallbackData, prefix="languages"):
    pass


class Speak(CallbackData, prefix="lang"):
    code: Literal["ru", "uk", "en"]
