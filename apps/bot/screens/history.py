from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks
from apps.bot.keyboards import button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold
from services.billing import Payment
from services.catalog import Quote
from services.platform.i18n import Language

PAGE = 6  # payments


def render_history(
    _: Language, payments: Sequence[tuple[Payment, Quote]], page: int, zone: str, *, is_last: bool
) -> Screen:
    """One page, newest first; pages count from 0."""
    title = _("🧾 <b>Payment history</b>")
    if not payments and page == 0:
        nothing = _("There are no payments yet.")
        buy = [button(_.label("Buy VPN access"), callbacks.Shop())]
        return Screen(f"{title}\n\n{nothing}", keyboard(buy, to_menu(_)))
    lines = [_line(_, payment, quote, zone) for payment, quote in payments]
    pages = []
    if page > 0:
        pages.append(button(_.label("‹ Newer"), callbacks.History(page=page - 1)))
    if not is_last:
        pages.append(button(_.label("Older ›"), callbacks.History(page=page + 1)))
    return Screen("\n\n".join([title, *(lines or [_("There is nothing older.")])]), keyboard(pages, to_menu(_)))


def _line(_: Language, payment: Payment, quote: Quote, zone: str) -> str:
    head = f"{bold(_.own(quote.name))} — {_.money(payment.amount)}"
    return f"{head}\n{_.date(payment.created_at, zone)}, {_state(_, payment)}"


def _state(_: Language, payment: Payment) -> str:
    match payment.state:
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
