from __future__ import annotations

from apps.bot.keyboards import Row, keyboard, link, to_menu
from apps.bot.links import support_url
from apps.bot.screen import Screen
from services.platform.i18n import Language


def commands(_: Language, *, with_receipts: bool = False) -> dict[str, str]:
    """What the bot can do, in the order of the menu that Telegram shows (plain text)."""
    of_receipts = {
        "receipt": _.label("Cashback for receipts"),
        "statistics": _.label("My bonuses for receipts"),
        "change_phone": _.label("The phone that bonuses are paid to"),
    }
    return {
        "start": _.label("Main menu"),
        "shop": _.label("Buy VPN access"),
        "my": _.label("My subscription and key"),
        **(of_receipts if with_receipts else {}),
        "promo": _.label("Enter a promo code"),
        "history": _.label("History of receipts and payments") if with_receipts else _.label("Payment history"),
        "invite": _.label("Invite a friend"),
        "gift": _.label("Gifts and gift codes"),
        "language": _.label("Choose the language"),
        "terms": _.label("Terms of use"),
        "support": _.label("Write to support"),
        "help": _.label("What I can do"),
    }


def render_help(_: Language, support_username: str | None, *, with_receipts: bool = False) -> Screen:
    known = commands(_, with_receipts=with_receipts)
    lines = "\n".join(f"/{name} — {meaning}" for name, meaning in known.items())
    title, more = _("💬 <b>Help</b>"), _("Did something go wrong? Write to us, we answer people.")
    parts = [title, lines, more] if support_username else [title, lines]
    return Screen("\n\n".join(parts), keyboard(_contact(_, support_username), to_menu(_)))


def render_support(_: Language, support_username: str | None, user_id: int) -> Screen:
    """`user_id` is what an operator finds the person by."""
    text = (
        _(
            "💬 <b>Support</b>\n\nWrite to us, a person answers. Mention your number <code>{number}</code>:"
            " it helps us find your payments.",
            number=user_id,
        )
        if support_username
        else _("💬 <b>Support</b>\n\nThere is no support contact yet. /help tells what I can do.")
    )
    return Screen(text, keyboard(_contact(_, support_username), to_menu(_)))


def _contact(_: Language, support_username: str | None) -> Row:
    if not support_username:
        return []
    return [link(_.label("Write to support"), support_url(support_username))]
