"""The ledger on a real PostgreSQL against a dictionary: whatever is tried, in whatever order."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services import ledger
from services.ledger import AlreadyPosted, Entry, Unbalanced
from services.platform.db import Database
from services.platform.money import Money

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEAD = "INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES (:kind, :reference, now()) RETURNING id"
ENTRY = """
INSERT INTO ledger_entries (transaction_id, account, currency, minor) VALUES (:id, :account, :currency, :minor)
"""
MINORS = st.integers(1, 10**9) | st.integers(-(10**9), -1)
_machines = itertools.count()
_references = itertools.count()

Set = list[tuple[str, str, int]]


@st.composite
def balanced(draw: st.DrawFn) -> Set:
    """Entries (account, currency, minor) which sum to zero in each currency."""
    entries: Set = []
    for currency in draw(st.sets(st.sampled_from(["RUB", "UAH", "TOKEN"]), min_size=1)):
        minors = draw(st.lists(MINORS, min_size=1, max_size=3).filter(sum))
        entries += [(draw(st.sampled_from("abc")), currency, minor) for minor in (*minors, -sum(minors))]
    return draw(st.permutations(entries))


class Books(RuleBasedStateMachine):
    db: Database
    posted = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self.own = f"machine:{next(_machines)}"
        self.balances: Counter[tuple[str, str]] = Counter()
        self.facts = 0

    def post(self, reference: str, entries: Set, *, fail: bool = False) -> None:
        with self.db.begin() as tx:
            made = [Entry(f"{self.own}:{account}", Money(minor, currency)) for account, currency, minor in entries]
            ledger.post(tx, kind=self.own, reference=reference, entries=made, now=NOW)
            if fail:
                raise KeyError

    @rule(target=posted, entries=balanced())
    def a_fact(self, entries: Set) -> str:
        reference = str(next(_references))
        self.post(reference, entries)
        for account, currency, minor in entries:
            self.balances[account, currency] += minor
        self.facts += 1
        return reference

    @rule(reference=posted, entries=balanced())
    def the_same_fact_again(self, reference: str, entries: Set) -> None:
        with pytest.raises(AlreadyPosted):
            self.post(reference, entries)

    @rule(entries=balanced(), extra=MINORS)
    def an_unbalanced_one(self, entries: Set, extra: int) -> None:
        with pytest.raises(Unbalanced):
            self.post(str(next(_references)), [*entries, ("a", "RUB", extra)])

    @rule(entries=balanced(), extra=MINORS)
    def an_unbalanced_one_past_our_code(self, entries: Set, extra: int) -> None:
        with pytest.raises(IntegrityError), self.db.begin() as tx:  # noqa: PT012  # the block is a transaction
            number = tx.scalar(text(HEAD), {"kind": self.own, "reference": str(next(_references))})
            for account, currency, minor in [*entries, ("a", "RUB", extra)]:
                named = {"account": f"{self.own}:{account}", "currency": currency, "minor": minor}
                tx.execute(text(ENTRY), {"id": number, **named})

    @rule(entries=balanced())
    def one_that_is_rolled_back(self, entries: Set) -> None:
        with pytest.raises(KeyError):
            self.post(str(next(_references)), entries, fail=True)

    @rule(target=posted, reference=consumes(posted), entries=balanced())
    def one_after_a_refused_one_in_the_same_transaction(self, reference: str, entries: Set) -> str:
        fresh = str(next(_references))
        made = [Entry(f"{self.own}:{account}", Money(minor, currency)) for account, currency, minor in entries]
        with self.db.begin() as tx:
            with pytest.raises(AlreadyPosted):
                ledger.post(tx, kind=self.own, reference=reference, entries=made, now=NOW)
            ledger.post(tx, kind=self.own, reference=fresh, entries=made, now=NOW)
        for account, currency, minor in entries:
            self.balances[account, currency] += minor
        self.facts += 1
        return fresh

    @invariant()
    def the_books_are_right(self) -> None:
        with self.db.begin() as tx:
            assert ledger.imbalances(tx) == []
            for (account, currency), minor in self.balances.items():
                assert ledger.balance(tx, f"{self.own}:{account}", currency) == Money(minor, currency)
            count = text("SELECT count(*) FROM ledger_transactions WHERE kind = :kind")
            assert tx.scalar(count, {"kind": self.own}) == self.facts


def test_the_ledger_agrees_with_the_model(db: Database) -> None:
    machine = type("BooksOnPostgreSQL", (Books,), {"db": db})
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=12))
