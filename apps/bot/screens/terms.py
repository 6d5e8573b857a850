"""The terms of use and the consent to them. A change of meaning gets a new version: everybody is asked again."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.callbacks import Way
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from services.platform.i18n import Language
from services.platform.money import Money

DOCUMENT, TERMS_VERSION = "terms", "2026-11-21"


def render_consent(_: Language, way: Way | TopUpWay, price: Money) -> Screen:
    """Asked once before the first payment."""
    return Screen(
        _(
            "🤝 <b>One moment before you pay</b>\n\nBy pressing “Accept and pay” you agree to the terms of use."
            " We ask this only once."
        ),
        keyboard(
            [button(_.label("Accept and pay {price}", price=_.money(price)), way.agree())],
            [button(_.label("Read the terms"), way.read_terms())],
            back(_, way.others()),
        ),
    )


def render_consent_to_saving(_: Language, way: Way) -> Screen:
    """Asked once before a card is remembered. Other words get another billing.methods.CONSENT_VERSION."""
    return Screen(
        _(
            "💾 <b>Remember your card?</b>\n\nThe payment system keeps the card, we never see its number. It is charged"
            " for the renewal of your subscription and for nothing else, at the price of your tariff, and we tell you"
            " before. You can have the card forgotten at any moment: “My subscription”, then “Remembered cards”."
        ),
        keyboard(
            [button(_.label("Agree, remember it"), callbacks.AgreeToSave(provider=way.provider, slug=way.slug))],
            [button(_.label("No, pay once"), callbacks.Pay(provider=way.provider, slug=way.slug))],
        ),
    )


def render_terms(_: Language) -> Screen:
    return Screen(_text(_), keyboard(to_menu(_)))


def render_terms_before_payment(_: Language, way: Way | TopUpWay) -> Screen:
    """Back leads to where the person was asked."""
    return Screen(_text(_), keyboard(back(_, way.pay())))


def render_terms_before_trial(_: Language, slug: str) -> Screen:
    """Back leads to where the person was asked."""
    return Screen(_text(_), keyboard(back(_, life.Trial(slug=slug))))


def _text(_: Language) -> str:
    return "\n\n".join(
        [
            _("📄 <b>Terms of use</b>"),
            _("<b>1. What you get.</b> Access to a VPN for as long, and on as many devices, as your tariff says."),
            _(
                "<b>2. Payment.</b> You pay once for one period. Further periods are charged only if you ask for that:"
                " by letting us remember your card, or by a subscription in Stars. You can stop it at any moment."
            ),
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
