"""Calls that hang at a provider hang alone."""

from __future__ import annotations

import threading

import anyio
import pytest

from apps import threads
from apps.threads import AT_ONCE, in_outside_thread, in_thread
from services.platform.errors import TryLater


@pytest.fixture(autouse=True)
def doors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this test's own loops."""
    monkeypatch.setattr(threads, "_doors", {})


def test_a_hanging_provider_leaves_the_threads_of_the_core_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PATIENCE", 0.2)
    provider_answers, hanging = threading.Event(), threading.Semaphore(0)

    def call(number: int) -> int:
        hanging.release()
        provider_answers.wait(20)
        return number

    answers: list[int] = []

    async def keep(number: int) -> None:
        answers.append(await in_outside_thread(call, number))

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(AT_ONCE):
                tasks.start_soon(keep, number)
            assert all(await anyio.to_thread.run_sync(lambda: [hanging.acquire(timeout=10) for _ in range(AT_ONCE)]))
            with pytest.raises(TryLater) as caught:
                await in_outside_thread(call, -1)
            assert caught.value.after
            with anyio.fail_after(10):
                assert await in_thread(lambda: "ours") == "ours"
            provider_answers.set()
        assert await in_outside_thread(call, AT_ONCE) == AT_ONCE, "the threads are free again"

    anyio.run(main)
    assert sorted(answers) == list(range(AT_ONCE))


def test_a_use_case_that_raises_frees_its_thread() -> None:
    def fail() -> None:
        raise TryLater("no answer")

    async def main() -> None:
        for _ in range(AT_ONCE * 2):
            with pytest.raises(TryLater, match="no answer"):
                await in_outside_thread(fail)
        assert await in_outside_thread(lambda: 1) == 1

    anyio.run(main)


def test_a_caller_that_leaves_does_not_abandon_its_use_case() -> None:
    started, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        may_end.wait(10)
        ended.set()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(in_outside_thread, work)
            await in_thread(started.wait, 10)
            tasks.cancel_scope.cancel()
            may_end.set()
        assert ended.is_set(), "the group ends when the work has"

    anyio.run(main)
