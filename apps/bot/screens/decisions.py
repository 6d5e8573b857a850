"""For operators: money that came late, twice or in another amount."""

from __future__ import annotations

from apps.bot import callbacks
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from services.billing import CHOICES, Payment
from services.notifications import why_undecided
from services.platform.i18n import Language


def render_held(_: Language, payment: Payment, note: str | None = None) -> Screen:
    """The choice, or what was chosen. `note` (HTML) is said first."""
    head = _(
        "⚖️ Payment {payment} of {amount} by {party} ({provider})",
        payment=payment.id,
        amount=_.money(payment.received or payment.amount),
        party=payment.party,
        provider=payment.provider,
    )
    if payment.decision is None:
        return Screen(_parts(note, head, _settled(_, payment)), keyboard(to_menu(_)))
    rows = [[button(label(_, choice), callbacks.Decide(payment_id=payment.id, choice=choice))] for choice in CHOICES]
    return Screen(_parts(note, head, why_undecided(_, payment.decision)), keyboard(*rows, to_menu(_)))


def render_question(_: Language, payment: Payment, choice: callbacks.Choice) -> Screen:
    """Before it is done."""
    amount = _.money(payment.received or payment.amount)
    match choice:
        case "apply":
            text = _("Apply {amount} of payment {payment}? {party} gets what was meant.", **_about(payment, amount))
        case "refund":
            text = _("Refund {amount} of payment {payment} to {party}? All of it goes back.", **_about(payment, amount))
        case "keep":
            text = _("Keep {amount} of payment {payment} on the balance of {party}?", **_about(payment, amount))
    yes = callbacks.DecideNow(payment_id=payment.id, choice=choice)
    return Screen(text, keyboard([button(_.label("Yes, do it"), yes)], back(_, callbacks.Held(payment_id=payment.id))))


def label(_: Language, choice: callbacks.Choice) -> str:
    return {"apply": _.label("Apply"), "refund": _.label("Refund"), "keep": _.label("Keep")}[choice]


def decided_already(_: Language) -> str:
    return _("Somebody, or a rule, has decided already.")


def cannot_be_done(_: Language, code: str) -> str:
    """`code` is the error's."""
    return _("This cannot be done ({code}). Please choose otherwise.", code=code)


def _settled(_: Language, payment: Payment) -> str:
    match payment.decided:
        case "apply":
            return _("✅ applied: the buyer gets what was meant")
        case "refund":
            return _("✅ being refunded")
        case "keep":
            return _("✅ kept on the buyer's balance")
        case _other:
            return _("There is nothing to decide.")


def _about(payment: Payment, amount: str) -> dict[str, object]:
    return {"amount": amount, "payment": payment.id, "party": payment.party}


def _parts(*parts: str | None) -> str:
    return "\n\n".join(part for part in parts if part)
