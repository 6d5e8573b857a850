"""The buttons of files and of what is given by hand, as in callbacks.py. `doc` and `task` also stand under
notifications."""

from __future__ import annotations

from typing import Literal

from aiogram.filters.callback_data import CallbackData

from apps.bot.callback_values import Id

What = Literal["text", "link", "key", "reason"]


class SeeDocument(CallbackData, prefix="doc"):
    """The ways to a file that was bought."""

    grant_id: Id


class SendDocument(CallbackData, prefix="docsend"):
    grant_id: Id


class LinkToDocument(CallbackData, prefix="doclink"):
    """Makes a link to download it."""

    grant_id: Id


class Tasks(CallbackData, prefix="tasks"):
    """For operators, as everything below: all that wait."""


class SeeTask(CallbackData, prefix="task"):
    task_id: Id


class TakeTask(CallbackData, prefix="tasktake"):
    task_id: Id


class PutTaskBack(CallbackData, prefix="taskback"):
    task_id: Id


class WriteForTask(CallbackData, prefix="taskask"):
    """What the operator writes next is the answer, or the reason to decline."""

    task_id: Id
    what: What


class SendAnswer(CallbackData, prefix="tasksend"):
    """What was written becomes the buyer's."""

    task_id: Id


class DeclineTask(CallbackData, prefix="taskno"):
    """For the reason that was written."""

    task_id: Id
    refund: bool


class FinishTask(CallbackData, prefix="taskdone"):
    """What was given is taken back."""

    task_id: Id
