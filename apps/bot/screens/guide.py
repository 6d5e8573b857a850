"""How to connect, for each operating system."""

from __future__ import annotations

from collections.abc import Collection

from apps.bot import callbacks
from apps.bot.keyboards import Row, back, button, keyboard, link, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.link_apps import LINK_APPS, Way, steps_with_link
from services.platform.i18n import Language

NAMES: dict[callbacks.System, str] = {
    "ios": "🍏 iPhone, iPad",
    "android": "🤖 Android",
    "windows": "🪟 Windows",
    "macos": "💻 macOS",
    "linux": "🐧 Linux",
}
# Where the WireGuard project itself sends people (wireguard.com/install).
APPS: dict[callbacks.System, str] = {
    "ios": "https://apps.apple.com/app/wireguard/id1441195209",
    "android": "https://play.google.com/store/apps/details?id=com.wireguard.android",
    "windows": "https://www.wireguard.com/install/",
    "macos": "https://apps.apple.com/app/wireguard/id1451685025",
    "linux": "https://www.wireguard.com/install/",
}


# By kind of access: how an app is told of it. Other kinds need no app.
WAYS: dict[str, Way] = {"wireguard": "file", "remnawave": "link"}
NO_WAYS: frozenset[Way] = frozenset()


def render_systems(_: Language, subscription_id: int) -> Screen:
    """`subscription_id` is whose configuration the guide offers; 0 for nobody's."""
    systems = [
        button(name, callbacks.Guide(system=system, subscription_id=subscription_id)) for system, name in NAMES.items()
    ]
    return Screen(
        _("📲 <b>How to connect</b>\n\nWhat do you want to connect?"),
        keyboard(systems[:2], systems[2:4], systems[4:], to_menu(_)),
    )


def render_nothing_to_set_up(_: Language, subscription_id: int) -> Screen:
    """For what needs no app: a private channel, a key."""
    return Screen(
        _("📲 <b>How to connect</b>\n\nNothing has to be set up for what you have: it is in “Access and keys”."),
        keyboard(_key(_, subscription_id), to_menu(_)),
    )


def render_guide(_: Language, system: callbacks.System, subscription_id: int, ways: Collection[Way]) -> Screen:
    """`ways` are those of what the person has."""
    sections, rows = [f"<b>{NAMES[system]}</b>"], []
    if "file" in ways:
        sections += [_("With your file:")] if len(ways) > 1 else []
        sections.append(_numbered(_steps(_, system)))
        rows.append([link(_.label("Install WireGuard"), APPS[system])])
    if "link" in ways:
        sections += [_("With your link:")] if len(ways) > 1 else []
        sections.append(_numbered(steps_with_link(_, system)))
        rows.append([link(_.label("Install {app}", app=name), url) for name, url in LINK_APPS[system]])
    rows += [_key(_, subscription_id), back(_, callbacks.Connect(subscription_id=subscription_id))]
    return Screen("\n\n".join(sections), keyboard(*rows))


def _numbered(steps: list[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _key(_: Language, subscription_id: int) -> Row:
    if not subscription_id:
        return [button(_.label("My subscription"), callbacks.Mine())]
    return [button(_.label("Access and keys"), callbacks.Config(subscription_id=subscription_id))]


def _steps(_: Language, system: callbacks.System) -> list[str]:
    take = _("Take your configuration file and QR code with the button below.")
    match system:
        case "ios":
            return [
                _("Install <b>WireGuard</b> from the App Store."),
                take,
                _(
                    "Tap the file in this chat, then “Share” and <b>WireGuard</b>. Or, with the QR code on another"
                    " screen: in WireGuard tap “+” and “Create from QR code”."
                ),
                _("Allow the VPN profile to be added and turn the switch on."),
            ]
        case "android":
            return [
                _("Install <b>WireGuard</b> from Google Play."),
                take,
                _(
                    "In WireGuard tap “+”, then “Import from file or archive” and choose the file from your downloads."
                    " Or choose “Scan from QR code” when the code is on another screen."
                ),
                _("Turn the switch on and allow the connection."),
            ]
        case "windows" | "macos":
            return [
                _("Install <b>WireGuard</b> from the official site.")
                if system == "windows"
                else _("Install <b>WireGuard</b> from the Mac App Store."),
                take,
                _("Save the file. In WireGuard press “Import tunnel(s) from file” and choose it."),
                _("Press “Activate”."),
            ]
        case "linux":
            return [
                _("Install WireGuard, on Debian and Ubuntu with <code>sudo apt install wireguard</code>."),
                take,
                _("Save the file as <code>/etc/wireguard/vpn.conf</code>, readable by root only."),
                _("Connect: <code>sudo wg-quick up vpn</code>. Disconnect: <code>sudo wg-quick down vpn</code>."),
            ]
