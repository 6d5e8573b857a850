from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardButton

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.keyboards import Row, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold, duration, gauge, left, limits
from services.platform.i18n import Language
from services.subscriptions import Subscription


def render_subscriptions(
    _: Language, owned: Sequence[Subscription], now: datetime, zone: str, *, has_cards: bool
) -> Screen:
    """`zone` is the IANA name of the time zone in which moments are told; `has_cards`: cards can be remembered."""
    cards = [button(_.label("Remembered cards"), callbacks.Cards())] if has_cards else []
    if not owned:
        return Screen(
            _("🔑 <b>My subscription</b>\n\nYou have none yet. Choose a tariff, and you are connected in two minutes."),
            keyboard([button(_.label("Buy VPN access"), callbacks.Shop())], cards, to_menu(_)),
        )
    blocks = [about(_, one, now, zone) for one in owned]
    rows = [row for one in owned for row in _buttons(_, one, now, several=len(owned) > 1)]
    return Screen("\n\n".join([_("🔑 <b>My subscription</b>"), *blocks]), keyboard(*rows, cards, to_menu(_)))


def render_preparing(_: Language) -> Screen:
    return Screen(
        _("⏳ Your access is still being prepared. It arrives in this chat by itself, usually within a minute."),
        keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)),
    )


def render_ended(_: Language, subscription_id: int) -> Screen:
    return Screen(
        _("⌛ This subscription has ended, and its key with it. Renew it to go on."),
        keyboard([button(_.label("Renew"), callbacks.Renew(subscription_id=subscription_id))], to_menu(_)),
    )


def render_stands_still(_: Language, one: Subscription) -> Screen:
    """The answer to who wants the keys of a paused one."""
    kept = duration(_, one.left_while_paused)
    return Screen(
        _("⏸ This subscription is paused, so it has no key now. Its time is kept: {time}.", time=kept),
        keyboard([button(_.label("Resume"), life.Resume(subscription_id=one.id))], to_menu(_)),
    )


def phase(one: Subscription, now: datetime) -> str:
    """Its state at this moment: the sweep that ends things may be a minute behind."""
    if one.state in ("expired", "paused") or one.ends_at > now:
        return one.state
    return "grace" if one.access_until > now else "expired"


def about(_: Language, one: Subscription, now: datetime, zone: str) -> str:
    """What it is, how it stands, and what it gives."""
    lines = [bold(_.own(one.terms.name)), *_state(_, one, now, zone)]
    if phase(one, now) != "expired":
        lines += limits(_, one.terms.traffic_bytes, one.terms.devices, one.terms.speed_mbps)
    return "\n".join(lines)


def _state(_: Language, one: Subscription, now: datetime, zone: str) -> list[str]:
    end = _.moment(one.ends_at, zone)
    match phase(one, now):
        case "trial":
            return [_("🎁 Free trial until {moment}", moment=end), _running(_, one, now)]
        case "active":
            return [_("✅ Active until {moment}", moment=end), _running(_, one, now)]
        case "canceled":
            return [_("🔕 Will not be renewed, works until {moment}", moment=end), _running(_, one, now)]
        case "grace":
            until = _.moment(one.access_until, zone)
            return [_("⚠️ Ended on {moment}. Access goes on until {until}: renew now.", moment=end, until=until)]
        case "paused":
            return [_("⏸ Paused. Its time is kept: {time}.", time=duration(_, one.left_while_paused))]
        case _expired:
            return [_("⌛ Ended on {moment}. Renew it to be connected again.", moment=end)]


def _running(_: Language, one: Subscription, now: datetime) -> str:
    return f"{left(_, one.ends_at - now)}  {gauge(one.ends_at - now, one.ends_at - one.started_at)}"


def _buttons(_: Language, one: Subscription, now: datetime, *, several: bool) -> list[Row]:
    """The next step of each first; all else is behind "Manage"."""
    suffix = f" · {_.own(one.terms.name)}"[:40] if several else ""
    manage = button(_.label("⚙️ Manage") + suffix, life.Manage(subscription_id=one.id))
    connect = button(_.label("How to connect"), callbacks.Connect(subscription_id=one.id))
    key = button(_.label("Access and keys") + suffix, callbacks.Config(subscription_id=one.id))
    match phase(one, now):
        case "expired":
            return [[next_step(_, one, now, suffix)]]
        case "paused":
            return [[next_step(_, one, now, suffix)], [manage]]
        case _on:
            last = [[manage]] if several else [[connect], [manage]]
            return [[key], [next_step(_, one, now, suffix)], *last]


def next_step(_: Language, one: Subscription, now: datetime, suffix: str = "") -> InlineKeyboardButton:
    """What most people want next."""
    match phase(one, now):
        case "trial":
            return button(_.label("Choose a tariff"), callbacks.Shop())
        case "expired" if not one.terms.price.minor:  # a trial: it is not sold
            return button(_.label("Choose a tariff"), callbacks.Shop())
        case "paused":
            return button(_.label("Resume") + suffix, life.Resume(subscription_id=one.id))
        case _other:
            return button(_.label("Renew") + suffix, callbacks.Renew(subscription_id=one.id))
