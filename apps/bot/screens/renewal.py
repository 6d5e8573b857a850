from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.bot import callbacks
from apps.bot.keyboards import Row, back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold
from services.billing import SavedMethod
from services.platform.i18n import Language
from services.subscriptions import Foreseen, Renewal, Subscription


@dataclass(frozen=True, slots=True)
class Settings:
    """How a subscription renews, and what else it could be charged from."""

    subscription: Subscription
    renewal: Renewal | None
    foreseen: Foreseen
    cards: Sequence[SavedMethod]
    has_balance: bool


def render_renewal(_: Language, its: Settings, zone: str, note: str | None = None) -> Screen:
    """`note` (HTML) is said first."""
    title = _("🔁 <b>Auto-renewal</b>")
    until = _("Paid until {end}.", end=_.moment(its.subscription.ends_at, zone))
    parts = [note, title, bold(_.own(its.subscription.terms.name)), until, _state(_, its, zone)]
    return Screen("\n\n".join(part for part in parts if part), keyboard(*_buttons(_, its)))


def is_on_now(_: Language) -> str:
    return _("✅ Auto-renewal is on.")


def is_off_now(_: Language) -> str:
    return _("✅ Auto-renewal is off: nothing will be charged by itself.")


def why_it_cannot(_: Language, reason: str) -> str:
    """Of subscriptions.CannotRenew."""
    match reason:
        case "trial":
            return _("A trial does not renew by itself. Buy a tariff first.")
        case "canceled":
            return _("You have canceled this subscription, so it does not renew.")
        case "paused":
            return _("While the subscription is paused nothing is charged.")
        case "provider":
            return _("Telegram renews it with your Stars. To stop that, open Telegram's settings, “My Stars”.")
        case "tokens":
            return _("Its fee is taken from your tokens, a day before the end.")
        case "short_period":
            return _("Such a short period does not renew by itself.")
        case "withdrawn":
            return _("This tariff is not sold any more. Choose another one.")
        case _other:
            return _("The period is over: renew it once by yourself, then auto-renewal can be turned on.")


def _state(_: Language, its: Settings, zone: str) -> str:
    seen, renewal = its.foreseen, its.renewal
    if seen.charge_at is not None and seen.price is not None:
        values = {"at": _.moment(seen.charge_at, zone), "amount": _.money(seen.price)}
        if seen.by == "card":
            return _("On {at} we charge {amount} from your card <b>{card}</b>.", **values, card=seen.card or "")
        return _("On {at} we take {amount} from your balance.", **values)
    if renewal is None or not renewal.on:
        return _("It is off: when the period ends you renew by yourself. Choose below from what to renew.")
    match seen.why_not:
        case "paid" | "extended":
            return _("The next period is paid already.")
        case "too_late" | "not_told":
            return _("It is on, but too late for this period: renew it once by yourself.")
        case "unreachable":
            return _("It is on, but we could not write to you, and nothing is charged without telling you before.")
        case "no_card":
            return _("Its card is forgotten. Choose another one.")
        case "trial" | "canceled" | "paused" | "provider" | "tokens" | "short_period" | "withdrawn" | "expired":
            return why_it_cannot(_, seen.why_not)
        case _other:
            return _("It is on, but this period could not be charged: renew it once by yourself.")


def _buttons(_: Language, its: Settings) -> list[Row]:
    """Off, or the other ways; none of it where nothing can be changed."""
    owned, renewal = its.subscription, its.renewal
    on = renewal is not None and renewal.on and renewal.by != "provider"
    rows: list[Row] = []
    if on:
        rows.append([button(_.label("Turn off auto-renewal"), callbacks.AutoRenewOff(subscription_id=owned.id))])
    if owned.state == "active" and its.foreseen.why_not != "provider":
        current = (renewal.by, renewal.method_id) if renewal is not None and on else None
        for card in its.cards:
            if current != ("card", card.id):
                label = _.label("Renew from {card}", card=card.title[:40])
                rows.append([button(label, callbacks.AutoRenewOn(subscription_id=owned.id, method_id=card.id))])
        if its.has_balance and current != ("balance", None):
            word = callbacks.AutoRenewOn(subscription_id=owned.id, method_id=0)
            rows.append([button(_.label("Auto-renew from the balance"), word)])
    rows.append([button(_.label("Renew now"), callbacks.Renew(subscription_id=owned.id))])
    return [*rows, back(_, callbacks.Mine()), to_menu(_)]
