from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apps.bot import callbacks
from apps.bot.keyboards import Row, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold, left, limits
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
    blocks = [_block(_, one, now, zone) for one in owned]
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


def config_caption(_: Language, location: str) -> str:
    """Under the configuration file: HTML, at most 1024 characters."""
    return _("🔑 Your key, <b>{location}</b>. Open it in the WireGuard app and show it to nobody.", location=location)


def render_qr(_: Language, subscription_id: int) -> Screen:
    """The caption and buttons of the QR code."""
    return Screen(
        _("The same key as a QR code: scan it with the WireGuard app on your phone."),
        keyboard([button(_.label("How to connect"), callbacks.Connect(subscription_id=subscription_id))], to_menu(_)),
    )


def _block(_: Language, one: Subscription, now: datetime, zone: str) -> str:
    name = bold(_.own(one.terms.name))
    if one.ends_at <= now:
        ended = _("⌛ Ended on {moment}. Renew it to be connected again.", moment=_.moment(one.ends_at, zone))
        return f"{name}\n{ended}"
    until = _("✅ Active until {moment}", moment=_.moment(one.ends_at, zone))
    terms = limits(_, one.terms.traffic_bytes, one.terms.devices, one.terms.speed_mbps)
    return "\n".join([name, until, left(_, one.ends_at - now), *terms])


def _buttons(_: Language, one: Subscription, now: datetime, *, several: bool) -> list[Row]:
    suffix = f" · {_.own(one.terms.name)}" if several else ""
    renew = [button(_.label("Renew") + suffix, callbacks.Renew(subscription_id=one.id))]
    if one.ends_at <= now:
        return [renew]
    return [
        [button(_.label("Configuration and QR") + suffix, callbacks.Config(subscription_id=one.id))],
        renew,
        [button(_.label("Auto-renewal") + suffix, callbacks.AutoRenew(subscription_id=one.id))],
        [button(_.label("How to connect") + suffix, callbacks.Connect(subscription_id=one.id))],
    ]
