from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bulleted, plain
from services.billing import SavedMethod
from services.platform.i18n import Language


def render_cards(_: Language, cards: Sequence[SavedMethod], zone: str, note: str | None = None) -> Screen:
    """`note` (HTML) is said first."""
    title = _("💾 <b>Remembered cards</b>")
    if cards:
        since = [_("{card}, since {date}", card=one.title, date=_.date(one.created_at, zone)) for one in cards]
        text = "\n\n".join([bulleted(since), _("They are charged for renewals only. Their numbers are not with us.")])
    else:
        text = _("There are none. To have one remembered, tick the box below the payment button before you pay.")
    rows = [
        [button(_.label("Forget {card}", card=one.title[:48]), callbacks.Forget(method_id=one.id))] for one in cards
    ]
    return Screen(
        "\n\n".join(part for part in (note, title, text) if part),
        keyboard(*rows, back(_, callbacks.Mine()), to_menu(_)),
    )


def render_forget(_: Language, card: SavedMethod) -> Screen:
    """The question before it is done."""
    return Screen(
        _(
            "Forget the card <b>{card}</b>? It will never be charged again. What you have paid for stays yours; you"
            " renew it by yourself then.",
            card=card.title,
        ),
        keyboard(
            [button(_.label("Yes, forget it"), callbacks.ForgetNow(method_id=card.id))],
            back(_, callbacks.Cards()),
        ),
    )


def forgotten(_: Language, card: str) -> str:
    return _("✅ {card} is forgotten.", card=plain(card))
