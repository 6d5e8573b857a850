"""What the buttons carry. Old messages stay in people's chats for years: a word once given keeps its meaning, and a
button that no longer parses is answered as one of an older version. Telegram allows 64 bytes.

What is done with a subscription stands in callbacks_life.py, what is done with tokens in callbacks_wallet.py.

`shop`, `my`, `conf`, `renew`, `resume`, `manage`, `help`, `check`, `retry`, `tariff`, `cards`, `forget`, `wallet`,
`decide`, `auto`, `autooff`, `invite` and `gifts` also stand under notifications (services/notifications/buttons.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from apps.bot.callback_values import Id, ProviderCode, Slug
from apps.bot.callbacks_life import AgreeToChange, PayChange, ReadTermsToChange, SeeOffer

Choice = Literal["apply", "refund", "keep"]
Form = Literal["once", "save", "renew", "gift"]
GiftCode = Annotated[str, Field(pattern=r"^[A-Z2-9]{16}$")]
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


class DropCode(CallbackData, prefix="nocode"):
    """Buy at the listed price after all; leads back to the tariff."""

    slug: Slug


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


class AutoRenew(CallbackData, prefix="auto"):
    """Whether it renews by itself, and from what."""

    subscription_id: Id


class AutoRenewOn(CallbackData, prefix="autoon"):
    """From this remembered card; 0 is the balance."""

    subscription_id: Id
    method_id: Id


class AutoRenewOff(CallbackData, prefix="autooff"):
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


class Invite(CallbackData, prefix="invite"):
    """The own link, and what it has brought."""


class Friends(CallbackData, prefix="friends"):
    """Whom one has invited; `page` counts from 0."""

    page: Annotated[int, Field(ge=0, le=10_000)]


class Gifts(CallbackData, prefix="gifts"):
    """What one has bought to give away; `page` counts from 0."""

    page: Annotated[int, Field(ge=0, le=10_000)]


class ShowGift(CallbackData, prefix="gift"):
    """The code and link of an own gift, again."""

    gift_id: Id


class AcceptGift(CallbackData, prefix="giftyes"):
    gift_code: GiftCode


class GiveAway(CallbackData, prefix="giftof"):
    """The ways to pay for a tariff as a gift."""

    slug: Slug


class PayGift(CallbackData, prefix="giftpay"):
    provider: ProviderCode
    slug: Slug


class ReadTermsToGift(CallbackData, prefix="giftterms"):
    provider: ProviderCode
    slug: Slug


class AgreeToGift(CallbackData, prefix="giftok"):
    """Consent to the terms on the way to a gift."""

    provider: ProviderCode
    slug: Slug


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
    charges every 30 days by itself); gift (once, for somebody else). `offer_id`: it is a change to this tariff as
    offered there, paid once."""

    provider: str
    slug: str
    form: Form = "once"
    offer_id: int | None = None

    def pay(self) -> CallbackData:
        if self.offer_id is not None:
            return PayChange(provider=self.provider, offer_id=self.offer_id)
        words: dict[Form, type[Pay | Save | Subscribe | PayGift]] = {
            "once": Pay,
            "save": Save,
            "renew": Subscribe,
            "gift": PayGift,
        }
        return words[self.form](provider=self.provider, slug=self.slug)

    def agree(self) -> CallbackData:
        if self.offer_id is not None:
            return AgreeToChange(provider=self.provider, offer_id=self.offer_id)
        words: dict[Form, type[AgreeToSubscribe | AgreeToGift]] = {"renew": AgreeToSubscribe, "gift": AgreeToGift}
        return words.get(self.form, Agree)(provider=self.provider, slug=self.slug)

    def read_terms(self) -> CallbackData:
        if self.offer_id is not None:
            return ReadTermsToChange(provider=self.provider, offer_id=self.offer_id)
        words: dict[Form, type[ReadTermsToSubscribe | ReadTermsToGift]] = {
            "renew": ReadTermsToSubscribe,
            "gift": ReadTermsToGift,
        }
        return words.get(self.form, ReadTerms)(provider=self.provider, slug=self.slug)

    def others(self) -> CallbackData:
        """All the ways to pay for it."""
        return Card(slug=self.slug) if self.offer_id is None else SeeOffer(offer_id=self.offer_id)
