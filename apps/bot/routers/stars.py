"""What Telegram itself says about payments in Stars. Storing it is not the handlers' concern (apps/bot/feed.py)."""

from __future__ import annotations

import structlog
from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BotSubscriptionUpdated, Message, PreCheckoutQuery
from anyio import CapacityLimiter, fail_after, to_thread

from apps.bot.filters import Paid, Refunded
from apps.bot.money import STARS
from apps.bot.screen import show
from apps.bot.screens.failure import sold_out
from apps.bot.screens.stars import cannot_be_paid, not_now, render_thanks
from services import billing, identity, provisioning
from services.kit import Kit
from services.platform.errors import KioskError
from services.platform.i18n import Language, language
from services.platform.money import Money

DECIDE_SECONDS = 4.0  # Telegram waits for ten

log = structlog.get_logger(__name__)


def routes() -> Router:
    router = Router(name="stars")
    router.pre_checkout_query.register(decide)
    router.message.register(thank, Paid())
    router.message.register(say_nothing, Refunded())
    router.subscription.register(say_nothing)
    return router


async def decide(query: PreCheckoutQuery, _: Language, kit: Kit) -> None:
    """Answers in time, whatever the database does. `_` is Telegram's idea of the person's language."""
    try:
        with fail_after(DECIDE_SECONDS):
            # Neither a slot of the others' threads nor the end of a slow one is waited for.
            refusal = await to_thread.run_sync(_refusal, kit, query, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    except Exception as error:  # nobody is left without an answer, and no money is taken in doubt
        log.exception("pre_checkout_failed", error=type(error).__name__)
        refusal = not_now(_)
    try:
        await query.answer(ok=refusal is None, error_message=refusal)
    except TelegramBadRequest as too_late:
        log.warning("pre_checkout_not_answered", telegram=too_late.message)


async def thank(message: Message, _: Language) -> None:
    """Renewals are told of when their access is prolonged."""
    paid = message.successful_payment
    if paid is not None and not (paid.is_recurring and not paid.is_first_recurring):
        await show(message, render_thanks(_))


async def say_nothing(_event: Message | BotSubscriptionUpdated) -> None:
    """A refund is told of once it is in the books, and so is the end of a renewal."""


def _refusal(kit: Kit, query: PreCheckoutQuery) -> str | None:
    """None: the money may move."""
    with kit.db.begin() as tx:
        payer = identity.find_user(tx, query.from_user.id)
        _ = payer.language if payer else language(query.from_user.language_code)
        try:
            if payer is None or STARS not in kit.providers:
                raise billing.Refused("a stranger" if payer is None else "not in PAYMENT_PROVIDERS")
            amount = Money(query.total_amount, query.currency)
            payload = query.invoice_payload
            now = kit.clock.now()
            sold = billing.approve(tx, STARS, payload=payload, amount=amount, party=payer.party, now=now)
            provisioning.require_stock(tx, kit.provisioners, sold, payer.party, now)
        except provisioning.SoldOut:
            return sold_out(_)
        except KioskError as refused:
            log.info("pre_checkout_refused", reason=str(refused))
            return cannot_be_paid(_)
    return None
