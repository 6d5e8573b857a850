from __future__ import annotations

from apps.bot import callbacks
from apps.bot.keyboards import back, button, keyboard, link, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold
from services.billing import Invoice, Payment
from services.notifications import explain
from services.platform.i18n import Language


def render_pay(_: Language, invoice: Invoice, payment_id: int, pay_url: str) -> Screen:
    """The last screen before the provider's page."""
    text = "\n\n".join(
        [
            _("💳 <b>Payment</b>"),
            bold(_.own(invoice.quote.name)),
            _("To pay: <b>{price}</b>", price=_.money(invoice.amount)),
            _("Press the button, pay, and come back: your access arrives here by itself."),
        ]
    )
    return Screen(
        text,
        keyboard(
            [link(_.label("Pay {price}", price=_.money(invoice.amount)), pay_url)],
            [button(_.label("Check payment"), callbacks.Check(payment_id=payment_id))],
            back(_, callbacks.Card(slug=invoice.quote.tariff)),
        ),
    )


def render_paid(_: Language, invoice: Invoice, *, ready: bool) -> Screen:
    """`ready`: the access can be had right now."""
    news = (
        _("Your access is ready: take it in “My subscription”.")
        if ready
        else _("Your access is on its way and arrives in this chat in a moment.")
    )
    return Screen(
        "\n\n".join([_("✅ <b>Paid, thank you!</b>"), bold(_.own(invoice.quote.name)), news]),
        keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)),
    )


def render_under_review(_: Language) -> Screen:
    """The money came, but late or twice: an operator decides."""
    return Screen(
        _(
            "🔎 <b>We have your money</b>\n\nThis payment needs a look by a person. Nothing is lost: we will write here"
            " as soon as it is settled."
        ),
        keyboard([button(_.label("Help & support"), callbacks.Help())], to_menu(_)),
    )


def render_not_paid(_: Language, payment: Payment, invoice: Invoice) -> Screen:
    again = callbacks.Pay(provider=payment.provider, slug=invoice.quote.tariff)
    text = _("❌ <b>The payment did not go through</b>")
    return Screen(
        f"{text}\n\n{explain(_, payment.reason)}",
        keyboard(
            [button(_.label("Try again"), again)],
            [button(_.label("Help & support"), callbacks.Help())],
            to_menu(_),
        ),
    )


def not_paid_yet(_: Language) -> str:
    return _.label("Not paid yet. If you have just paid, give it a few seconds and check again.")


def being_confirmed(_: Language) -> str:
    return _.label("The bank is confirming the payment. It usually takes less than a minute.")


def no_answer_from_provider(_: Language) -> str:
    return _.label("The payment system does not answer right now. Please check again in a minute.")
