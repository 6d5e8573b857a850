"""One subscription and all that can be done with it; a question stands before whatever takes something away."""

from __future__ import annotations

from datetime import datetime

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.keyboards import Row, back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.subscription import about, next_step, phase
from apps.bot.screens.words import duration
from services.platform.i18n import Language
from services.subscriptions import Subscription


def render_manage(_: Language, one: Subscription, now: datetime, zone: str, note: str | None = None) -> Screen:
    """`note` (HTML) is said first."""
    rows = [[next_step(_, one, now)], *_more(_, one, now)]
    parts = [note, _("⚙️ <b>Manage</b>"), about(_, one, now, zone)]
    return Screen("\n\n".join(part for part in parts if part), keyboard(*rows, back(_, callbacks.Mine()), to_menu(_)))


def render_pause(_: Language, one: Subscription, now: datetime) -> Screen:
    """The question."""
    text = _(
        "⏸ <b>Pause?</b>\n\nAccess to {tariff} stops at once. {time} are kept for you to the second, and you go on with"
        " them whenever you like.",
        tariff=_.own(one.terms.name),
        time=duration(_, one.ends_at - now),
    )
    yes = [button(_.label("Yes, pause"), life.PauseNow(subscription_id=one.id))]
    return Screen(text, keyboard(yes, back(_, life.Manage(subscription_id=one.id))))


def render_cancel(_: Language, one: Subscription, zone: str) -> Screen:
    """The question."""
    text = _(
        "🔕 <b>Cancel the subscription?</b>\n\n{tariff} works until {moment} and is not renewed: your access ends on"
        " that very day. You can take this back until then.",
        tariff=_.own(one.terms.name),
        moment=_.moment(one.ends_at, zone),
    )
    yes = [button(_.label("Yes, cancel"), life.CancelNow(subscription_id=one.id))]
    return Screen(text, keyboard(yes, back(_, life.Manage(subscription_id=one.id))))


def paused(_: Language) -> str:
    return _("⏸ Paused: your time stands still.")


def resumed(_: Language) -> str:
    return _("▶️ It goes on. Your key arrives in this chat in a moment.")


def canceled(_: Language) -> str:
    return _("🔕 Canceled: it will not be renewed.")


def kept(_: Language) -> str:
    return _("🔔 The cancellation is taken back.")


def not_now(_: Language) -> str:
    """The button was from before something changed."""
    return _("This cannot be done now. Here is how it stands:")


def _more(_: Language, one: Subscription, now: datetime) -> list[Row]:
    number = one.id
    renew = [button(_.label("Renew"), callbacks.Renew(subscription_id=number))]
    change = [button(_.label("Change the tariff"), life.Change(subscription_id=number))]
    key = [
        [button(_.label("Access and keys"), callbacks.Config(subscription_id=number))],
        [button(_.label("How to connect"), callbacks.Connect(subscription_id=number))],
    ]
    match phase(one, now):
        case "active":
            pause = button(_.label("⏸ Pause"), life.Pause(subscription_id=number))
            cancel = button(_.label("🔕 Cancel the subscription"), life.Cancel(subscription_id=number))
            renewal = [button(_.label("🔁 Auto-renewal"), callbacks.AutoRenew(subscription_id=number))]
            return [renewal, change, *key, [pause], [cancel]]
        case "canceled":
            keep = [button(_.label("🔔 Keep the subscription"), life.Keep(subscription_id=number))]
            return [keep, change, *key]
        case "trial" | "grace":
            return key
        case "paused":
            return [renew]
        case _expired:
            return [[button(_.label("See what is on sale"), callbacks.Shop())]]
