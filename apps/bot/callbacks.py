"""What the buttons carry. Old messages stay in people's chats for years: a word once given keeps its meaning, and a
button that no longer parses is answered as one of an older version. Telegram allows 64 bytes.

`shop`, `my`, `conf`, `renew`, `resume`, `manage`, `help`, `check`, `retry`, `tariff`, `cards`, `forget` and `decide`
also stand under notifications (services/notifications/buttons.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

Id = Annotated[int, Field(ge=0, lt=2**63)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
ProviderCode = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
Choice = Literal["apply", "refund", "keep"]
Form = Literal["once", "save", "renew"]
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


class Save(CallbackData, prefix="save"):
    """Pay, and have the card remembered."""

    provider: ProviderCode
    slug: Slug


class AgreeToSave(CallbackData, prefix="saveok"):
    """Consent to a remembered card."""

    provider: ProviderCode
    slug: Slug


class Subscribe(CallbackData, prefix="sub"):
    """Pay now, and let the provider charge every 30 days by itself."""

    provider: ProviderCode
    slug: Slug


class ReadTermsToSubscribe(CallbackData, prefix="subterms"):
    provider: ProviderCode
    slug: Slug


class AgreeToSubscribe(CallbackData, prefix="subok"):
    """Consent to the terms on the way to a subscription."""

    provider: ProviderCode
    slug: Slug


class Spend(CallbackData, prefix="spend"):
    """Take `minor` units from the balance, as was asked at the Unix time `at`: however often it is tapped, once."""

    slug: Slug
    at: Annotated[int, Field(ge=0, lt=10**10)]
    minor: Annotated[int, Field(ge=0, lt=10**13)]


class Retry(CallbackData, prefix="retry"):
    """Another attempt to pay the invoice of an earlier one."""

    payment_id: Id


class Check(CallbackData, prefix="check"):
    payment_id: Id


class Mine(CallbackData, prefix="my"):
    pass


class Cards(CallbackData, prefix="cards"):
    """The remembered ones."""


class Forget(CallbackData, prefix="forget"):
    """Asks first."""

    method_id: Id


class ForgetNow(CallbackData, prefix="forgetok"):
    method_id: Id


class Config(CallbackData, prefix="conf"):
    subscription_id: Id


class Renew(CallbackData, prefix="renew"):
    subscription_id: Id


class Trial(CallbackData, prefix="trial"):
    """What a trial is; asks first."""

    slug: Slug


class ReadTermsToTry(CallbackData, prefix="trialterms"):
    slug: Slug


class BeginTrial(CallbackData, prefix="trialok"):
    """Consent to the terms, and the trial, in one tap."""

    slug: Slug


class Manage(CallbackData, prefix="manage"):
    """One subscription, and all that can be done with it."""

    subscription_id: Id


class Pause(CallbackData, prefix="pause"):
    """Asks first."""

    subscription_id: Id


class PauseNow(CallbackData, prefix="pauseok"):
    subscription_id: Id


class Resume(CallbackData, prefix="resume"):
    subscription_id: Id


class Cancel(CallbackData, prefix="cancel"):
    """Turn the renewal off; asks first."""

    subscription_id: Id


class CancelNow(CallbackData, prefix="cancelok"):
    subscription_id: Id


class Keep(CallbackData, prefix="keep"):
    """Turn the renewal on again."""

    subscription_id: Id


class Change(CallbackData, prefix="change"):
    """The other tariffs of its product."""

    subscription_id: Id


class ChangeTo(CallbackData, prefix="to"):
    """What a change to this tariff costs and brings, as of now."""

    subscription_id: Id
    slug: Slug


class SeeOffer(CallbackData, prefix="offer"):
    """The change that was shown, or, when it no longer holds, what it would be now."""

    offer_id: Id


class ChangeNow(CallbackData, prefix="changeok"):
    """Carries out a change that costs nothing."""

    offer_id: Id


class PayChange(CallbackData, prefix="changepay"):
    provider: ProviderCode
    offer_id: Id


class ReadTermsToChange(CallbackData, prefix="changeterms"):
    """The terms, on the way to the payment of a change."""

    provider: ProviderCode
    offer_id: Id


class AgreeToChange(CallbackData, prefix="changeagree"):
    """Consent to the terms and the payment of a change, in one tap."""

    provider: ProviderCode
    offer_id: Id


class SpendOnChange(CallbackData, prefix="changespend"):
    """Take the price of a change from the balance: however often it is tapped, once."""

    offer_id: Id


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


class Held(CallbackData, prefix="held"):
    """For operators: a payment that waits for a decision."""

    payment_id: Id


class Decide(CallbackData, prefix="decide"):
    """Asks first."""

    payment_id: Id
    choice: Choice


class DecideNow(CallbackData, prefix="decideok"):
    payment_id: Id
    choice: Choice


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody pays for a tariff. `form`: once; save (once, and the card is remembered); renew (the provider then
    charges every 30 days by itself). `offer_id`: it is a change to this tariff as offered there, paid once."""

    provider: str
    slug: str
    form: Form = "once"
    offer_id: int | None = None

    def pay(self) -> CallbackData:
        if self.offer_id is not None:
            return PayChange(provider=self.provider, offer_id=self.offer_id)
        words: dict[Form, type[Pay | Save | Subscribe]] = {"once": Pay, "save": Save, "renew": Subscribe}
        return words[self.form](provider=self.provider, slug=self.slug)

    def agree(self) -> CallbackData:
        if self.offer_id is not None:
            return AgreeToChange(provider=self.provider, offer_id=self.offer_id)
        word = AgreeToSubscribe if self.form == "renew" else Agree
        return word(provider=self.provider, slug=self.slug)

    def read_terms(self) -> CallbackData:
        if self.offer_id is not None:
            return ReadTermsToChange(provider=self.provider, offer_id=self.offer_id)
        word = ReadTermsToSubscribe if self.form == "renew" else ReadTerms
        return word(provider=self.provider, slug=self.slug)

    def others(self) -> CallbackData:
        """All the ways to pay for it."""
        return Card(slug=self.slug) if self.offer_id is None else SeeOffer(offer_id=self.offer_id)
