"""One buyer's subscription on a real PostgreSQL against a model that knows only sums of periods."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dateutil.relativedelta import relativedelta
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from services import billing, subscriptions
from services.platform.db import Database
from tests.factories import make_paid_invoice, make_tariff, make_user

TARIFFS = {
    "hours": ("{hours = 7}", timedelta(hours=7)),
    "days": ("{days = 10}", timedelta(days=10)),
    "month": ("{months = 1}", 1),
    "quarter": ("{months = 3}", 3),
}
_people = itertools.count(8_000_000_000)


@dataclass
class Model:
    """The end is `origin` and so many whole calendar months; hours, days and a lapse set a new origin."""

    origin: datetime
    months: int = 0

    @property
    def end(self) -> datetime:
        return self.origin + relativedelta(months=self.months)

    def add(self, now: datetime, period: timedelta | int) -> None:
        if self.end <= now:
            self.origin, self.months = now, 0
        if isinstance(period, timedelta):
            self.origin, self.months = self.end + period, 0
        else:
            self.months += period


class Buyer(RuleBasedStateMachine):
    db: Database

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2027, 1, 29, 12, tzinfo=UTC)
        self.model: Model | None = None
        self.news: list[billing.InvoicePaid] = []
        self.highest = self.now
        with self.db.begin() as tx:
            self.party = make_user(tx, self.now, telegram_id=next(_people)).party

    @rule(slug=st.sampled_from(sorted(TARIFFS)))
    def buys(self, slug: str) -> None:
        with self.db.begin() as tx:
            self.news.append(make_paid_invoice(tx, self.now, self.party, slug))
            subscriptions.extend_after_payment(tx, self.news[-1], self.now)
        self.model = self.model or Model(self.now)
        self.model.add(self.now, TARIFFS[slug][1])

    @precondition(lambda self: self.news)
    @rule(data=st.data())
    def hears_of_an_invoice_again(self, data: st.DataObject) -> None:
        with self.db.begin() as tx:
            subscriptions.extend_after_payment(tx, data.draw(st.sampled_from(self.news)), self.now)

    @rule(span=st.timedeltas(timedelta(seconds=1), timedelta(days=70)))
    def lets_time_pass(self, span: timedelta) -> None:
        self.now += span

    @precondition(lambda self: self.model and self.model.end > self.now)
    @rule(before=st.sampled_from([timedelta(seconds=2), timedelta(0), timedelta(seconds=-2)]))
    def waits_for_the_end(self, before: timedelta) -> None:
        assert self.model
        self.now = max(self.now, self.model.end - before)

    @rule(ahead=st.sampled_from([timedelta(0), timedelta(seconds=5)]))
    def is_swept_by_a_clock(self, ahead: timedelta) -> None:
        with self.db.begin() as tx:
            subscriptions.expire(tx, self.now + ahead)

    @invariant()
    def has_what_was_paid_for(self) -> None:
        with self.db.begin() as tx:
            rows = tx.execute(
                text("SELECT id, state, ends_at FROM subscriptions WHERE party = :party"), {"party": str(self.party)}
            ).all()
            extended = tx.scalar(
                text("SELECT count(invoice_id) FROM subscription_changes WHERE subscription_id = :id"),
                {"id": rows[0].id if rows else 0},
            )
        assert extended == len(self.news)
        if self.model is None:
            assert rows == []
            return
        ((_, state, ends_at),) = rows
        assert ends_at == self.model.end
        assert ends_at >= self.highest, "an end never moves back"
        self.highest = ends_at
        if ends_at > self.now + timedelta(seconds=5):
            assert state == "active"


def test_a_subscription_agrees_with_the_model(db: Database) -> None:
    with db.begin() as tx:
        for slug, (period, _) in TARIFFS.items():
            make_tariff(tx, datetime(2027, 1, 1, tzinfo=UTC), slug, period=period)
    machine = type("BuyerOnPostgreSQL", (Buyer,), {"db": db})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=15))
