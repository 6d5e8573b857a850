"""Tokens: what there is, how to get more, what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks
from apps.bot import callbacks_wallet as words
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.keyboards import Row, back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.shop import pay_label
from apps.bot.screens.words import bold, plain
from services.catalog import Tariff
from services.platform.i18n import Language
from services.platform.money import Money
from services.wallet import Line, Overview

PAGE = 8  # lines of the history
SHOWN = 3  # gifts of bonus tokens that expire


def render_wallet(_: Language, seen: Overview, currencies: Sequence[str], zone: str, note: str | None = None) -> Screen:
    """`currencies` are those that can be paid in; `note` (HTML) is said first."""
    left = seen.balance
    lines = [_("On your balance: <b>{amount}</b>", amount=_tokens(_, left.tokens))]
    if left.bonus:
        lines.append(_("As a bonus: <b>{amount}</b>, they are spent first", amount=_tokens(_, left.bonus)))
    lines += [
        _("of these {tokens} until {date}", tokens=_tokens(_, lot.tokens), date=_.date(lot.at, zone))
        for lot in seen.expiring[:SHOWN]
    ]
    fees = [
        _(
            "{tariff}: {fee} for the next period, taken on {date}",
            tariff=_.own(fee.subscription.terms.name),
            fee=_tokens(_, fee.tokens),
            date=_.date(fee.at, zone),
        )
        for fee in seen.fees
    ]
    rows = [row for tariff in seen.tariffs for row in _buttons(_, tariff, currencies, several=len(seen.tariffs) > 1)]
    ask = _("How much would you like to top up?") if rows else None
    parts = [note, _("🪙 <b>My tokens</b>"), "\n".join(lines), "\n".join(fees), ask]
    history = [button(_.label("What became of the tokens"), words.Tokens(before=0))]
    return Screen("\n\n".join(part for part in parts if part), keyboard(*rows, history, to_menu(_)))


def render_question(_: Language, tariff: Tariff, minimum: Money, note: str | None = None) -> Screen:
    """The person writes the answer."""
    ask = _("Write how much you would like to pay, at least {minimum}:", minimum=_.money(minimum))
    parts = [note, _("🪙 <b>Top up</b>"), bold(_.own(tariff.name)), ask]
    return Screen("\n\n".join(part for part in parts if part), keyboard(back(_, words.Wallet())))


def render_ways(_: Language, tariff: Tariff, amount: Money, tokens: int, providers: Sequence[str]) -> Screen:
    """By which of these to pay it."""
    what = _("For {price} you get {tokens}.", price=_.money(amount), tokens=_tokens(_, tokens))
    ways = [TopUpWay(code, tariff.slug, amount.minor) for code in providers]
    rows = [[button(pay_label(_, callbacks.Way(way.provider, way.slug), amount), way.pay())] for way in ways]
    return Screen(
        "\n\n".join([_("🪙 <b>Top up</b>"), bold(_.own(tariff.name)), what]),
        keyboard(*rows, back(_, words.Wallet())),
    )


def render_tokens(_: Language, lines: Sequence[Line], zone: str, *, older: int | None) -> Screen:
    """One page of the history; `older` begins the next."""
    title = _("🪙 <b>What became of the tokens</b>")
    shown = [_line(_, line, zone) for line in lines] or [_("There is nothing yet.")]
    more = [button(_.label("Older ›"), words.Tokens(before=older))] if older is not None else []
    return Screen("\n\n".join([title, *shown]), keyboard(more, back(_, words.Wallet())))


def not_an_amount(_: Language) -> str:
    return _("I did not understand the amount. Write a number, such as 350.")


def too_little(_: Language) -> str:
    return _("That is too little.")


def too_much(_: Language) -> str:
    return _("That is too much for one payment.")


def top_up_is_closed(_: Language) -> str:
    return _("That payment can no longer be made. Please choose the amount again:")


def _buttons(_: Language, tariff: Tariff, currencies: Sequence[str], *, several: bool) -> list[Row]:
    suffix = f" · {_.own(tariff.name)}" if several else ""
    rows = []
    for currency in tariff.token_rate:
        if currency not in currencies:
            continue
        sums = [
            button(
                _.money(amount) + suffix,
                words.TopUp(slug=tariff.slug, currency=amount.currency, minor=amount.minor),
            )
            for amount in tariff.top_up.get(currency, ())
        ]
        rows += [sums[start : start + 3] for start in range(0, len(sums), 3)]
        own = words.TopUpOwn(slug=tariff.slug, currency=currency)
        label = (
            _.label("Another amount")
            if len(tariff.token_rate) == 1
            else _.label("Another amount, {currency}", currency=currency)
        )
        rows.append([button(label + suffix, own)])
    return rows


def _line(_: Language, line: Line, zone: str) -> str:
    sign = "+" if line.total > 0 else "−"
    what = plain(line.description) if line.kind == "spend" and line.description else _kind(_, line.kind)
    return f"<b>{sign}{_tokens(_, abs(line.total))}</b> — {what}\n{_.moment(line.at, zone)}"


def _kind(_: Language, kind: str) -> str:
    match kind:
        case "topup":
            return _("bought")
        case "spend":
            return _("spent")
        case "token_fee":
            return _("fee for a period")
        case "token_fee_reversal":
            return _("a fee came back")
        case "topup_refund":
            return _("a payment was returned")
        case "bonus_expired":
            return _("bonus expired")
        case "adjustment":
            return _("by an operator")
        case "bonus_tokens" | "referral_reward":
            return _("bonus")
        case _other:
            return _("corrected")


def _tokens(_: Language, count: int) -> str:
    return _.money(Money(count, "TOKEN"))
