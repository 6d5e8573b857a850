"""What happens to a subscription besides being bought: begun as a trial, changed, paused, resumed, canceled, given."""

from __future__ import annotations

from services import subscriptions
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion

HOUR = 3600


def begins(it: Occasion, location: str) -> str:
    """What stands over a good that the person has not seen yet, the first of its subscription."""
    _, tariff = it.say, it.say.own(it.subscription.terms.name)
    match it.params.get("cause", "payment"):
        case "payment":
            text = _("<b>{tariff}</b> is paid, thank you!", tariff=tariff)
        case "trial":
            text = _("🎁 Your trial has begun: <b>{tariff}</b>.", tariff=tariff)
        case "change":
            text = _("🔁 Your tariff is now <b>{tariff}</b>.", tariff=tariff)
        case "resume":
            text = _("▶️ <b>{tariff}</b> goes on.", tariff=tariff)
        case _given:
            text = _("🎁 <b>{tariff}</b> is yours.", tariff=tariff)
    works = (
        _("Your access in {location} works until {until}.", location=location, until=it.until())
        if location
        else _("Your access works until {until}.", until=it.until())
    )
    return f"{text} {works}"


def goes_on(it: Occasion) -> str:
    """With what the person has."""
    _, about = it.say, {"tariff": it.say.own(it.subscription.terms.name), "until": it.until()}
    match it.params.get("cause", "payment"):
        case "payment":
            text = _("Thank you! <b>{tariff}</b> now works until {until}.", **about)
        case "trial":
            text = _("🎁 Your trial has begun: <b>{tariff}</b> works until {until}.", **about)
        case "change":
            text = _("🔁 Your tariff is now <b>{tariff}</b>. It works until {until}.", **about)
        case "resume":
            text = _("▶️ <b>{tariff}</b> goes on and works until {until}.", **about)
        case _given:
            text = _("🎁 Days were added: <b>{tariff}</b> now works until {until}.", **about)
    if it.params.get("cause", "payment") in ("payment", "change", "resume") and _is_set_up(it):
        text += " " + _("Your configuration stays the same.")
    limit = new_limit(it)
    return f"{text}\n{limit}" if limit else text


def _is_set_up(it: Occasion) -> bool:
    """In an app, which needs nothing new."""
    return any(one.artifact("file") or one.artifact("link") for one in it.given())


def new_limit(it: Occasion) -> str | None:
    """How many devices there are from now on, where the terms have become others."""
    _, devices = it.say, it.subscription.terms.devices
    lines = subscriptions.history(it.tx, it.subscription.id)
    if not any(one.id == it.params.get("change_id") and one.kind == "changed" for one in lines):
        return None
    return _("Devices: as many as you like") if devices is None else _("Devices: up to {count}", count=devices)


def was_trial(it: Occasion) -> bool:
    """What has ended was never paid for."""
    before = [one.state for one in subscriptions.history(it.tx, it.subscription.id) if one.kind != "expired"]
    return before[-1:] == ["trial"]


def paused(it: Occasion) -> Outgoing | None:
    """None when it goes on already."""
    one, _ = it.subscription, it.say
    if one.state != "paused":
        return None
    days, hours = divmod(int(one.left_while_paused.total_seconds()) // HOUR, 24)
    kept = [_.n("{count} day", "{count} days", days)] if days else []
    if hours:
        kept.append(_.n("{count} hour", "{count} hours", hours))
    text = _(
        "⏸ <b>{tariff}</b> is paused, and access is closed. Kept for you: {time}. Go on whenever you like.",
        tariff=_.own(one.terms.name),
        time=" ".join(kept) or _("less than an hour"),
    )
    resume = Button(_.label("Resume"), buttons.resume(one.id))
    return Outgoing(text, ((resume,), (it.my_subscriptions(),)))


def canceled(it: Occasion) -> Outgoing | None:
    """None when it was taken back."""
    one, _ = it.subscription, it.say
    if one.state != "canceled":
        return None
    text = _(
        "🔕 <b>{tariff}</b> will not be renewed. It works until {until}; you can take this back until then.",
        tariff=_.own(one.terms.name),
        until=it.until(),
    )
    manage = Button(_.label("⚙️ Manage"), buttons.manage(one.id))
    return Outgoing(text, ((manage,), (it.my_subscriptions(),)))
