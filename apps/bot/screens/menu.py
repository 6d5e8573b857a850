from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram.types import InlineKeyboardMarkup

from apps.bot import callbacks
from apps.bot import callbacks_wallet as words
from apps.bot.callbacks_receipts import Receipts
from apps.bot.keyboards import back, button, keyboard, link
from apps.bot.screen import Screen
from apps.bot.screens.trial import trial_rows
from apps.bot.screens.words import isolated
from services.catalog import Tariff
from services.platform.i18n import LANGUAGES, NAMES, Language


@dataclass(frozen=True, slots=True)
class Choices:
    """What the menu has for this person only: the trials that are open to them; whether there are tokens, or some for
    sale; whether receipts earn something."""

    trials: Sequence[Tariff] = ()
    has_wallet: bool = False
    takes_receipts: bool = False


NOTHING_SPECIAL = Choices()


def render_welcome(_: Language, first_name: str, choices: Choices = NOTHING_SPECIAL) -> Screen:
    name = isolated(first_name)
    greeting = _("👋 Hello, {name}!", name=name) if name else _("👋 Hello!")
    return Screen(f"{greeting}\n\n{essence(_)}", main_menu(_, choices))


def essence(_: Language) -> str:
    """What this bot is for. Without markup: Telegram also shows it to whoever has not pressed Start yet."""
    return _(
        "Here you get a fast and private VPN. Choose a period and pay: your key arrives in this chat within seconds,"
        " and connecting takes two minutes."
    )


def render_menu(_: Language, choices: Choices = NOTHING_SPECIAL) -> Screen:
    return Screen(_("🏠 <b>Main menu</b>\n\nWhat would you like to do?"), main_menu(_, choices))


def render_hint(_: Language) -> Screen:
    """The answer to anything that is not a command."""
    return Screen(_("I understand buttons and commands best. Please choose what you need 👇"), main_menu(_))


def render_stale(_: Language) -> Screen:
    return Screen(_("This button is from an older version. Here is everything I can do now 👇"), main_menu(_))


def render_group(_: Language, bot_url: str) -> Screen:
    return Screen(
        _("I work in private chats, so that your keys are seen by nobody but you."),
        keyboard([link(_.label("Open the private chat"), bot_url)]),
    )


def render_languages(_: Language) -> Screen:
    names = [
        button(f"✓ {NAMES[code]}" if code == _.code else NAMES[code], callbacks.Speak(code=code)) for code in LANGUAGES
    ]
    return Screen(
        _("🌐 <b>Language</b>\n\nWhich language do you prefer?"),
        keyboard(*([name] for name in names), back(_, callbacks.Menu())),
    )


def render_language_chosen(_: Language, choices: Choices = NOTHING_SPECIAL) -> Screen:
    return Screen(_("Done: we speak English now.\n\nWhat would you like to do?"), main_menu(_, choices))


def main_menu(_: Language, choices: Choices = NOTHING_SPECIAL) -> InlineKeyboardMarkup:
    return keyboard(
        [button(_.label("Buy VPN access"), callbacks.Shop())],
        *trial_rows(_, choices.trials),
        [button(_.label("My subscription"), callbacks.Mine())],
        [button(_.label("🧾 Cashback for receipts"), Receipts())] if choices.takes_receipts else [],
        [button(_.label("My tokens"), words.Wallet())] if choices.has_wallet else [],
        [button(_.label("How to connect"), callbacks.Connect(subscription_id=0))],
        [button(_.label("Invite a friend"), callbacks.Invite())],
        [
            button(_.label("Payment history"), callbacks.History(page=0)),
            button(_.label("Language"), callbacks.Languages()),
        ],
        [button(_.label("Help & support"), callbacks.Help())],
    )
