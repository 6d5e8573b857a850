"""The devices that use an access, and the locations it can be had in."""

from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks_access as words
from apps.bot.callbacks_access import mark_of
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bulleted, isolated, plain
from services.platform.i18n import Language
from services.provisioning import Device, Location

MOST = 20  # devices on one screen


def render_devices(
    _: Language, grant_id: int, known: Sequence[Device], limit: int | None, zone: str, note: str | None = None
) -> Screen:
    """`limit` is how many the tariff allows; `note` (HTML) is said first."""
    if limit is None:
        count = _("📱 <b>Devices: {count}</b>", count=len(known))
    else:
        count = _("📱 <b>Devices: {count} of {limit}</b>", count=len(known), limit=limit)
    if known:
        listed = bulleted([_seen(_, one, zone) for one in known[:MOST]])
        told = _("Forget one to make room for another. It may come back as long as there is room.")
        parts = [note, count, listed, told]
    else:
        parts = [note, count, _("No device has connected yet.")]
    rows = [
        [
            button(
                _.label("Forget {device}", device=name_of(_, one)[:40]),
                words.ForgetDevice(grant_id=grant_id, mark=mark_of(one.id)),
            )
        ]
        for one in known[:MOST]
    ]
    home = back(_, words.ShowAccess(grant_id=grant_id))
    return Screen("\n\n".join(part for part in parts if part), keyboard(*rows, home, to_menu(_)))


def render_no_devices(_: Language, grant_id: int, pressed: str | None) -> Screen:
    """Whoever knows them does not answer. `pressed` is the data of the button that led here, to press it again."""
    return Screen(
        _("📱 The list of devices cannot be had right now. Your access is not concerned: try again in a minute."),
        keyboard(
            [button(_.label("Try again"), pressed)] if pressed else [],
            back(_, words.ShowAccess(grant_id=grant_id)),
            to_menu(_),
        ),
    )


def render_forget_device(_: Language, grant_id: int, device: Device) -> Screen:
    """The question."""
    text = _(
        "📱 <b>Forget {device}?</b>\n\nIt loses its place among your devices, and another one can take it. Nothing else"
        " changes.",
        device=name_of(_, device),
    )
    yes = words.ForgetDeviceNow(grant_id=grant_id, mark=mark_of(device.id))
    return Screen(
        text,
        keyboard(
            [button(_.label("Yes, forget it"), yes)],
            back(_, words.Devices(grant_id=grant_id)),
        ),
    )


def device_forgotten(_: Language, device: Device) -> str:
    return _("✅ {device} is forgotten.", device=name_of(_, device))


def device_gone(_: Language) -> str:
    return _("This device is not in the list any more.")


def name_of(_: Language, device: Device) -> str:
    """Plain text: other people's programs chose it."""
    return isolated(device.name) or _.label("a device without a name")


def render_locations(_: Language, grant_id: int, offered: Sequence[Location], note: str | None = None) -> Screen:
    """`note` (HTML) is said first."""
    parts = [note, _("📍 <b>Location</b>"), "\n".join(_place(_, one) for one in offered)]
    rows = [
        [button(one.name, words.MoveTo(grant_id=grant_id, mark=mark_of(one.code)))]
        for one in offered
        if not one.here and one.room != "none"
    ]
    parts.append(_("Where do you want to be?") if rows else _("There is room nowhere else right now."))
    home = back(_, words.ShowAccess(grant_id=grant_id))
    return Screen("\n\n".join(part for part in parts if part), keyboard(*rows, home, to_menu(_)))


def render_move(_: Language, grant_id: int, to: Location) -> Screen:
    """The question."""
    text = _(
        "📍 <b>Move to {location}?</b>\n\nYour devices lose the connection. If they need something new, it arrives in"
        " this chat in a moment, and what you have now stops working.",
        location=to.name,
    )
    yes = words.MoveNow(grant_id=grant_id, mark=mark_of(to.code))
    return Screen(
        text,
        keyboard(
            [button(_.label("Yes, move"), yes)],
            back(_, words.Locations(grant_id=grant_id)),
        ),
    )


def moving(_: Language, to: Location) -> str:
    return _("📍 Moving to {location}: this chat tells when it is done.", location=to.name)


def is_there(_: Language, to: Location) -> str:
    return _("📍 You are in {location}.", location=to.name)


def no_room(_: Language) -> str:
    return _("There is no room in this location any more. Here are the others:")


def not_offered(_: Language) -> str:
    return _("This location is not offered any more. Here are the others:")


def _seen(_: Language, one: Device, zone: str) -> str:
    name = plain(name_of(_, one))
    return f"{name} — {_.moment(one.seen_at, zone)}" if one.seen_at else name


def _place(_: Language, one: Location) -> str:
    if one.here:
        return _("✅ <b>{location}</b> — you are here", location=one.name)
    match one.room:
        case "plenty":
            return _("🟢 {location} — plenty of room", location=one.name)
        case "little":
            return _("🟡 {location} — almost full", location=one.name)
        case "none":
            return _("🔴 {location} — full", location=one.name)
