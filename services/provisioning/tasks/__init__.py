"""What operators give by hand: tasks, their answers, and whom the bot waits for to write one."""

from services.provisioning.tasks.asked import Question, ask_operator, asked_of, forget_asked
from services.provisioning.tasks.rows import TaskClosed, TaskNotFound, TaskTaken
from services.provisioning.tasks.work import (
    BadAnswer,
    Task,
    decline_task,
    finish_task,
    open_tasks,
    payment_for,
    put_back_task,
    remind_of_tasks,
    send_answer,
    take_task,
    task,
    write_answer,
    write_reason,
)

__all__ = [
    "BadAnswer",
    "Question",
    "Task",
    "TaskClosed",
    "TaskNotFound",
    "TaskTaken",
    "ask_operator",
    "asked_of",
    "decline_task",
    "finish_task",
    "forget_asked",
    "open_tasks",
    "payment_for",
    "put_back_task",
    "remind_of_tasks",
    "send_answer",
    "take_task",
    "task",
    "write_answer",
    "write_reason",
]
