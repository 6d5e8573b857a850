"""The terms of use and the consent to them. A change of meaning gets a new version: everybody is asked again."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from services.platform.i18n import Language
from services.platform.money import Money

TERMS_VERSION = "2026-11-01"


def render_consent(_: Language, provider: str, slug: str, price: Money) -> Screen:
    """Asked once before the first payment."""
    return Screen(
        _(
            "🤝 <b>One moment before you pay</b>\n\nBy pressing “Accept and pay” you agree to the terms of use."
            " We ask this only once."
        ),
        keyboard(
            [
                button(
                    _.label("Accept and pay {price}", price=_.money(price)),
                    callbacks.Agree(provider=provider, slug=slug),
                )
            ],
            [button(_.label("Read the terms"), callbacks.ReadTerms(provider=provider, slug=slug))],
            back(_, callbacks.Card(slug=slug)),
        ),
    )


def render_terms(_: Language) -> Screen:
    return Screen(_text(_), keyboard(to_menu(_)))


def render_terms_before_payment(_: Language, provider: str, slug: str) -> Screen:
    """Back leads to where the person was asked."""
    return Screen(_text(_), keyboard(back(_, callbacks.Pay(provider=provider, slug=slug))))


def _text(_: Language) -> str:
    return "\n\n".join(
        [
            _("📄 <b>Terms of use</b>"),
            _("<b>1. What you get.</b> Access to a VPN for as long, and on as many devices, as your tariff says."),
            _("<b>2. Payment.</b> You pay once for one period. Nothing is charged without you."),
            _(
                "<b>3. Refunds.</b> If the access does not work and we could not fix it, write to support:"
                " we return the money for the unused days."
            ),
            _(
                "<b>4. Fair use.</b> The key is for you. Spam, attacks on other people's systems and anything the law"
                " forbids end the access without a refund."
            ),
            _(
                "<b>5. Your data.</b> We keep your Telegram name and number, your payments and your keys. We do not"
                " record which sites you visit, and we see no card details: those stay with the payment system."
            ),
            _("<b>6. Changes.</b> When the terms change, you are asked again before your next payment."),
            _("Version {version}", version=TERMS_VERSION),
        ]
    )
