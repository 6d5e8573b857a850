"""Devices and locations of an access."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from aiogram import Router
from aiogram.types import CallbackQuery

from apps.bot import callbacks_access as words
from apps.bot.callbacks_access import mark_of
from apps.bot.routers.access import card_of, open_access
from apps.bot.screen import show
from apps.bot.screens import places as screens
from apps.bot.screens.access import cannot
from apps.bot.screens.access_buttons import Card
from apps.threads import in_outside_thread, in_thread
from services import provisioning
from services.identity import User
from services.kit import Kit
from services.platform.errors import Misconfigured, Rejected, TryLater
from services.platform.i18n import Language
from services.provisioning import Capability, Device, Location

SILENT = (TryLater, Misconfigured, Rejected)

log = structlog.get_logger(__name__)


def routes() -> Router:
    router = Router(name="places")
    router.callback_query.register(devices, words.Devices.filter())
    router.callback_query.register(ask_to_forget, words.ForgetDevice.filter())
    router.callback_query.register(forget, words.ForgetDeviceNow.filter())
    router.callback_query.register(locations, words.Locations.filter())
    router.callback_query.register(ask_to_move, words.MoveTo.filter())
    router.callback_query.register(move, words.MoveNow.filter())
    return router


async def devices(callback: CallbackQuery, callback_data: words.Devices, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    await _open_devices(callback, user, _, kit, callback_data.grant_id)


async def ask_to_forget(
    callback: CallbackQuery, callback_data: words.ForgetDevice, user: User, _: Language, kit: Kit
) -> None:
    """Raises AccessNotFound."""
    grant_id = callback_data.grant_id
    known = await _known(callback, user, _, kit, grant_id)
    if known is None:
        return
    card, found = known
    device = next((one for one in found if mark_of(one.id) == callback_data.mark), None)
    if device is None:
        await _show_devices(callback, _, kit, card, found, screens.device_gone(_))
    else:
        await show(callback, screens.render_forget_device(_, grant_id, device))


async def forget(
    callback: CallbackQuery, callback_data: words.ForgetDeviceNow, user: User, _: Language, kit: Kit
) -> None:
    """Raises AccessNotFound."""
    grant_id = callback_data.grant_id
    known = await _known(callback, user, _, kit, grant_id)
    if known is None:
        return
    card, found = known
    device = next((one for one in found if mark_of(one.id) == callback_data.mark), None)
    if device is None:  # tapped twice, perhaps
        await _show_devices(callback, _, kit, card, found, screens.device_gone(_))
        return
    try:
        await in_outside_thread(provisioning.forget_device, kit.db, kit.provisioners, user.party, grant_id, device.id)
    except SILENT as error:
        await _apologise(callback, _, grant_id, error)
        return
    await _open_devices(callback, user, _, kit, grant_id, screens.device_forgotten(_, device))


async def locations(callback: CallbackQuery, callback_data: words.Locations, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    await _open_locations(callback, user, _, kit, callback_data.grant_id)


async def ask_to_move(callback: CallbackQuery, callback_data: words.MoveTo, user: User, _: Language, kit: Kit) -> None:
    """Raises AccessNotFound."""
    grant_id = callback_data.grant_id
    to = _marked(await in_thread(_offered, kit, user, grant_id), callback_data.mark)
    if to is None:
        await _open_locations(callback, user, _, kit, grant_id, screens.not_offered(_))
    elif to.here:
        await _open_locations(callback, user, _, kit, grant_id, screens.is_there(_, to))
    elif to.room == "none":
        await _open_locations(callback, user, _, kit, grant_id, screens.no_room(_))
    else:
        await show(callback, screens.render_move(_, grant_id, to))


async def move(callback: CallbackQuery, callback_data: words.MoveNow, user: User, _: Language, kit: Kit) -> None:
    """Tapped twice, it is done once and said twice. Raises AccessNotFound."""
    grant_id = callback_data.grant_id
    to = _marked(await in_thread(_offered, kit, user, grant_id), callback_data.mark)
    if to is None:
        await _open_locations(callback, user, _, kit, grant_id, screens.not_offered(_))
        return
    try:
        await in_thread(_choose, kit, user, grant_id, to.code)
    except provisioning.OutOfStock:
        await _open_locations(callback, user, _, kit, grant_id, screens.no_room(_))
    except provisioning.LocationNotFound:
        await _open_locations(callback, user, _, kit, grant_id, screens.not_offered(_))
    else:
        await open_access(callback, user, _, kit, grant_id, screens.moving(_, to))


async def _open_devices(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, grant_id: int, note: str | None = None
) -> None:
    known = await _known(callback, user, _, kit, grant_id)
    if known is not None:
        await _show_devices(callback, _, kit, *known, note)


async def _known(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, grant_id: int
) -> tuple[Card, Sequence[Device]] | None:
    """The devices as the other side knows them. Where they cannot be had, that is shown, and None returned."""
    card = await in_thread(card_of, kit, user, grant_id)
    if card.access.state != "ready" or Capability.DEVICES not in card.can:
        await open_access(callback, user, _, kit, grant_id, cannot(_))
        return None
    try:
        return card, await in_outside_thread(provisioning.devices, kit.db, kit.provisioners, user.party, grant_id)
    except SILENT as error:
        await _apologise(callback, _, grant_id, error)
        return None


async def _show_devices(
    callback: CallbackQuery, _: Language, kit: Kit, card: Card, known: Sequence[Device], note: str | None
) -> None:
    limit, zone = card.subscription.terms.devices, kit.settings.time_zone
    await show(callback, screens.render_devices(_, card.access.grant_id, known, limit, zone, note))


async def _apologise(callback: CallbackQuery, _: Language, grant_id: int, error: Exception) -> None:
    level = log.warning if isinstance(error, TryLater) else log.error
    level("devices_not_known", grant=grant_id, error=type(error).__name__)
    await show(callback, screens.render_no_devices(_, grant_id, callback.data))


async def _open_locations(
    callback: CallbackQuery, user: User, _: Language, kit: Kit, grant_id: int, note: str | None = None
) -> None:
    card = await in_thread(card_of, kit, user, grant_id)
    if not card.has_choice:
        await open_access(callback, user, _, kit, grant_id, cannot(_))
        return
    offered = await in_thread(_offered, kit, user, grant_id)
    await show(callback, screens.render_locations(_, grant_id, offered, note))


def _marked(offered: Sequence[Location], mark: str) -> Location | None:
    return next((one for one in offered if mark_of(one.code) == mark), None)


def _offered(kit: Kit, user: User, grant_id: int) -> Sequence[Location]:
    with kit.db.begin() as tx:
        return provisioning.locations_for(tx, kit.provisioners, user.party, grant_id, kit.clock.now())


def _choose(kit: Kit, user: User, grant_id: int, code: str) -> None:
    with kit.db.begin() as tx:
        provisioning.choose_location(tx, kit.provisioners, user.party, grant_id, code, kit.clock.now())
