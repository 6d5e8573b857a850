"""People who buy, many at a time, and press again when nothing comes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Condition

from apps.sandbox.check import Message, Person, Stuck

AT_ONCE = 8
PATIENCE = 90.0  # seconds in which a person gets the next screen, pressing again and again


class Progress:
    """Counts the steps of all people, six for a purchase, and keeps them from running ahead of the faults: the n-th
    happens at the step `moments[n]`, and nobody goes beyond the next moment before it is over. So faults hit a crowd
    at work, however fast the machine is."""

    def __init__(self, moments: Sequence[int]) -> None:
        self._steps, self._moments, self._over, self._changed = 0, deque(moments), False, Condition()

    def step(self) -> None:
        with self._changed:
            self._steps += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._over or len(self._moments) < 2 or self._steps < self._moments[1])

    def moments(self) -> Iterator[None]:
        """Yields at each of them. Raises Stuck when the crowd ended before."""
        while self._moments:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._steps >= self._moments[0])
                if self._steps < self._moments[0]:
                    raise Stuck(f"all was over before {self._moments[0]} steps")
            yield
            with self._changed:
                self._moments.popleft()
                self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()


def buy_all(people: Sequence[Person], moments: Sequence[int], fault: Callable[[], object]) -> None:
    """All of them buy; `fault` is called at each of the moments (see Progress). Raises what it or a buyer raises."""
    progress = Progress(moments)

    def disturb() -> None:
        try:
            for _ in progress.moments():
                fault()
        except BaseException:
            progress.end()
            raise

    with ThreadPoolExecutor(AT_ONCE + 1) as threads:
        faults = threads.submit(disturb)
        buyers = [threads.submit(_buy, person, progress) for person in people]
        try:
            for buyer in buyers:
                buyer.result()
        finally:
            progress.end()
            faults.result()


def _buy(person: Person, progress: Progress) -> None:
    screen = _insist(progress, partial(person.say, "/start"))
    while "url" not in (button := first_button(screen)):
        screen = _insist(progress, partial(person.tap, screen, button))
    person.pay(button)
    progress.step()


def _insist(progress: Progress, press: Callable[[], Message]) -> Message:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            screen = press()
        except Stuck:
            if time.monotonic() > end:
                raise
        else:
            progress.step()
            return screen


def first_button(screen: Message) -> dict[str, str]:
    button: dict[str, str] = screen["reply_markup"]["inline_keyboard"][0][0]
    return button
