from __future__ import annotations

from typing import Literal

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup

from apps.bot import callbacks
from apps.bot import callbacks_wallet as words
from apps.bot.callbacks import Way
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.keyboards import Row, back, button, keyboard, link, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.promo import discount_of
from apps.bot.screens.words import bold
from services.billing import Invoice, Payment
from services.notifications import explain
from services.platform.i18n import Language
from services.platform.money import Money

Saving = Literal["no", "off", "on"]  # a card cannot be remembered here; it can; it will be


def render_pay(
    _: Language,
    invoice: Invoice,
    payment_id: int,
    pay_url: str,
    way: Way | TopUpWay,
    saving: Saving,
    note: str | None = None,
) -> Screen:
    """The last screen before the provider's page. `note` (HTML) explains the price."""
    price, sold = _.money(invoice.amount), invoice.quote
    if way.form == "renew":
        to_pay = _("To pay: <b>{price}</b> now, and again every 30 days", price=price)
        how = _(
            "Telegram charges the Stars by itself until you stop it: in Telegram's settings, “My Stars”. Press the"
            " button, pay, and come back: your access arrives here by itself."
        )
    elif invoice.quote.purpose == "topup":
        to_pay = _("To pay: <b>{price}</b>", price=price)
        how = _("Press the button, pay, and come back: your tokens arrive here by themselves.")
    elif way.form == "gift":
        to_pay = _("To pay: <b>{price}</b>", price=price)
        how = _("🎁 A gift. Press the button, pay, and come back: its code and link arrive here by themselves.")
    else:
        to_pay = _("To pay: <b>{price}</b>", price=price)
        how = _("Press the button, pay, and come back: your access arrives here by itself.")
    return Screen(
        "\n\n".join(
            part
            for part in (
                _("💳 <b>Payment</b>"),
                bold(_.own(sold.name)),
                to_pay,
                note or discount_of(_, sold.promo, sold.list_price, sold.price),
                how,
            )
            if part
        ),
        keyboard(
            [link(_.label("Pay {price}", price=price), pay_url)],
            _memory(_, way, saving),
            [button(_.label("Check payment"), callbacks.Check(payment_id=payment_id))],
            back(_, way.others()),
        ),
    )


def render_spend(
    _: Language, way: Way, name: str, price: Money, balance: Money, yes: CallbackData, *, is_new_price: bool = False
) -> Screen:
    """The question before money is taken from the balance; `yes` is the answer."""
    changed = [_("The price has changed meanwhile.")] if is_new_price else []
    return Screen(
        "\n\n".join(
            [
                _("💳 <b>Pay from the balance?</b>"),
                bold(name),
                *changed,
                _("To pay: <b>{price}</b>", price=_.money(price)),
                _(
                    "On your balance: {amount}. After the payment: {rest}.",
                    amount=_.money(balance),
                    rest=_.money(balance - price),
                ),
            ]
        ),
        keyboard(
            [button(_.label("Yes, pay {price}", price=_.money(price)), yes)],
            back(_, way.others()),
        ),
    )


def render_paid(_: Language, invoice: Invoice, *, ready: bool) -> Screen:
    """`ready`: the access can be had right now."""
    if invoice.quote.purpose == "topup":
        come = _("Your tokens are on your balance, or will be in a moment.")
        return Screen(
            "\n\n".join([_("✅ <b>Paid, thank you!</b>"), come]),
            keyboard([button(_.label("My tokens"), words.Wallet())], to_menu(_)),
        )
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
    text = _("❌ <b>The payment did not go through</b>")
    return Screen(
        f"{text}\n\n{explain(_, payment.reason)}",
        keyboard(
            [button(_.label("Try again"), callbacks.Retry(payment_id=payment.id))],
            _other_ways(_, paid_by(payment, invoice)),
            [button(_.label("Help & support"), callbacks.Help())],
            to_menu(_),
        ),
    )


def paid_by(payment: Payment, invoice: Invoice) -> Way | TopUpWay:
    """The way of an attempt."""
    quote = invoice.quote
    if quote.purpose == "topup":
        return TopUpWay(payment.provider, quote.tariff, quote.price.minor)
    if quote.purpose == "gift":
        return Way(payment.provider, quote.tariff, "gift")
    return Way(payment.provider, quote.tariff, offer_id=quote.subject if quote.purpose == "change" else None)


def render_declined(_: Language, reason: str, way: Way | TopUpWay, pressed: str | None) -> Screen:
    """The provider refused before there was a page to pay on. `pressed` as in `render_not_opened`."""
    text = _("❌ <b>The payment did not go through</b>")
    return Screen(f"{text}\n\n{explain(_, reason)}", _again(_, way, pressed))


def render_being_confirmed(_: Language, payment_id: int) -> Screen:
    return Screen(
        f"⏳ {being_confirmed(_)}",
        keyboard([button(_.label("Check payment"), callbacks.Check(payment_id=payment_id))], to_menu(_)),
    )


def render_not_opened(_: Language, way: Way | TopUpWay, pressed: str | None) -> Screen:
    """There is no page to pay on. `pressed` is the data of the button that led here, to press it again."""
    return Screen(
        _("The payment page could not be opened. Nothing was charged: please try again in a minute."),
        _again(_, way, pressed),
    )


def not_offered(_: Language) -> str:
    return _("This way to pay is not available right now. Please choose another one:")


def invoice_is_closed(_: Language, invoice: Invoice) -> str:
    if invoice.state == "paid":
        return _("That order is paid already. If you want more, here is today's price:")
    return _("The price of that order no longer holds. Here is today's:")


def not_paid_yet(_: Language) -> str:
    return _.label("Not paid yet. If you have just paid, give it a few seconds and check again.")


def being_confirmed(_: Language) -> str:
    return _.label("The bank is confirming the payment. It usually takes less than a minute.")


def no_answer_from_provider(_: Language) -> str:
    return _.label("The payment system does not answer right now. Please check again in a minute.")


def _memory(_: Language, way: Way | TopUpWay, saving: Saving) -> Row:
    match saving:
        case "off":
            word = callbacks.Save(provider=way.provider, slug=way.slug)
            return [button(_.label("☐ Remember the card for renewal"), word)]
        case "on":
            word_back = callbacks.Pay(provider=way.provider, slug=way.slug)
            return [button(_.label("☑ The card will be remembered"), word_back)]
        case "no":
            return []


def _again(_: Language, way: Way | TopUpWay, pressed: str | None) -> InlineKeyboardMarkup:
    return keyboard([button(_.label("Try again"), pressed)] if pressed else [], _other_ways(_, way), to_menu(_))


def _other_ways(_: Language, way: Way | TopUpWay) -> Row:
    return [button(_.label("Another way to pay"), way.others())]
