from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks
from apps.bot.links import bot_url
from apps.bot.screen import show
from apps.bot.screens.invite import PAGE, render_friends, render_invite
from apps.threads import in_thread
from services import referrals
from services.identity import User
from services.kit import Kit
from services.platform.i18n import Language
from services.referrals import Friend, Invitation, Terms


def routes() -> Router:
    router = Router(name="invite")
    router.message.register(open_invite, Command("invite"))
    router.callback_query.register(open_invite, callbacks.Invite.filter())
    router.callback_query.register(friends, callbacks.Friends.filter())
    return router


async def open_invite(event: Message | CallbackQuery, user: User, _: Language, kit: Kit, bot: Bot) -> None:
    shown = await in_thread(_invitation, kit, user)
    terms = Terms.parse(kit.settings.referral_inviter_reward, kit.settings.referral_invited_reward)
    await show(event, render_invite(_, shown, await bot_url(kit, bot), terms))


async def friends(callback: CallbackQuery, callback_data: callbacks.Friends, user: User, _: Language, kit: Kit) -> None:
    found = await in_thread(_friends, kit, user, callback_data.page)
    page, is_last = found[:PAGE], len(found) <= PAGE
    await show(callback, render_friends(_, page, callback_data.page, kit.settings.time_zone, is_last=is_last))


def _invitation(kit: Kit, user: User) -> Invitation:
    with kit.db.begin() as tx:
        return referrals.invitation(tx, user.id, kit.clock.now())


def _friends(kit: Kit, user: User, page: int) -> list[Friend]:
    """One more than fits tells that there is another page."""
    with kit.db.begin() as tx:
        return referrals.friends(tx, user.id, offset=page * PAGE, limit=PAGE + 1)
