"""Promo codes in words: what they give, why they do not work, what came of them."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot.keyboards import button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold
from services import promotions
from services.platform.errors import KioskError
from services.platform.i18n import Language
from services.platform.money import Money
from services.promotions import PromoCode
from services.subscriptions import Redeemed


def named(_: Language, code: PromoCode) -> str:
    return _("🏷 Promo code <b>{code}</b>", code=code.code)


def gives(_: Language, code: PromoCode) -> str:
    match code.kind:
        case "percent":
            return _("{amount} off the price", amount=f"{code.value}%")
        case "fixed":
            return _("{amount} off the price", amount=" / ".join(_.money(one) for one in code.amounts.values()))
        case "bonus_tokens":
            return _("{what} as a gift", what=_.money(Money(code.value, "BONUS")))
        case "free_days":
            return _("{what} as a gift", what=_.n("{count} day", "{count} days", code.value))
        case "trial":
            return _("a free trial")


def accepted(_: Language, code: PromoCode) -> str:
    """Above the tariffs."""
    kept = _("It counts for your next purchase within a day. Choose what to buy:")
    return f"{named(_, code)}: {gives(_, code)}\n{kept}"


def why_not(_: Language, error: KioskError, zone: str) -> str:
    """The reason of a refusal, as a sentence. `zone` is that of the times."""
    match error:
        case promotions.PromoNotYet():
            return _("this code works from {moment} on.", moment=_.moment(error.since, zone))
        case promotions.PromoNotForYou() if error.audience == "new":
            return _("this code is for the first purchase only.")
        case promotions.PromoNotForYou():
            return _("this code is for those who have bought something here before.")
        case promotions.PromoBelowMinimum():
            return _("this code works for purchases from {amount}.", amount=_.money(error.minimum))
    reasons = {
        "promo_unknown": _("there is no such code. Please check the spelling."),
        "promo_over": _("this code is no longer valid."),
        "promo_used_up": _("this code has been used up."),
        "promo_used_by_you": _("you have used this code already."),
        "promo_not_for_tariff": _("this code is not for this tariff."),
        "promo_not_for_payment": _("this code does not work with this way to pay."),
        "promo_without_purchase": _("this code needs no purchase: just send it to me."),
        "promo_needs_purchase": _("this code works when you buy something."),
        "promo_needs_subscription": _("this code adds days to a subscription, and you have none right now."),
        "promo_too_many_guesses": _("that was too many wrong codes. Please try again in an hour."),
        "trial_used": _("a trial is for those who have not used this yet, once."),
    }
    return reasons.get(error.code) or _("this code does not work right now.")


def render_refused(_: Language, error: KioskError, zone: str) -> Screen:
    return Screen(
        _("🏷 <b>Promo code</b>") + "\n\n" + _capital(why_not(_, error, zone)),
        keyboard([button(_.label("See what is on sale"), callbacks.Shop())], to_menu(_)),
    )


def render_ask(_: Language) -> Screen:
    how = _("Send me the code in a message.")
    return Screen(_("🏷 <b>Promo code</b>") + f"\n\n{how}", keyboard(to_menu(_)))


def render_given(_: Language, given: Redeemed, zone: str) -> Screen:
    """What a code gave at once."""
    parts = [f"✅ {named(_, given.code)}: {gives(_, given.code)}"]
    rows = [to_menu(_)]
    if (owned := given.subscription) is not None:
        until = _("✅ Active until {moment}", moment=_.moment(owned.ends_at, zone))
        parts.append(f"{bold(_.own(owned.terms.name))}\n{until}")
        rows.insert(0, [button(_.label("My subscription"), callbacks.Mine())])
    return Screen("\n\n".join(parts), keyboard(*rows))


def discount_of(_: Language, promo: str | None, listed: Money | None, price: Money) -> str | None:
    """A line for the screens on which an order is paid."""
    if promo is None:
        return None
    code = _("🏷 Promo code <b>{code}</b>", code=promo)
    if listed is None or listed == price:
        return code
    instead = _("instead of <s>{listed}</s>", listed=_.money(listed))
    return f"{code}: {instead}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
