"""What operators are told, with the commands that help."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from services import billing
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion
from services.notifications.reasons import why_undecided
from services.platform.money import Money

CONSOLE = "python -m apps.console payments"


def access_delayed(it: Occasion) -> Outgoing:
    text = it.say(
        "{party} has paid and does not have access yet ({reason}). It is being tried again; bin/doctor tells more.",
        party=it.party,
        reason=it.params["reason"],
    )
    return Outgoing(text)


def sold_out(it: Occasion) -> Outgoing:
    payment, _ = it.payment, it.say
    about = {
        "payment": payment.id,
        "amount": _.money(payment.received or payment.amount),
        "party": it.party,
        "tariff": _.own(it.invoice(payment.id).quote.name),
    }
    if it.params["refund_id"]:
        return Outgoing(
            _(
                "📦 <b>{tariff}</b> was sold out when payment {payment} by {party} came. {amount} goes back by itself.",
                **about,
            )
        )
    text = _(
        "⚠️ <b>{tariff}</b> was sold out when payment {payment} by {party} came, and {amount} cannot go back by itself"
        " ({reason}). Please give it back; the buyer's balance can always take it:",
        **about,
        reason=it.params["why_not"],
    )
    reason = '--reason "sold out"'
    return _with(text, f"refund {payment.id} {reason}", f"refund {payment.id} --to balance {reason}")


def payment_held(it: Occasion) -> Outgoing | None:
    """None when somebody has decided already."""
    payment, _ = it.payment, it.say
    if payment.decision is None:
        return None
    text = _(
        "⚖️ Payment {payment} of {amount} by {party} ({provider}) waits for your decision: {reason}.",
        payment=payment.id,
        amount=_.money(payment.received or payment.amount),
        party=it.party,
        provider=payment.provider,
        reason=why_undecided(_, payment.decision),
    )
    choices = _(
        "<b>Apply</b>: the buyer gets what was meant, what is too much goes to the balance. <b>Refund</b>: all of it"
        " goes back. <b>Keep</b>: it goes to the buyer's balance. Or in the console:"
    )
    commands = "\n".join(_code(f"decide {payment.id} {choice}") for choice in billing.CHOICES)
    labels = {"apply": _.label("Apply"), "refund": _.label("Refund"), "keep": _.label("Keep")}
    rows = tuple((Button(labels[choice], buttons.decide(payment.id, choice)),) for choice in billing.CHOICES)
    return Outgoing(f"{text}\n\n{choices}\n{commands}", rows)


def refund_failed(it: Occasion) -> Outgoing:
    refund, _ = it.refund, it.say
    about = {
        "refund": refund.id,
        "payment": refund.payment_id,
        "amount": _.money(refund.amount),
        "party": it.party,
        "provider": refund.provider,
        "reason": it.params["reason"] or "-",
    }
    if not it.params["unknown"]:
        text = _(
            "⚠️ Refund {refund} of {amount} for payment {payment} ({party}, {provider}) did not work: {reason}. The"
            " money has not left. The buyer's balance can always take it:",
            **about,
        )
        return _with(text, f'refund {refund.payment_id} --to balance --reason "..."')
    text = _(
        "❓ Nobody knows whether refund {refund} of {amount} for payment {payment} ({party}, {provider}) was made:"
        " {reason}. If no news of it comes, look it up in the provider's cabinet and say what you saw:",
        **about,
    )
    return _with(text, f"resolve {refund.id} done", f"resolve {refund.id} not-done")


def foreign_refund(it: Occasion) -> Outgoing:
    refund, _ = it.refund, it.say
    text = _(
        "↩️ {amount} of payment {payment} by {party} went back at {provider} without Kiosk: from the shop's cabinet, or"
        " as a chargeback. It is in the books; the access stays until you act:",
        amount=_.money(refund.amount),
        payment=refund.payment_id,
        party=it.party,
        provider=refund.provider,
    )
    return _with(text, f"show {refund.payment_id}")


def statement(it: Occasion) -> Outgoing:
    _, params = it.say, it.params
    text = _(
        "📒 {provider}, {day}: {difference} between its list and ours, in {operation}. See them:",
        provider=params["provider"],
        day=_.date(datetime.combine(date.fromisoformat(params["day"]), time(12), ZoneInfo("UTC")), "UTC"),
        difference=_.n("{count} difference", "{count} differences", params["differences"]),
        operation=_.n("{count} operation", "{count} operations", params["operations"]),
    )
    return _with(text, f"statement --provider {params['provider']} --day {params['day']}")


def stray_stars(it: Occasion) -> Outgoing:
    _, params = it.say, it.params
    stars = params["amount"]
    about = {
        "amount": _.money(Money(stars, "XTR")) if type(stars) is int and abs(stars) < 10**9 else "?",
        "person": params["from"],
        "charge": params["charge_id"],
    }
    text = (
        _(
            "⚠️ Telegram has given {amount} back to {person}, and Kiosk cannot book it. Charge: <code>{charge}</code>",
            **about,
        )
        if params["kind"] == "refunded_payment"
        else _(
            "⚠️ {person} has paid {amount}, and Kiosk cannot book it. Charge: <code>{charge}</code>",
            **about,
        )
    )
    advice = _(
        "Put stars into PAYMENT_PROVIDERS: the next statement then finds it. Nothing was lost, it is in the audit log."
    )
    return _with(f"{text}\n\n{advice}", "statement --provider stars")


def _with(text: str, *commands: str) -> Outgoing:
    return Outgoing("\n".join([text, *map(_code, commands)]))


def _code(command: str) -> str:
    """Tapped, it is copied."""
    return f"<code>{CONSOLE} {command}</code>"
