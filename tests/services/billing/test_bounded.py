"""A provider that hangs has so many of our threads and no more; everybody else is sent away, and comes again."""

from __future__ import annotations

import dataclasses
import inspect
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from services import billing
from services.billing.providers import bounded
from services.billing.providers.base import (
    BUSY,
    Capability,
    NotSent,
    Operation,
    Order,
    Outcome,
    PaymentProvider,
    Snapshot,
    Unknown,
)
from services.billing.providers.bounded import AGAIN, APART, Bounded
from services.platform import outbox
from services.platform.clock import wall_clock
from services.platform.errors import TryLater
from services.platform.money import Money
from services.react import react
from services.reactions import routes
from tests.world import Kiosk, wait_for

CALLS = 4  # at once, in these tests; one more waits in line
METHODS = [name for name, what in vars(PaymentProvider).items() if inspect.isfunction(what) and name[0] != "_"]
FIELDS = list(PaymentProvider.__annotations__)


class Silent(PaymentProvider):
    """Answers nothing until it is told to. `peak` is how many calls were under way at most."""

    code, currency, merchant, expects_test = "yookassa", "RUB", "100500", True
    capabilities, minimum = Capability.PAGE | Capability.FETCH | Capability.LIST, Money(100, "RUB")

    def __init__(self) -> None:
        self.speak = threading.Event()
        self.under_way = self.peak = 0
        self._counting = threading.Lock()

    def fetch(self, external_id: str) -> Outcome:
        with self._counting:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
        assert self.speak.wait(20)
        with self._counting:
            self.under_way -= 1
        if external_id == "broken":
            raise RuntimeError(external_id)
        return Unknown(external_id)

    def request(self, order: Order) -> dict[str, Any]:
        return {"amount": str(order.amount)}

    def create(self, request: dict[str, Any], key: uuid.UUID) -> Outcome:
        return self.fetch(str(key))

    def operations(self, since: datetime, until: datetime) -> list[Operation]:
        return [Snapshot("1", "succeeded", Money(1, "RUB"), None, self.merchant, test=True)]

    def check(self) -> str:
        return "silent"

    def close(self) -> None:
        pass


@contextmanager
def asked_by_many(provider: Bounded, inner: Silent) -> Iterator[Callable[[int], list[Future[Outcome]]]]:
    """Gives a function that asks in so many threads; at the end the provider speaks."""
    with ThreadPoolExecutor(40) as pool:
        try:
            yield lambda count: [pool.submit(provider.fetch, str(number)) for number in range(count)]
        finally:
            inner.speak.set()


@contextmanager
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bounded]:
    """One that hangs in every call it may have, and has somebody in line."""
    monkeypatch.setattr(bounded, "PATIENCE", 20.0)
    inner = Silent()
    provider = Bounded(inner, CALLS)
    with asked_by_many(provider, inner) as ask:
        asked = ask(40)
        wait_for(lambda: sum(one.done() for one in asked) == 40 - CALLS - 1 and inner.under_way == CALLS)
        yield provider


def test_so_many_call_one_waits_in_line_the_others_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "PATIENCE", 20.0)
    inner = Silent()
    with asked_by_many(Bounded(inner, CALLS), inner) as ask:
        asked = ask(40)
        wait_for(lambda: sum(one.done() for one in asked) == 40 - CALLS - 1)
        sent_away = [one.result() for one in asked if one.done()]
    answers = [one.result() for one in asked if one.result() not in sent_away]
    assert all(isinstance(one, NotSent) and one.error == BUSY for one in sent_away)
    assert len(answers) == CALLS + 1, "who waited in line had a turn"
    assert all(isinstance(one, Unknown) for one in answers)
    assert inner.peak == CALLS


@pytest.mark.parametrize(("at_once", "in_line"), [(2, 1), (4, 1), (12, 3)])
def test_the_line_is_short(monkeypatch: pytest.MonkeyPatch, at_once: int, in_line: int) -> None:
    monkeypatch.setattr(bounded, "PATIENCE", 20.0)
    inner = Silent()
    with asked_by_many(Bounded(inner, at_once), inner) as ask:
        asked = ask(40)
        wait_for(lambda: sum(one.done() for one in asked) >= 40 - at_once - in_line)
        assert sum(one.done() for one in asked) == 40 - at_once - in_line
    assert inner.peak == at_once


def test_who_waits_in_vain_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Silent()
    provider = Bounded(inner, CALLS)
    with asked_by_many(provider, inner) as ask:
        ask(CALLS)
        wait_for(lambda: inner.under_way == CALLS)
        monkeypatch.setattr(bounded, "PATIENCE", 0.01)
        for _ in range(3):  # and leaves the line
            assert isinstance(provider.fetch("x"), NotSent)
        assert inner.under_way == CALLS
    assert provider.fetch("x") == Unknown("x")
    assert inner.peak == CALLS


def test_each_comes_again_at_a_moment_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "PATIENCE", 0.0)
    inner = Silent()
    provider = Bounded(inner, CALLS)
    with asked_by_many(provider, inner) as ask:
        ask(CALLS)
        wait_for(lambda: inner.under_way == CALLS)
        began = time.monotonic()
        told = [provider.fetch("x") for _ in range(50)]
        took = time.monotonic() - began
    pauses = [one.after for one in told if isinstance(one, NotSent) and one.after is not None]
    assert len(pauses) == 50
    assert pauses[0] == pytest.approx(AGAIN)
    assert AGAIN + 49 * APART - took <= pauses[-1] <= AGAIN + 49 * APART + took


def test_a_busy_provider_is_asked_again_and_nothing_counts_as_a_failure(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = kiosk.checkout(kiosk.person())
    kiosk.pay(checkout)
    with full(monkeypatch) as provider:
        busy = dataclasses.replace(kiosk.kit, providers={"yookassa": provider})
        with pytest.raises(TryLater) as caught:
            billing.reconcile(kiosk.kit.db, busy.providers, checkout.payment_id, kiosk.now, cause="test")
        assert caught.value.after is not None
        assert caught.value.after >= AGAIN
        with kiosk.kit.db.begin() as tx:
            outbox.plan(tx, routes, wall_clock())
        event_id = kiosk.scalar("SELECT event_id FROM outbox_deliveries WHERE reaction = 'billing.check_notified'")
        before = wall_clock()
        react(busy, event_id, "billing.check_notified")
    of_it = f"FROM outbox_deliveries WHERE event_id = {event_id}"
    assert kiosk.scalar(f"SELECT failures {of_it}") == 0
    assert kiosk.scalar(f"SELECT last_error {of_it}") is None
    assert kiosk.scalar(f"SELECT due_at {of_it}") >= before + timedelta(seconds=AGAIN)
    assert kiosk.count("payments", "state = 'awaiting_user'") == 1
    kiosk.hurry()
    assert kiosk.count("payments", "state = 'succeeded'") == 1


def test_a_busy_provider_lists_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with full(monkeypatch) as provider, pytest.raises(TryLater, match=BUSY):
        provider.operations(wall_clock(), wall_clock())
    assert len(provider.operations(wall_clock(), wall_clock())) == 1


def test_a_call_that_raises_leaves_its_place() -> None:
    inner = Silent()
    inner.speak.set()
    provider = Bounded(inner, 1)
    for _ in range(5):
        with pytest.raises(RuntimeError, match="broken"):
            provider.fetch("broken")
    assert provider.fetch("x") == Unknown("x")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_the_port_is_passed_on(method: str) -> None:
    assert method in vars(Bounded), "a default of the port would answer in the provider's place"
    inner, answer, seen = Silent(), object(), []

    def noted(*given: Any) -> object:
        seen.append(given)
        return answer

    setattr(inner, method, noted)
    arguments = tuple(object() for _ in list(inspect.signature(getattr(PaymentProvider, method)).parameters)[1:])
    given = getattr(Bounded(inner, 1), method)(*arguments)
    assert seen == [arguments]
    assert given is (None if method == "close" else answer)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_port_is_the_providers(field: str) -> None:
    inner, value = Silent(), object()
    setattr(inner, field, value)
    assert getattr(Bounded(inner, 1), field) is value
