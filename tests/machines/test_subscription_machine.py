"""One buyer's subscription on a real PostgreSQL: everything that can happen to it, in any order, twice, late, while the
clock moves, and what must hold after each step."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.orm import Session

from services import billing, catalog, subscriptions
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.money import Money
from services.subscriptions import journal
from services.subscriptions.models import SubscriptionRow
from services.subscriptions.timeline import Portion
from tests.factories import make_paid_invoice, make_tariff, make_user, tariff_toml

SAME = {
    "hours": ("{hours = 7}", timedelta(hours=7)),
    "days": ("{days = 10}", timedelta(days=10)),
    "month": ("{months = 1}", 1),
    "quarter": ("{months = 3}", 3),
}
OTHER = {"family": "{months = 1}", "solo": "{days = 14}"}
TRIAL, GRACE = timedelta(days=3), timedelta(days=2)
_people = itertools.count(8_000_000_000)


class Buyer(RuleBasedStateMachine):
    db: Database

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2027, 1, 29, 12, tzinfo=UTC)
        self.end: datetime | None = None  # as of the last look
        self.may_shorten = False
        self.state: str | None = None
        self.news: list[billing.InvoicePaid] = []
        self.given: list[str] = []
        self.refunds: dict[int, int] = {}
        self.cipher = Cipher("a secret for tests, long enough")
        with self.db.begin() as tx:
            tx.execute(text("UPDATE subscriptions SET state = 'expired'"))  # other examples' are not swept here
            self.party = make_user(tx, self.now, telegram_id=next(_people)).party

    @rule(slug=st.sampled_from([*sorted(SAME), *sorted(OTHER)]))
    def buys(self, slug: str) -> None:
        with self.db.begin() as tx:
            before = self._left(tx)
            quote = catalog.quote(tx, slug, "RUB", {"all"})
            exchanged = before and not quote.gives_the_same_as(self._terms(tx))
            self.news.append(make_paid_invoice(tx, self.now, self.party, slug))
            subscriptions.extend_after_payment(tx, self.news[-1], self.now)
            after = self._left(tx)
            self.may_shorten = bool(exchanged)
            if not exchanged and quote.period.unit != "month":
                assert after - before == quote.period.length(self.now), "time paid is time given, to the second"

    @precondition(lambda self: self.news)
    @rule(data=st.data())
    def hears_of_an_invoice_again(self, data: st.DataObject) -> None:
        with self.db.begin() as tx:
            before = self._left(tx)
            subscriptions.extend_after_payment(tx, data.draw(st.sampled_from(self.news)), self.now)
            assert self._left(tx) == before

    @precondition(lambda self: self.news)
    @rule(data=st.data(), minor=st.integers(1, 29900))
    def has_an_order_refunded(self, data: st.DataObject, minor: int) -> None:
        event = data.draw(st.sampled_from(self.news))
        so_far = self.refunds.get(event.payment_id, 0)
        if so_far >= 29900:
            return
        self.refunds[event.payment_id] = total = min(so_far + minor, 29900)
        with self.db.begin() as tx:
            refund_id = self._refund_row(tx, event.payment_id, total - so_far)
            told = billing.PaymentRefunded(
                refund_id=refund_id,
                payment_id=event.payment_id,
                invoice_id=event.invoice_id,
                party=str(self.party),
                minor=total - so_far,
                of_minor=29900,
                shorten=True,
                applied=True,
                full=total == 29900,
            )
            before = {one.source: one.left for one in self._portions(tx)}
            subscriptions.shorten_after_refund(tx, told, self.now)
            subscriptions.shorten_after_refund(tx, told, self.now)
            after = {one.source: one.left for one in self._portions(tx)}
        own = f"invoice:{event.invoice_id}"
        assert {k: v for k, v in before.items() if k != own} == {k: v for k, v in after.items() if k != own}
        assert after.get(own, timedelta()) <= before.get(own, timedelta())
        if told.full:
            assert own not in after, "all of the money takes all of the days"
        self.may_shorten = True

    @rule(days=st.integers(1, 40))
    def is_given_days(self, days: int) -> None:
        reference = f"days:{self.party}:{len(self.given)}"
        span = timedelta(days=days)
        with self.db.begin() as tx:
            before = self._left(tx)
            for _ in range(2):
                if subscriptions.give_days(
                    tx, self.party, "vpn", span, reference=reference, cause="promo", now=self.now
                ):
                    self.given.append(reference)
            assert self._left(tx) - before in (span, timedelta())

    @rule()
    def is_given_a_gift(self) -> None:
        reference = f"gift:{self.party}:{len(self.given)}"
        with self.db.begin() as tx:
            quote = catalog.quote(tx, "days", "RUB", {"all"})
            before = self._left(tx)
            self.may_shorten = before > timedelta() and not quote.gives_the_same_as(self._terms(tx))
            for expected in (True, False):
                done = subscriptions.give(
                    tx,
                    self.party,
                    quote,
                    reference=reference,
                    cause="gift",
                    value=Money(29900, "RUB"),
                    now=self.now,
                    happens="paid",
                )
                assert (done is not None) is expected
            self.given.append(reference)

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def loses_what_was_given(self, data: st.DataObject) -> None:
        reference = data.draw(st.sampled_from(self.given))
        with self.db.begin() as tx:
            before = self._left(tx)
            taken = subscriptions.take_back(tx, reference, cause="refund", now=self.now)
            assert self._left(tx) == before - taken
            assert subscriptions.take_back(tx, reference, cause="refund", now=self.now) == timedelta()
        self.may_shorten = True

    @rule()
    def tries_it(self) -> None:
        with self.db.begin() as tx:
            had = self._row(tx) is not None
            try:
                subscriptions.start_trial(tx, self.cipher, self.party, "trial", self.now)
            except subscriptions.TrialUsed:
                assert had or self._had_trial(tx)
            else:
                assert not had
                assert self._left(tx) == TRIAL

    @rule(what=st.sampled_from(["pause", "resume", "cancel", "keep"]))
    def changes_their_mind(self, what: str) -> None:
        with self.db.begin() as tx:
            row = self._row(tx)
            if row is None:
                return
            before = self._left(tx)
            allowed = {"pause": ("active",), "resume": ("paused",), "cancel": ("active",), "keep": ("canceled",)}[what]
            was, over = row.state, row.ends_at <= self.now
            try:
                getattr(subscriptions, what)(tx, self.party, row.id, self.now)
            except subscriptions.NotNow:
                assert was not in allowed or over
            else:
                assert was in allowed
                assert self._left(tx) == before, "what is left stays, to the microsecond"

    @precondition(lambda self: self.state == "active" and self.end > self.now)
    @rule(span=st.timedeltas(timedelta(), timedelta(days=70)), days=st.integers(0, 5))
    def is_away_for_a_while(self, span: timedelta, days: int) -> None:
        with self.db.begin() as tx:
            mine = subscriptions.subscriptions_of(tx, self.party)[0]
            left = self._left(tx)
            subscriptions.pause(tx, self.party, mine.id, self.now)
            if days:
                more, reference = timedelta(days=days), f"days:{self.party}:{len(self.given)}"
                self.given.append(reference)
                left += more
                subscriptions.give_days(
                    tx, self.party, "vpn", more, reference=reference, cause="promo", now=self.now + span
                )
            self.now += span
            assert subscriptions.expire(tx, self.now) == 0, "what stands still does not end"
            subscriptions.resume(tx, self.party, mine.id, self.now)
            assert self._left(tx) == left

    @rule(slug=st.sampled_from(["month", "family", "solo"]), wait=st.timedeltas(timedelta(), timedelta(minutes=20)))
    def changes_the_tariff(self, slug: str, wait: timedelta) -> None:
        with self.db.begin() as tx:
            row = self._row(tx)
            if row is None:
                return
            try:
                offer = subscriptions.offer_change(
                    tx, self.party, row.id, slug, currency="RUB", minimum=Money(100, "RUB"), now=self.now
                )
            except (subscriptions.NotNow, catalog.NotForSale):
                return
            worth = sum(one.value.minor * (one.left / one.whole) for one in self._portions(tx))
            self.now += wait
            row_is_over = row.ends_at <= self.now
            if offer.price.minor:
                assert 100 <= offer.price.minor <= 29900
                assert abs(29900 - worth - offer.price.minor) < 2
                paid = make_paid_invoice(tx, self.now, self.party, quote=offer.quote)
                subscriptions.extend_after_payment(tx, paid, self.now)
                subscriptions.extend_after_payment(tx, paid, self.now)
                if row_is_over:
                    return
            else:
                try:
                    subscriptions.change_tariff(tx, self.party, offer.id, self.now)
                except subscriptions.OfferOver:
                    assert wait >= timedelta(minutes=15) or row_is_over
                    return
            assert row.ends_at == offer.ends_at, "what was shown is what happens"
            assert row.terms["tariff"] == slug
        self.may_shorten = True

    @rule(span=st.timedeltas(timedelta(seconds=1), timedelta(days=70)))
    def lets_time_pass(self, span: timedelta) -> None:
        self.now += span

    @precondition(lambda self: self.end and self.end > self.now)
    @rule(before=st.sampled_from([timedelta(seconds=2), timedelta(0), timedelta(seconds=-2)]))
    def waits_for_the_end(self, before: timedelta) -> None:
        assert self.end
        self.now = max(self.now, self.end - before)

    @precondition(lambda self: self.state in ("trial", "active", "canceled") and self.end)
    @rule(later=st.sampled_from([timedelta(0), timedelta(days=1), GRACE, 3 * GRACE]))
    def runs_out(self, later: timedelta) -> None:
        assert self.end
        self.now = max(self.now, self.end + later)
        self.is_swept()

    @rule()
    def is_swept(self) -> None:
        with self.db.begin() as tx:
            subscriptions.expire(tx, self.now)
            row = self._row(tx)
            if row is None or row.state in ("expired", "paused"):
                return
            assert (row.grace_ends_at or row.ends_at) > self.now, "what is over has ended"
            if row.state == "grace":
                assert row.ends_at <= self.now < row.ends_at + GRACE

    @invariant()
    def has_what_was_paid_for(self) -> None:
        with self.db.begin() as tx:
            states = list(
                tx.scalars(text("SELECT state FROM subscriptions WHERE party = :party"), {"party": str(self.party)})
            )
            assert sum(state != "expired" for state in states) <= 1, "at most one is live"
            row = self._row(tx)
            if row is None:
                return
            stands_at = row.paused_at or self.now
            left = max(row.ends_at - stands_at, timedelta()) if row.state != "expired" else timedelta()
            assert self._left(tx) == left, "the end is now and all that is left"
            assert (row.state == "paused") is (row.paused_at is not None)
            assert self.end is None or self.may_shorten or row.ends_at >= self.end, "an end never moves back by itself"
            self.end, self.may_shorten, self.state = row.ends_at, False, row.state

    def _row(self, tx: Session) -> SubscriptionRow | None:
        return journal.newest(tx, str(self.party), "vpn")

    def _terms(self, tx: Session) -> catalog.Quote:
        row = self._row(tx)
        assert row is not None
        return catalog.Quote.from_json(row.terms)

    def _portions(self, tx: Session) -> tuple[Portion, ...]:
        row = self._row(tx)
        return journal.account_of(tx, row, self.now).portions if row else ()

    def _left(self, tx: Session) -> timedelta:
        return sum((one.left for one in self._portions(tx)), timedelta())

    def _had_trial(self, tx: Session) -> bool:
        return bool(tx.scalar(text("SELECT count(*) FROM subscription_trials")))

    def _refund_row(self, tx: Session, payment_id: int, minor: int) -> int:
        row = text(
            "INSERT INTO refunds (payment_id, party, provider, destination, state, amount_minor, currency, key,"
            " request, access, reason, actor, created_at, updated_at, checks) VALUES (:payment, :party, 'yookassa',"
            " 'provider', 'succeeded', :minor, 'RUB', gen_random_uuid(), '{}', 'shorten', 'asked', 'operator:1', :now,"
            " :now, 0)"
            " RETURNING id"
        )
        found = {"payment": payment_id, "party": str(self.party), "minor": minor, "now": self.now}
        return int(tx.scalars(row, found).one())


def test_a_subscription_agrees_with_the_model(db: Database, long: bool) -> None:
    begun = datetime(2027, 1, 1, tzinfo=UTC)
    with db.begin() as tx:
        for slug, (period, _) in SAME.items():
            make_tariff(tx, begun, slug, period=period)
        for devices, (slug, period) in enumerate(OTHER.items(), 5):
            more = f"devices = {devices}\ngrace = {{days = 2}}"
            catalog.import_catalogue(tx, tariff_toml(slug, period=period, more=more), begun)
        catalog.import_catalogue(tx, tariff_toml("trial", period="{days = 3}", more='audience = "trial"'), begun)
    machine = type("BuyerOnPostgreSQL", (Buyer,), {"db": db})
    run_state_machine_as_test(machine, settings=settings(max_examples=200 if long else 25, stateful_step_count=25))


@pytest.mark.parametrize("slug", ["month", "quarter"])
def test_months_added_while_it_runs_end_on_the_day_of_the_first(db: Database, slug: str) -> None:
    """Against a model of sums: whatever is bought early, the day of the month stays the first one's."""
    begun = datetime(2027, 1, 1, tzinfo=UTC)
    with db.begin() as tx:
        for name, (period, _) in SAME.items():
            make_tariff(tx, begun, name, period=period)
    for day in (28, 29, 30, 31):
        start = datetime(2027, 1, day, 12, tzinfo=UTC)
        with db.begin() as tx:
            party = make_user(tx, start, telegram_id=next(_people)).party
            for count in range(1, 15):
                subscriptions.extend_after_payment(tx, make_paid_invoice(tx, start, party, slug), start)
                (mine,) = subscriptions.subscriptions_of(tx, party)
                assert mine.ends_at == start + relativedelta(months=count * SAME[slug][1])  # type: ignore[operator]
