from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks_life as life
from apps.bot.screen import show
from apps.bot.screens.terms import DOCUMENT, TERMS_VERSION, render_terms_before_trial
from apps.bot.screens.trial import render_trial, render_trial_begun, render_trial_used
from apps.threads import in_thread
from services import catalog, identity, subscriptions
from services.catalog import Tariff
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language


def routes() -> Router:
    router = Router(name="trial")
    router.callback_query.register(offer, life.Trial.filter())
    router.callback_query.register(read_terms, life.ReadTermsToTry.filter())
    router.callback_query.register(begin, life.BeginTrial.filter())
    return router


async def offer(callback: CallbackQuery, callback_data: life.Trial, user: User, _: Language, kit: Kit) -> None:
    await open_trial(callback, user, _, kit, callback_data.slug)


async def open_trial(event: Message | CallbackQuery, user: User, _: Language, kit: Kit, slug: str) -> None:
    """Raises TariffNotFound, or NotForSale for what is no trial."""
    tariff, is_open, agreed = await in_thread(_look, kit, user, slug)
    await show(event, render_trial(_, tariff, agreed=agreed) if is_open else render_trial_used(_))


async def read_terms(callback: CallbackQuery, callback_data: life.ReadTermsToTry, _: Language) -> None:
    await show(callback, render_terms_before_trial(_, callback_data.slug))


async def begin(callback: CallbackQuery, callback_data: life.BeginTrial, user: User, _: Language, kit: Kit) -> None:
    """Raises TariffNotFound or NotForSale. Tapped twice, it says the same twice."""
    try:
        tariff = await in_thread(_begin, kit, user, callback_data.slug)
    except subscriptions.TrialUsed:
        running = await in_thread(_running, kit, user, callback_data.slug)
        await show(callback, render_trial_begun(_, running) if running else render_trial_used(_))
    else:
        await show(callback, render_trial_begun(_, tariff))


def trials_open_to(kit: Kit, user: User) -> list[Tariff]:
    """One of each product that this person has never had."""
    with kit.db.begin() as tx:
        return subscriptions.trials_open_to(tx, kit.cipher, user.party)


def is_trial(kit: Kit, slug: str) -> bool:
    """Whether it is given rather than sold."""
    with kit.db.begin() as tx:
        return any(one.slug == slug for one in catalog.list_tariffs(tx, {"trial"}))


def _look(kit: Kit, user: User, slug: str) -> tuple[Tariff, bool, bool]:
    """With whether it is open to this person, and whether they have agreed to the terms."""
    with kit.db.begin() as tx:
        tariff = catalog.tariff(tx, slug)
        if not tariff.active or tariff.audience != "trial":
            raise catalog.NotForSale(slug)
        is_open = tariff.product in [one.product for one in subscriptions.trials_open_to(tx, kit.cipher, user.party)]
        return tariff, is_open, identity.has_consented(tx, user.id, DOCUMENT, TERMS_VERSION)


def _begin(kit: Kit, user: User, slug: str) -> Tariff:
    with kit.db.begin() as tx:
        subscriptions.start_trial(tx, kit.cipher, user.party, slug, kit.clock.now())
        identity.consent(tx, user.id, DOCUMENT, TERMS_VERSION, kit.clock.now())
        return catalog.tariff(tx, slug)


def _running(kit: Kit, user: User, slug: str) -> Tariff | None:
    """The trial, while it runs."""
    with kit.db.begin() as tx:
        own = subscriptions.subscriptions_of(tx, user.party)
        runs = any(one.state == "trial" and one.terms.tariff == slug for one in own)
        return catalog.tariff(tx, slug) if runs else None
