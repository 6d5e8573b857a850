"""Operators give in the chat what no machine gives. For everybody else these buttons and words do not exist."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message

from apps.bot import callbacks_goods as words
from apps.bot.filters import ByOperator
from apps.bot.screen import show
from apps.bot.screens.tasks import cannot_be_done, render_question, render_task, render_tasks, what_is_wrong
from apps.threads import in_thread
from services import billing, provisioning
from services.identity import User
from services.kit import Kit
from services.platform.errors import KioskError, TryLater
from services.platform.i18n import Language

Word = (
    words.SeeTask
    | words.TakeTask
    | words.PutTaskBack
    | words.WriteForTask
    | words.SendAnswer
    | words.DeclineTask
    | words.FinishTask
)


class FromOperator(Filter):
    """A message of one of TELEGRAM_ADMIN_IDS."""

    async def __call__(self, message: Message, kit: Kit) -> bool:
        return message.from_user is not None and message.from_user.id in kit.settings.telegram_admin_ids


class AwaitedWords(Filter):
    """Words of an operator who was asked for them; gives the `question`."""

    async def __call__(self, message: Message, kit: Kit) -> bool | dict[str, Any]:
        if message.text is None or message.text.startswith("/") or message.from_user is None:
            return False
        question = await in_thread(_question, kit, message.from_user.id)
        return {"question": question} if question is not None else False


def routes() -> Router:
    router = Router(name="tasks")
    router.message.filter(FromOperator())
    router.callback_query.filter(ByOperator())
    router.message.register(open_tasks, Command("tasks"))
    router.message.register(written, AwaitedWords())
    router.callback_query.register(open_tasks, words.Tasks.filter())
    router.callback_query.register(open_task, words.SeeTask.filter())
    router.callback_query.register(ask, words.WriteForTask.filter())
    for word in (words.TakeTask, words.PutTaskBack, words.SendAnswer, words.DeclineTask, words.FinishTask):
        router.callback_query.register(act, word.filter())
    return router


async def open_tasks(event: Message | CallbackQuery, user: User, _: Language, kit: Kit) -> None:
    """All that wait. Who looks here is not asked for words any more."""
    await show(event, render_tasks(_, await in_thread(_open_tasks, kit, user)))


async def open_task(
    event: Message | CallbackQuery, callback_data: Word, user: User, _: Language, kit: Kit, note: str | None = None
) -> None:
    """`note` (HTML) is said first. Whoever looks here is not asked for words any more. Raises TaskNotFound."""
    task, payment = await in_thread(_task, kit, user, callback_data.task_id)
    await show(event, render_task(_, task, payment, _me(user), kit.settings.time_zone, note))


async def ask(callback: CallbackQuery, callback_data: words.WriteForTask, user: User, _: Language, kit: Kit) -> None:
    """Raises TaskNotFound."""
    try:
        await in_thread(_ask, kit, user, callback_data)
    except (provisioning.tasks.TaskClosed, provisioning.tasks.TaskTaken) as refusal:
        await open_task(callback, callback_data, user, _, kit, cannot_be_done(_, refusal))
    else:
        await show(callback, render_question(_, callback_data.task_id, callback_data.what))


async def written(message: Message, question: provisioning.tasks.Question, user: User, _: Language, kit: Kit) -> None:
    """What cannot be is asked for again. Nothing is given yet: the operator looks at it first."""
    word, note = words.SeeTask(task_id=question.task_id), None
    try:
        await in_thread(_write, kit, user, question, message.text or "")
    except provisioning.tasks.BadAnswer:
        await show(message, render_question(_, question.task_id, question.what, what_is_wrong(_, question.what)))
        return
    except (provisioning.tasks.TaskClosed, provisioning.tasks.TaskTaken) as refusal:
        note = cannot_be_done(_, refusal)
    await open_task(message, word, user, _, kit, note)


async def act(callback: CallbackQuery, callback_data: Word, user: User, _: Language, kit: Kit) -> None:
    """Does it, and shows how the task stands then. Raises TaskNotFound or TryLater."""
    note = None
    try:
        await in_thread(_act, kit, user, callback_data)
    except (TryLater, provisioning.tasks.TaskNotFound):
        raise
    except KioskError as refusal:
        note = cannot_be_done(_, refusal)
    await open_task(callback, callback_data, user, _, kit, note)


def _act(kit: Kit, user: User, word: Word) -> None:
    who, now = _me(user), kit.clock.now()
    with kit.db.begin() as tx:
        match word:
            case words.TakeTask():
                provisioning.tasks.take_task(tx, word.task_id, who, now)
            case words.PutTaskBack():
                provisioning.tasks.put_back_task(tx, word.task_id, who, now)
            case words.SendAnswer():
                provisioning.tasks.send_answer(tx, word.task_id, who, now)
            case words.DeclineTask():
                provisioning.tasks.decline_task(
                    tx, kit.providers, word.task_id, refund=word.refund, operator=who, now=now
                )
            case words.FinishTask():
                provisioning.tasks.finish_task(tx, word.task_id, who, now)


def _ask(kit: Kit, user: User, word: words.WriteForTask) -> None:
    with kit.db.begin() as tx:
        provisioning.tasks.ask_operator(tx, word.task_id, word.what, user.telegram_id, kit.clock.now())


def _write(kit: Kit, user: User, question: provisioning.tasks.Question, text: str) -> None:
    now = kit.clock.now()
    with kit.db.begin() as tx:
        if question.what == "reason":
            provisioning.tasks.write_reason(tx, question.task_id, text, _me(user), now)
        else:
            provisioning.tasks.write_answer(tx, kit.cipher, question.task_id, question.what, text, _me(user), now)


def _question(kit: Kit, telegram_id: int) -> provisioning.tasks.Question | None:
    with kit.db.begin() as tx:
        return provisioning.tasks.asked_of(tx, telegram_id, kit.clock.now())


def _open_tasks(kit: Kit, user: User) -> list[provisioning.tasks.Task]:
    with kit.db.begin() as tx:
        provisioning.tasks.forget_asked(tx, user.telegram_id)
        return provisioning.tasks.open_tasks(tx)


def _task(kit: Kit, user: User, task_id: int) -> tuple[provisioning.tasks.Task, billing.Payment | None]:
    with kit.db.begin() as tx:
        provisioning.tasks.forget_asked(tx, user.telegram_id)
        task = provisioning.tasks.task(tx, kit.cipher, task_id)
        return task, provisioning.tasks.payment_for(tx, task.grant_id)


def _me(user: User) -> str:
    return f"operator:{user.telegram_id}"
