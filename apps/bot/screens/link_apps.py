"""Apps that take a subscription link, for each operating system.

Their own schemes (happ://add/..., hiddify://import/...) would add the link in one tap, but Telegram refuses them in
buttons and shows them as plain text in messages: a link is copied, scanned, or opened as the panel's own page."""

from __future__ import annotations

from typing import Literal

from apps.bot.callbacks import System
from services.platform.i18n import Language

Way = Literal["file", "link"]
App = tuple[str, str]

# From their makers: stores and release pages only, the first one is what most people take.
HAPP_IN_APP_STORE: App = ("Happ", "https://apps.apple.com/app/happ-proxy-utility/id6504287215")
HIDDIFY: App = ("Hiddify", "https://github.com/hiddify/hiddify-app/releases/latest")
V2RAYN: App = ("v2rayN", "https://github.com/2dust/v2rayN/releases/latest")
FLCLASH: App = ("FlClash", "https://github.com/chen08209/FlClash/releases/latest")
HAPP_ON_DESKTOPS: App = ("Happ", "https://github.com/Happ-proxy/happ-desktop/releases/latest")
LINK_APPS: dict[System, tuple[App, ...]] = {
    "ios": (HAPP_IN_APP_STORE, ("Streisand", "https://apps.apple.com/app/streisand/id6450534064")),
    "android": (
        ("Happ", "https://play.google.com/store/apps/details?id=com.happproxy"),
        ("Hiddify", "https://play.google.com/store/apps/details?id=app.hiddify.com"),
        ("v2rayNG", "https://github.com/2dust/v2rayNG/releases/latest"),
    ),
    "windows": (HAPP_ON_DESKTOPS, HIDDIFY, V2RAYN),
    "macos": (HAPP_IN_APP_STORE, HIDDIFY, FLCLASH),
    "linux": (HIDDIFY, V2RAYN, FLCLASH),
}


def steps_with_link(_: Language, system: System) -> list[str]:
    first, *others = (name for name, _url in LINK_APPS[system])
    install = _(
        "Install <b>{app}</b>, or another app that takes such links: {others}.", app=first, others=", ".join(others)
    )
    take = _("Take your link with the button below and copy it: one tap on the link does it.")
    if system in ("ios", "android"):
        return [
            install,
            take,
            _("In the app tap “+” and add it from the clipboard. Or scan the QR code, when it is on another screen."),
            _("Choose a server, tap the big button and allow the VPN to be added."),
        ]
    return [
        install,
        take,
        _("In the app press “+” and add it from the clipboard, as a subscription."),
        _("Choose a server and press the button that connects."),
    ]
