"""Tokens: the balance, topping it up by a button or by an amount that the person writes, the history."""

from __future__ import annotations

import re
from typing import Any

from aiogram import Bot, Router
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message
from sqlalchemy.orm import Session

from apps.bot import callbacks_wallet as words
from apps.bot.callbacks_wallet import TopUpWay
from apps.bot.links import bot_url
from apps.bot.routers.checkout import consent, has_consented, show_opened
from apps.bot.routers.shop import BALANCE
from apps.bot.screen import show
from apps.bot.screens import payment as payment_screens
from apps.bot.screens import wallet as screens
from apps.bot.screens.terms import render_consent, render_terms_before_payment
from apps.threads import in_outside_thread, in_thread
from services import billing, catalog, wallet
from services.catalog import Quote, Tariff
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.platform.money import BadAmount, Money
from services.wallet import Line, Overview, Question

WRITTEN = re.compile(r"[0-9][0-9 \u00a0\u202f]{0,12}([.,][0-9]{1,2})?")
SYMBOLS = " \u00a0+₽₴$€⭐"


class AwaitedAmount(Filter):
    """Words from somebody who was asked how much to pay in; gives the `question`."""

    async def __call__(self, message: Message, kit: Kit, user: User | None = None) -> bool | dict[str, Any]:
        if user is None or message.text is None or message.text.startswith("/"):
            return False
        question = await in_thread(_question, kit, user)
        return {"question": question} if question is not None else False


def routes() -> Router:
    router = Router(name="wallet")
    router.message.register(open_wallet, Command("balance"))
    router.callback_query.register(open_wallet, words.Wallet.filter())
    router.callback_query.register(tokens, words.Tokens.filter())
    router.callback_query.register(top_up, words.TopUp.filter())
    router.callback_query.register(ask, words.TopUpOwn.filter())
    router.callback_query.register(pay, words.TopUpBy.filter())
    router.callback_query.register(read_terms, words.ReadTermsToTopUp.filter())
    router.callback_query.register(agree, words.AgreeToTopUp.filter())
    router.message.register(amount_written, AwaitedAmount())
    return router


async def open_wallet(
    event: Message | CallbackQuery, user: User, _: Language, kit: Kit, note: str | None = None
) -> None:
    """`note` (HTML) is said first."""
    seen, currencies = await in_thread(_overview, kit, user)
    await show(event, screens.render_wallet(_, seen, currencies, kit.settings.time_zone, note))


async def tokens(callback: CallbackQuery, callback_data: words.Tokens, user: User, _: Language, kit: Kit) -> None:
    lines = await in_thread(_history, kit, user, callback_data.before or None)
    page = lines[: screens.PAGE]
    older = page[-1].id if len(lines) > len(page) else None
    await show(callback, screens.render_tokens(_, page, kit.settings.time_zone, older=older))


async def top_up(
    callback: CallbackQuery, callback_data: words.TopUp, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """An amount was chosen. Where there is one way to pay it, that is taken."""
    amount = Money(callback_data.minor, callback_data.currency)
    providers = await in_thread(_providers, kit, amount.currency)
    if len(providers) == 1:
        await _open(callback, user, _, kit, bot, TopUpWay(providers[0], callback_data.slug, amount.minor))
        return
    await _choose_way(callback, user, _, kit, callback_data.slug, amount)


async def ask(callback: CallbackQuery, callback_data: words.TopUpOwn, user: User, _: Language, kit: Kit) -> None:
    """Raises NotForSale."""
    question = Question(callback_data.slug, callback_data.currency)
    tariff = await in_thread(_ask, kit, user, question)
    await show(callback, screens.render_question(_, tariff, wallet.minimum_of(tariff, question.currency)))


async def amount_written(message: Message, question: Question, user: User, _: Language, kit: Kit) -> None:
    """An amount that cannot be is asked for again. Raises NotForSale."""
    try:
        amount = _read(message.text or "", question.currency)
        await _choose_way(message, user, _, kit, question.tariff, amount)
    except BadAmount:
        note = screens.not_an_amount(_)
    except wallet.BelowMinimum:
        note = screens.too_little(_)
    except wallet.AboveMaximum:
        note = screens.too_much(_)
    else:
        await in_thread(_forget, kit, user)
        return
    tariff = await in_thread(_tariff, kit, user, question)
    await show(message, screens.render_question(_, tariff, wallet.minimum_of(tariff, question.currency), note))


async def pay(
    callback: CallbackQuery, callback_data: words.TopUpBy, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await _open(callback, user, _, kit, bot, _way(callback_data))


async def read_terms(callback: CallbackQuery, callback_data: words.ReadTermsToTopUp, _: Language) -> None:
    await show(callback, render_terms_before_payment(_, _way(callback_data)))


async def agree(
    callback: CallbackQuery, callback_data: words.AgreeToTopUp, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    await in_thread(consent, kit, user)
    await _open(callback, user, _, kit, bot, _way(callback_data))


async def _choose_way(
    event: Message | CallbackQuery, user: User, _: Language, kit: Kit, slug: str, amount: Money
) -> None:
    """Raises NotForSale, BelowMinimum or AboveMaximum."""
    quote, tariff = await in_thread(_quote, kit, user, slug, amount)
    providers = await in_thread(_providers, kit, amount.currency)
    if not providers:
        await open_wallet(event, user, _, kit, payment_screens.not_offered(_))
        return
    count = wallet.tokens_for(quote.price, tariff.token_rate[amount.currency])
    await show(event, screens.render_ways(_, tariff, amount, count, providers))


async def _open(callback: CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot, way: TopUpWay) -> None:
    """The screen to pay on; before it the consent to the terms, where it is missing. Raises NotForSale."""
    provider = kit.providers.get(way.provider)
    if provider is None or way.provider not in await in_thread(_providers, kit, provider.currency):
        await open_wallet(callback, user, _, kit, payment_screens.not_offered(_))
        return
    amount = Money(way.minor, provider.currency)
    try:
        quote, tariff = await in_thread(_quote, kit, user, way.slug, amount)
    except (wallet.BelowMinimum, wallet.AboveMaximum):  # the button is older than the limit
        await open_wallet(callback, user, _, kit, screens.top_up_is_closed(_))
        return
    if not await in_thread(has_consented, kit, user):
        await show(callback, render_consent(_, way, amount))
        return
    count = wallet.tokens_for(amount, tariff.token_rate[amount.currency])
    try:
        opened = await in_outside_thread(
            billing.checkout,
            kit.db,
            provider,
            party=user.party,
            quote=quote,
            description=f"{_.own(tariff.name)}: {_.money(Money(count, 'TOKEN'))}"[:128],
            return_url=await bot_url(kit, bot),
            now=kit.clock.now(),
        )
    except billing.ProviderOff:  # a moment ago
        await open_wallet(callback, user, _, kit, payment_screens.not_offered(_))
    except billing.PaymentDeclined as declined:
        await show(callback, payment_screens.render_declined(_, declined.reason, way, callback.data))
    except billing.CheckoutFailed:
        await show(callback, payment_screens.render_not_opened(_, way, callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, way)


def _way(word: words.TopUpBy | words.ReadTermsToTopUp | words.AgreeToTopUp) -> TopUpWay:
    return TopUpWay(word.provider, word.slug, word.minor)


def _read(text: str, currency: str) -> Money:
    """As people write it: "1 500", "350,50", "350 ₽". Raises BadAmount."""
    bare = text.strip(SYMBOLS + "\n")
    if not WRITTEN.fullmatch(bare):
        raise BadAmount("not an amount")
    return Money.parse(re.sub(r"[ \u00a0\u202f]", "", bare).replace(",", "."), currency)


def _offered(tx: Session, kit: Kit) -> list[billing.PaymentProvider]:
    """Those that bring money from outside: what is on the balance of money stays there."""
    return [kit.providers[code] for code in billing.offered(tx, kit.providers) if code != BALANCE]


def _providers(kit: Kit, currency: str) -> list[str]:
    with kit.db.begin() as tx:
        return [provider.code for provider in _offered(tx, kit) if provider.currency == currency]


def _overview(kit: Kit, user: User) -> tuple[Overview, list[str]]:
    """And the currencies that can be paid in. Whoever looks here does not answer an earlier question any more."""
    with kit.db.begin() as tx:
        wallet.forget_question(tx, user.party)
        seen = wallet.overview(tx, user.party, bonus_days=kit.settings.bonus_tokens_days)
        return seen, [provider.currency for provider in _offered(tx, kit)]


def _history(kit: Kit, user: User, before: int | None) -> list[Line]:
    with kit.db.begin() as tx:
        return wallet.history(tx, user.party, before=before, limit=screens.PAGE + 1)


def _quote(kit: Kit, user: User, slug: str, amount: Money) -> tuple[Quote, Tariff]:
    with kit.db.begin() as tx:
        return wallet.top_up_quote(tx, user.party, slug, amount), catalog.tariff(tx, slug)


def _tariff(kit: Kit, user: User, question: Question) -> Tariff:
    with kit.db.begin() as tx:
        return _on_sale(tx, user, question)


def _ask(kit: Kit, user: User, question: Question) -> Tariff:
    with kit.db.begin() as tx:
        tariff = _on_sale(tx, user, question)
        wallet.ask_amount(tx, user.party, question.tariff, question.currency, kit.clock.now())
        return tariff


def _on_sale(tx: Session, user: User, question: Question) -> Tariff:
    """Raises NotForSale."""
    for tariff in wallet.token_tariffs(tx, user.party):
        if tariff.slug == question.tariff and question.currency in tariff.token_rate:
            return tariff
    raise catalog.NotForSale(question.tariff)


def _question(kit: Kit, user: User) -> Question | None:
    with kit.db.begin() as tx:
        return wallet.asked_amount(tx, user.party, kit.clock.now())


def _forget(kit: Kit, user: User) -> None:
    with kit.db.begin() as tx:
        wallet.forget_question(tx, user.party)
