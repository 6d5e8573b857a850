"""What is given by hand: the buyer waits, operators have a task."""

from __future__ import annotations

from services import provisioning
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion

CONSOLE = "python -m apps.console tasks"


def waiting(it: Occasion) -> Outgoing:
    """To the buyer, or to whom it was given."""
    _ = it.say
    about = {
        "tariff": _.own(it.subscription.terms.name),
        "time": _.n("{count} hour", "{count} hours", it.params["hours"]),
    }
    if it.params.get("again"):
        text = _("An operator prepares new access for you, usually within {time}. We send it here.", **about)
    elif provisioning.tasks.payment_for(it.tx, _task(it).grant_id) is None:
        text = _(
            "🎁 <b>{tariff}</b> is yours. An operator prepares it, usually within {time}, and we send it here. You do"
            " not need to do anything.",
            **about,
        )
    else:
        text = _(
            "✅ <b>{tariff}</b> is paid, thank you! An operator prepares it, usually within {time}, and we send it"
            " here. You do not need to do anything.",
            **about,
        )
    return Outgoing(text, ((it.my_subscriptions(),),))


def declined(it: Occasion) -> Outgoing:
    task, _ = _task(it), it.say
    about = {"tariff": _.own(it.subscription.terms.name), "reason": task.reason or "-"}
    if it.params["refund_id"]:
        text = _("We are sorry: we cannot give you <b>{tariff}</b>. {reason}\n\nYour money goes back to you.", **about)
    else:
        text = _("We are sorry: we cannot give you <b>{tariff}</b>. {reason}", **about)
    return Outgoing(text, ((it.my_subscriptions(),),))


def for_operators(it: Occasion) -> Outgoing | None:
    """None when somebody has closed it already."""
    task, _ = _task(it), it.say
    if task.state not in ("open", "taken"):
        return None
    about = {"task": task.id, "party": task.party, "good": _.own(task.good.title) or task.good.name}
    if task.kind == "take_back":
        text = _("↩️ Task {task}: access of {party} to <b>{good}</b> has ended. Take it back, please.", **about)
    else:
        text = _("🛎 Task {task}: {party} has bought <b>{good}</b> and waits for you.", **about)
    return _with_button(it, text, task.id)


def overdue(it: Occasion) -> Outgoing | None:
    """None when somebody has closed it meanwhile."""
    task, _ = _task(it), it.say
    if task.state not in ("open", "taken"):
        return None
    text = _(
        "⏰ Task {task} ({good}, {party}) has waited since {since}, longer than was promised.",
        task=task.id,
        good=_.own(task.good.title) or task.good.name,
        party=task.party,
        since=it.moment(task.opened_at),
    )
    return _with_button(it, text, task.id)


def _with_button(it: Occasion, text: str, task_id: int) -> Outgoing:
    see = Button(it.say.label("Open the task"), buttons.task(task_id))
    return Outgoing(f"{text}\n<code>{CONSOLE} show {task_id}</code>", ((see,),))


def _task(it: Occasion) -> provisioning.tasks.Task:
    return provisioning.tasks.task(it.tx, it.cipher, it.params["task_id"])
