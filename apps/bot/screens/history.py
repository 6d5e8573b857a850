from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks
from apps.bot.keyboards import button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold
from services.billing import Payment, Refund
from services.catalog import Quote
from services.platform.i18n import Language
from services.platform.money import Money

PAGE = 6  # payments


Entry = tuple[Payment, Quote, Sequence[Refund]]


def render_history(_: Language, payments: Sequence[Entry], page: int, zone: str, *, is_last: bool) -> Screen:
    """One page, newest first; pages count from 0."""
    title = _("🧾 <b>Payment history</b>")
    if not payments and page == 0:
        nothing = _("There are no payments yet.")
        buy = [button(_.label("Buy VPN access"), callbacks.Shop())]
        return Screen(f"{title}\n\n{nothing}", keyboard(buy, to_menu(_)))
    lines = [_entry(_, *entry, zone) for entry in payments]
    pages = []
    if page > 0:
        pages.append(button(_.label("‹ Newer"), callbacks.History(page=page - 1)))
    if not is_last:
        pages.append(button(_.label("Older ›"), callbacks.History(page=page + 1)))
    return Screen("\n\n".join([title, *(lines or [_("There is nothing older.")])]), keyboard(pages, to_menu(_)))


def _entry(_: Language, payment: Payment, quote: Quote, refunds: Sequence[Refund], zone: str) -> str:
    lines = [
        f"{bold(_.own(quote.name))} — {_.money(payment.received or payment.amount)}",
        f"{_.date(payment.created_at, zone)}, {_state(_, payment)}",
    ]
    back = [refund.amount for refund in refunds if refund.state == "succeeded"]
    if back:
        total = Money(sum(amount.minor for amount in back), back[0].currency)
        lines.append(_("returned: {amount} ↩️", amount=_.money(total)))
    if any(refund.state in ("requested", "sending", "unknown", "pending") for refund in refunds):
        lines.append(_("a refund is on its way ⏳"))
    return "\n".join(lines)


def _state(_: Language, payment: Payment) -> str:
    match payment.state:
        case "succeeded" if payment.decision is not None:
            return _("paid, a person looks at it 🔎")
        case "succeeded" if payment.decided == "keep":
            return _("paid, on your balance ✅")
        case "succeeded":
            return _("paid ✅")
        case "authorized":
            return _("being confirmed by the bank ⏳")
        case "canceled":
            return _("canceled")
        case "failed":
            return _("not completed")
        case _waiting:
            return _("waiting for payment ⏳")
