"""What a subscription gives: all of it in a list, and each good on a card of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apps.bot import callbacks
from apps.bot import callbacks_access as words
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.access_buttons import Card, actions
from apps.bot.screens.subscription import phase
from apps.bot.screens.words import bold, limits, usage
from services.notifications import title
from services.platform.i18n import Language
from services.provisioning import Access, Capability
from services.subscriptions import Subscription


def render_goods(_: Language, one: Subscription, given: Sequence[Access]) -> Screen:
    lines = [f"{sign(access)} {bold(title(_, access.good))}: {state(_, access)}" for access in given]
    rows = [[button(title(_, access.good), words.ShowAccess(grant_id=access.grant_id))] for access in given]
    head = "🔑 " + bold(_.own(one.terms.name))
    return Screen(
        "\n\n".join([head, "\n".join(lines), _("Choose one to see more.")]),
        keyboard(*rows, back(_, callbacks.Mine()), to_menu(_)),
    )


def render_access(
    _: Language, card: Card, now: datetime, zone: str, support: str | None, note: str | None = None
) -> Screen:
    """`support` is the username to write to; `note` (HTML) is said first."""
    access = card.access
    parts = [note, f"🔑 {bold(title(_, access.good))}", *_about(_, card, now, zone)]
    rows = actions(_, card, now, support)
    up = callbacks.Mine() if card.is_alone else callbacks.Config(subscription_id=card.subscription.id)
    return Screen("\n\n".join(part for part in parts if part), keyboard(*rows, back(_, up), to_menu(_)))


def sign(access: Access) -> str:
    if access.is_limited:
        return "📉"
    if access.is_barred:
        return "🚫"
    return {"preparing": "⏳", "ready": "✅", "suspended": "⏸", "sold_out": "😔"}.get(access.state, "⌛")


def state(_: Language, access: Access) -> str:
    """In a word or two."""
    match access.state:
        case "ready":
            return _("the traffic is used up") if access.is_limited else _("ready")
        case "preparing":
            return _("being prepared")
        case "suspended":
            return _("closed by an operator") if access.is_barred else _("paused")
        case "sold_out":
            return _("sold out")
        case _ended:
            return _("ended")


def _about(_: Language, card: Card, now: datetime, zone: str) -> list[str]:
    access, one = card.access, card.subscription
    match access.state:
        case "ready":
            ready = ["\n".join(_ready(_, card, now, zone))]
            return [*ready, _used_up(_, one.terms.traffic_reset)] if access.is_limited else ready
        case "preparing" if access.is_delayed:
            return [
                _(
                    "⏳ Paid, but preparing it takes longer than usual. We keep trying, and it arrives in this chat by"
                    " itself."
                )
            ]
        case "preparing":
            return [_("⏳ Paid, and being prepared. It arrives in this chat by itself, usually within a minute.")]
        case "suspended" if access.is_barred:
            return [_("🚫 An operator has closed this access. If you think that this is a mistake, write to support.")]
        case "suspended":
            return [_("⏸ The subscription is paused, and this access with it.")]
        case "sold_out":
            return [_("😔 The last one was gone when your payment came. We are sorry: your money comes back to you.")]
        case _ended if phase(one, now) == "expired":
            return [_("⌛ This access has ended.")]
        case _left:
            return [_("⌛ This access has ended: your tariff gives other things now.")]


def _ready(_: Language, card: Card, now: datetime, zone: str) -> list[str]:
    access, terms = card.access, card.subscription.terms
    lines = [_until(_, card.subscription, now, zone)]
    if access.location and not access.artifact("invite"):
        lines.append(_("📍 Location: {location}", location=access.location))
    if access.artifact("file") or access.artifact("link"):
        traffic, *others = limits(_, terms.traffic_bytes, terms.devices, terms.speed_mbps)
        is_counted = Capability.USAGE in card.can and access.used_bytes is not None
        lines += usage(_, access.used_bytes or 0, terms.traffic_bytes) if is_counted else [traffic]
        lines += others
    return lines


def _until(_: Language, one: Subscription, now: datetime, zone: str) -> str:
    end = _.moment(one.access_until if phase(one, now) == "grace" else one.ends_at, zone)
    return _("✅ Works until {moment}", moment=end)


def _used_up(_: Language, traffic_reset: str) -> str:
    """When there is more."""
    begins = {
        "period": _("It begins anew with the next period: renew, and you are connected again."),
        "none": _("This tariff has no more of it: another tariff connects you again."),
        "day": _("It begins anew every day, after midnight UTC."),
        "week": _("It begins anew every Monday, after midnight UTC."),
        "month": _("It begins anew on the first day of every month."),
    }
    lasts = _("It begins anew every month, on the day on which it first began.")
    return _("📉 The traffic of this period is used up.") + " " + begins.get(traffic_reset, lasts)


def render_replace(_: Language, card: Card) -> Screen:
    """The question."""
    access = card.access
    text = _(
        "🔄 <b>Replace {title}?</b>\n\nYou get a new one in this chat in a moment. The old one stops working at once,"
        " on every device that uses it: do this when somebody else has seen it.",
        title=title(_, access.good),
    )
    yes = words.ReplaceNow(grant_id=access.grant_id, generation=access.generation)
    return Screen(
        text,
        keyboard(
            [button(_.label("Yes, replace it"), yes)],
            back(_, words.ShowAccess(grant_id=access.grant_id)),
        ),
    )


def replaced(_: Language) -> str:
    return _("🔄 Being replaced: the new one arrives in this chat in a moment.")


def not_ready(_: Language) -> str:
    """Said over the card (plain text)."""
    return _.label("Still being prepared. It arrives in this chat by itself.")


def cannot(_: Language) -> str:
    return _("This cannot be done now. Here is how it stands:")
