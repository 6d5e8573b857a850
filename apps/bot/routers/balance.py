"""Paying from the balance: money moves at the tap itself, so it is asked for, and the same answer counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.links import bot_url
from apps.bot.routers.checkout import ask_to_spend, known_by, show_opened, show_result
from apps.bot.routers.preview import open_preview
from apps.bot.routers.shop import BALANCE, change_of, in_stock, offer_to, open_card
from apps.bot.screen import show
from apps.bot.screens import payment as screens
from apps.bot.screens.shop import instead_of_buying
from apps.threads import in_thread
from services import billing
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.promotions import PromoRefused

QUESTION_LIFE = timedelta(minutes=15)


def routes() -> Router:
    router = Router(name="balance")
    router.callback_query.register(spend, callbacks.Spend.filter())
    return router


async def spend(
    callback: CallbackQuery, callback_data: callbacks.Spend, user: User, _: Language, kit: Kit, bot: Bot
) -> None:
    """The answer to a question: whatever it led to is shown again. An old question, or one with another price, is asked
    anew. Raises NotForSale or SoldOut."""
    slug = callback_data.slug
    reference = f"bot:{user.party}:{slug}:{callback_data.at}"
    known = await in_thread(known_by, kit, user, reference)
    if known is not None:
        await show_result(callback, known, user, _, kit)
        return
    offer = await in_thread(offer_to, kit, user, slug)
    if BALANCE not in offer.prices:
        await open_card(callback, user, _, kit, slug, screens.not_offered(_))
        return
    change = await in_thread(change_of, kit, user, offer.tariff)
    if change is not None:
        await open_preview(callback, user, _, kit, change, slug, instead_of_buying(_))
        return
    asked_at = datetime.fromtimestamp(callback_data.at, UTC)
    is_new_price = offer.prices[BALANCE].minor != callback_data.minor
    if is_new_price or kit.clock.now() - asked_at > QUESTION_LIFE:
        await ask_to_spend(callback, _, kit, offer, is_new_price=is_new_price)
        return
    try:
        opened = await in_thread(
            billing.checkout,
            kit.db,
            kit.providers[BALANCE],
            party=user.party,
            tariff=slug,
            description=_.own(offer.tariff.name)[:128],
            return_url=await bot_url(kit, bot),
            now=kit.clock.now(),
            reference=reference,
            promo=offer.promo_of(Way(BALANCE, slug)),
            may_sell=in_stock(kit, user),
        )
    except PromoRefused:  # a moment ago; the card says why
        await open_card(callback, user, _, kit, slug)
    except billing.ProviderOff:
        await open_card(callback, user, _, kit, slug, screens.not_offered(_))
    except billing.PaymentDeclined:
        failed = await in_thread(known_by, kit, user, reference)
        assert failed is not None
        await show_result(callback, failed, user, _, kit)
    except billing.CheckoutFailed:
        await show(callback, screens.render_not_opened(_, Way(BALANCE, slug), callback.data))
    else:
        await show_opened(callback, user, _, kit, bot, opened, Way(BALANCE, slug))
