"""The buttons of a subscription's life, as in callbacks.py."""

from __future__ import annotations

from aiogram.filters.callback_data import CallbackData

from apps.bot.callback_values import Id, ProviderCode, Slug


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
    """Cancel; asks first."""

    subscription_id: Id


class CancelNow(CallbackData, prefix="cancelok"):
    subscription_id: Id


class Keep(CallbackData, prefix="keep"):
    """Take a cancellation back."""

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


class MoneyBack(CallbackData, prefix="moneyback"):
    """For a grant that was paid and never delivered; asks first."""

    grant_id: Id


class MoneyBackNow(CallbackData, prefix="moneybackok"):
    grant_id: Id


class WaitOn(CallbackData, prefix="waiton"):
    """Goes on waiting for that grant."""

    grant_id: Id
