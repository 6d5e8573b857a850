"""What operators are told of access and of the places where it is given, with the commands that help."""

from __future__ import annotations

from services.notifications.channels.base import Outgoing
from services.notifications.occasion import Occasion

CONSOLE = "python -m apps.console access"


def failed(it: Occasion) -> Outgoing:
    text = it.say(
        "🆘 {party} has paid and waits for access for three days ({reason}); the buyer may take the money back. All who"
        " wait:",
        party=it.party,
        reason=it.params["reason"] or "-",
    )
    return _with(text, "list --failing", f"show {it.params['grant_id']}")


def stuck(it: Occasion) -> Outgoing:
    _, params = it.say, it.params
    text = _(
        "⚠️ {place}: access that is over cannot be taken back for an hour ({reason}): {grants}. It is being tried"
        " again. See them:",
        place=_place(it),
        reason=params["reason"] or "-",
        grants=_.n("{count} grant", "{count} grants", params["grants"]),
    )
    return _with(text, "list --failing", f"show {params['grant_id']}")


def troubled(it: Occasion) -> Outgoing:
    about, _ = {"place": _place(it), "says": it.params["says"]}, it.say
    match it.params["trouble"]:
        case "unreachable":
            text = _("🔌 {place} does not answer: {says}. What is bought there waits, and follows by itself.", **about)
        case "misconfigured":
            text = _("🔧 {place} does not let us work: {says}. What is bought there waits until you mend it.", **about)
        case "full":
            text = _("🈵 {place} is full: {says}. Nobody can be given anything there.", **about)
        case "nearly_full":
            text = _("📈 {place} is nearly full: {says}.", **about)
        case "credentials_ending":
            text = _("🔑 Our own access to {place} ends soon: {says}. Renew it.", **about)
        case "losses":
            text = _(
                "🕳 {place} has lost too much at once: {says}. Nothing is made again before you say so: it may be an"
                " empty panel, or another one.",
                **about,
            )
            return _with(text, f"repair {it.params['place']} --all")
        case _other:
            text = f"{about['place']}: {about['says']}"
    return _with(text, "places")


def mended(it: Occasion) -> Outgoing:
    about, _ = {"place": _place(it)}, it.say
    match it.params["trouble"]:
        case "unreachable" | "misconfigured":
            text = _("✅ {place} works again.", **about)
        case "full":
            text = _("✅ {place} has room again.", **about)
        case "nearly_full":
            text = _("✅ {place} has plenty of room again.", **about)
        case "credentials_ending":
            text = _("✅ Our own access to {place} was renewed.", **about)
        case _other:
            text = _("✅ {place} misses nothing any more.", **about)
    return Outgoing(text)


def _place(it: Occasion) -> str:
    return f"{it.params['kind']} {it.params['place']}".rstrip()


def _with(text: str, *commands: str) -> Outgoing:
    return Outgoing("\n".join([text, *(f"<code>{CONSOLE} {command}</code>" for command in commands)]))
