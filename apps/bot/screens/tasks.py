"""For operators: what is given by hand."""

from __future__ import annotations

from apps.bot import callbacks_goods as words
from apps.bot.keyboards import Row, back, button, keyboard, to_menu
from apps.bot.screen import Screen
from services import provisioning
from services.billing import Payment
from services.platform.errors import KioskError
from services.platform.i18n import Language

SHOWN = 20  # the console lists them all


def render_tasks(_: Language, tasks: list[provisioning.tasks.Task]) -> Screen:
    if not tasks:
        return Screen(_("🛎 Nothing waits for operators."), keyboard(to_menu(_)))
    text = _("🛎 Waiting for operators: {count}. The most urgent come first.", count=len(tasks))
    rows = [[button(f"{one.id} · {_good(_, one)}", words.SeeTask(task_id=one.id))] for one in tasks[:SHOWN]]
    return Screen(text, keyboard(*rows, to_menu(_)))


def render_task(
    _: Language, task: provisioning.tasks.Task, payment: Payment | None, me: str, zone: str, note: str | None = None
) -> Screen:
    """`me` is who looks, as in Task.operator. `note` (HTML) is said first."""
    about = {"task": task.id, "party": task.party, "good": _good(_, task)}
    head = (
        _("↩️ Task {task}: take <b>{good}</b> back from {party}", **about)
        if task.kind == "take_back"
        else _("🛎 Task {task}: give <b>{good}</b> to {party}", **about)
    )
    parts = [note, head, _state(_, task, me, zone), _written(_, task) if task.operator == me else None]
    text = "\n\n".join(part for part in parts if part)
    return Screen(text, keyboard(*_choices(_, task, payment, me), back(_, words.Tasks())))


def render_question(_: Language, task_id: int, what: words.What, note: str | None = None) -> Screen:
    match what:
        case "text":
            text = _("Write the text for the buyer. You will see it before it is sent.")
        case "link":
            text = _("Write the link for the buyer, beginning with https://. You will see it before it is sent.")
        case "key":
            text = _("Write the key for the buyer. You will see it before it is sent.")
        case "reason":
            text = _("Write to the buyer in a few words why it cannot be given. You will see it before it is sent.")
    return Screen(f"{note}\n\n{text}" if note else text, keyboard(back(_, words.SeeTask(task_id=task_id))))


def what_is_wrong(_: Language, what: words.What) -> str:
    if what == "link":
        return _("This is no link that begins with https://.")
    return _("This is too long.")


def cannot_be_done(_: Language, refusal: KioskError) -> str:
    match refusal:
        case provisioning.tasks.TaskTaken():
            return _("Another operator has taken it.")
        case provisioning.tasks.TaskClosed():
            return _("It is closed already.")
        case _other:
            return _("This cannot be done ({code}). Please choose otherwise.", code=refusal.code)


def _state(_: Language, task: provisioning.tasks.Task, me: str, zone: str) -> str:
    match task.state:
        case "open":
            return _("Nobody has taken it. It was promised by {until}.", until=_.moment(task.due_at, zone))
        case "taken" if task.operator == me:
            return _("It is yours. It was promised by {until}.", until=_.moment(task.due_at, zone))
        case "taken":
            return _("{operator} has taken it.", operator=task.operator)
        case "answered":
            return _("✅ The buyer has it.")
        case "declined":
            return _("✖️ Declined: {reason}", reason=task.reason or "-")
        case "done":
            return _("✅ Taken back.")
        case _other:
            return _("It is not needed any more.")


def _written(_: Language, task: provisioning.tasks.Task) -> str | None:
    """What would be sent."""
    if task.answer is not None:
        return _("The buyer will get:\n<code>{content}</code>", content=task.answer[1])
    if task.reason and task.state == "taken":
        return _("Will be declined: {reason}", reason=task.reason)
    return None


def _choices(_: Language, task: provisioning.tasks.Task, payment: Payment | None, me: str) -> list[Row]:
    if task.state == "open":
        return [[button(_.label("Take it"), words.TakeTask(task_id=task.id))]]
    if task.state != "taken" or task.operator != me:
        return []
    release = [button(_.label("Leave it to others"), words.PutTaskBack(task_id=task.id))]
    if task.kind == "take_back":
        return [[button(_.label("✅ Done"), words.FinishTask(task_id=task.id))], release]
    rows: list[Row] = []
    if task.answer is not None:
        rows.append([button(_.label("✅ Send to the buyer"), words.SendAnswer(task_id=task.id))])
    if task.reason:
        rows += _ways_to_decline(_, task, payment)
    labels: dict[words.What, str] = {"text": _.label("Text"), "link": _.label("Link"), "key": _.label("Key")}
    rows.append([button(text, words.WriteForTask(task_id=task.id, what=what)) for what, text in labels.items()])
    rows.append([button(_.label("Decline"), words.WriteForTask(task_id=task.id, what="reason"))])
    return [*rows, release]


def _ways_to_decline(_: Language, task: provisioning.tasks.Task, payment: Payment | None) -> list[Row]:
    rows = []
    if payment is not None and payment.received is not None:
        money = _.money(payment.received)
        rows.append(
            [button(_.label("Decline, refund {money}", money=money), words.DeclineTask(task_id=task.id, refund=True))]
        )
    label = _.label("Decline without a refund")
    return [*rows, [button(label, words.DeclineTask(task_id=task.id, refund=False))]]


def _good(_: Language, task: provisioning.tasks.Task) -> str:
    return _.own(task.good.title) or task.good.name
