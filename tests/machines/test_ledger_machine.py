"""The ledger on a real PostgreSQL against a dictionary: whatever is tried, in whatever order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services import ledger
from services.ledger import AlreadyPosted, Entry, Insufficient, Unbalanced
from services.ledger.post import KEPT, NotPosted
from services.platform.db import Database
from services.platform.money import Money
from tests.factories import at_once

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEAD = "INSERT INTO ledger_transactions (kind, reference, posted_at) VALUES (:kind, :reference, now()) RETURNING id"
ENTRY = """
INSERT INTO ledger_entries (transaction_id, account, currency, minor) VALUES (:id, :account, :currency, :minor)
"""
CHANGES = (
    "UPDATE ledger_entries SET minor = minor + 1",
    "UPDATE ledger_transactions SET reference = reference || '!'",
    "DELETE FROM ledger_entries",
    "DELETE FROM ledger_transactions",
    "TRUNCATE ledger_entries",
)
MINORS = st.integers(1, 10**9) | st.integers(-(10**9), -1)
CURRENCY = st.sampled_from(["RUB", "UAH", "TOKEN"])
WALLET = st.sampled_from(["wallet:{}:w", "wallet:{}:v", "tokens:{}:w", "bonus:{}:w"])
SMALL = st.integers(1, 300)
AMOUNTS = st.integers(1, 5)
_machines = itertools.count()
_references = itertools.count()

Set = list[tuple[str, str, int]]


@st.composite
def balanced(draw: st.DrawFn) -> Set:
    """Entries (account, currency, minor) which sum to zero in each currency, of accounts that may owe."""
    entries: Set = []
    for currency in draw(st.sets(CURRENCY, min_size=1)):
        minors = draw(st.lists(MINORS, min_size=1, max_size=3).filter(sum))
        entries += [(draw(st.sampled_from("abc")), currency, minor) for minor in (*minors, -sum(minors))]
    return draw(st.permutations(entries))


class Books(RuleBasedStateMachine):
    """Facts are named (kind, reference); `a`, `b` and `c` are accounts that may owe, wallets may not."""

    db: Database
    posted = Bundle("posted")
    facts = Bundle("facts")

    def __init__(self) -> None:
        super().__init__()
        self.own = f"machine:{next(_machines)}"
        self.balances: Counter[tuple[str, str]] = Counter()
        self.booked: dict[tuple[str, str], Set] = {}
        self.overdrawn: set[tuple[str, str]] = set()  # by what may overdraw

    # Small tools.

    def post(self, reference: str, entries: Set, *, kind: str = "", fail: bool = False, overdraw: bool = False) -> None:
        with self.db.begin() as tx:
            made = self.entries(entries)
            ledger.post(tx, kind=kind or self.own, reference=reference, entries=made, now=NOW, may_overdraw=overdraw)
            if fail:
                raise KeyError

    def entries(self, entries: Set) -> list[Entry]:
        return [Entry(self.account(account), Money(minor, currency)) for account, currency, minor in entries]

    def account(self, name: str) -> str:
        return name.format(self.own) if "{}" in name else f"{self.own}:{name}"

    def note(self, reference: str, entries: Set, *, kind: str = "") -> tuple[str, str]:
        fact = kind or self.own, reference
        self.booked[fact] = entries
        for account, currency, minor in entries:
            self.balances[account, currency] += minor
        return fact

    def has(self, wallet: str, currency: str) -> int:
        """Minor units that are owed to whose wallet it is."""
        return -self.balances[wallet, currency]

    # Facts of accounts that may owe.

    @rule(target=posted, entries=balanced())
    def a_fact(self, entries: Set) -> str:
        reference = str(next(_references))
        self.post(reference, entries)
        self.note(reference, entries)
        return reference

    @rule(reference=posted, entries=balanced())
    def the_same_fact_again(self, reference: str, entries: Set) -> None:
        with pytest.raises(AlreadyPosted):
            self.post(reference, entries)

    @rule(entries=balanced(), extra=MINORS)
    def an_unbalanced_one(self, entries: Set, extra: int) -> None:
        with pytest.raises(Unbalanced):
            self.post(str(next(_references)), [*entries, ("a", "RUB", extra)])

    @rule(minor=SMALL)
    def one_that_balances_only_across_currencies(self, minor: int) -> None:
        with pytest.raises(Unbalanced):
            self.post(str(next(_references)), [("a", "RUB", minor), ("b", "UAH", -minor)])

    @rule(entries=balanced(), extra=MINORS)
    def an_unbalanced_one_past_our_code(self, entries: Set, extra: int) -> None:
        with pytest.raises(IntegrityError), self.db.begin() as tx:  # noqa: PT012  # the block is a transaction
            number = tx.scalar(text(HEAD), {"kind": self.own, "reference": str(next(_references))})
            for account, currency, minor in [*entries, ("a", "RUB", extra)]:
                named = {"account": self.account(account), "currency": currency, "minor": minor}
                tx.execute(text(ENTRY), {"id": number, **named})

    @rule(entries=balanced())
    def one_that_is_rolled_back(self, entries: Set) -> None:
        with pytest.raises(KeyError):
            self.post(str(next(_references)), entries, fail=True)

    @rule(target=posted, reference=consumes(posted), entries=balanced())
    def one_after_a_refused_one_in_the_same_transaction(self, reference: str, entries: Set) -> str:
        fresh = str(next(_references))
        made = self.entries(entries)
        with self.db.begin() as tx:
            with pytest.raises(AlreadyPosted):
                ledger.post(tx, kind=self.own, reference=reference, entries=made, now=NOW)
            ledger.post(tx, kind=self.own, reference=fresh, entries=made, now=NOW)
        self.note(fresh, entries)
        return fresh

    @rule(statement=st.sampled_from(CHANGES))
    def somebody_changes_the_past(self, statement: str) -> None:
        with pytest.raises(DBAPIError, match="append only"), self.db.begin() as tx:
            tx.execute(text(statement))

    # Wallets.

    def change(self, kind: str, entries: Set, *, overdraw: bool = False) -> tuple[str, str]:
        reference = str(next(_references))
        self.post(reference, entries, kind=f"{self.own}:{kind}", overdraw=overdraw)
        return self.note(reference, entries, kind=f"{self.own}:{kind}")

    @rule(target=facts, wallet=WALLET, currency=CURRENCY, minor=SMALL, kind=st.sampled_from(["top_up", "refund"]))
    def money_comes_to_a_wallet(self, wallet: str, currency: str, minor: int, kind: str) -> tuple[str, str]:
        source = "a" if kind == "top_up" else "b"
        return self.change(kind, [(source, currency, minor), (wallet, currency, -minor)])

    @rule(target=facts, wallet=WALLET, currency=CURRENCY, more=st.integers(-300, 0))
    def what_is_there_is_spent(self, wallet: str, currency: str, more: int) -> tuple[str, str]:
        """Down to exactly nothing, too."""
        minor = max(1, self.has(wallet, currency) + more)
        entries = [(wallet, currency, minor), ("c", currency, -minor)]
        if minor <= self.has(wallet, currency):
            return self.change("spend", entries)
        with pytest.raises(Insufficient):
            self.change("spend", entries)
        return self.change("top_up", [("a", currency, 1), (wallet, currency, -1)])

    @rule(wallet=WALLET, currency=CURRENCY, more=SMALL)
    def more_than_is_there_is_spent(self, wallet: str, currency: str, more: int) -> None:
        minor = max(0, self.has(wallet, currency)) + more
        with pytest.raises(Insufficient):
            self.change("spend", [("c", currency, -minor), (wallet, currency, minor)])

    @rule(wallet=WALLET, currency=CURRENCY, minor=SMALL)
    def there_is_enough_of_another_currency(self, wallet: str, currency: str, minor: int) -> None:
        self.change("top_up", [("a", currency, minor), (wallet, currency, -minor)])
        other = "UAH" if currency == "RUB" else "RUB"
        lacks = max(0, self.has(wallet, other)) + 1
        with pytest.raises(Insufficient):
            self.change("spend", [(wallet, other, lacks), ("c", other, -lacks)])

    @rule(target=facts, source=WALLET, target_wallet=WALLET, currency=CURRENCY, minor=SMALL, parts=st.integers(1, 3))
    def from_wallet_to_wallet(
        self, source: str, target_wallet: str, currency: str, minor: int, parts: int
    ) -> tuple[str, str]:
        """In several entries of one set: only their sum must be there."""
        entries = [(source, currency, minor)] * parts + [(target_wallet, currency, -minor * parts)]
        if source == target_wallet or minor * parts <= self.has(source, currency):
            return self.change("transfer", entries)
        with pytest.raises(Insufficient):
            self.change("transfer", entries)
        return self.change("top_up", [("a", currency, minor), (source, currency, -minor)])

    @rule(target=facts, wallet=WALLET, currency=CURRENCY, minor=SMALL)
    def it_is_taken_back_even_if_spent(self, wallet: str, currency: str, minor: int) -> tuple[str, str]:
        self.overdrawn.add((wallet, currency))
        return self.change("taken_back", [(wallet, currency, minor), ("b", currency, -minor)], overdraw=True)

    @rule(wallet=WALLET, currency=CURRENCY, amounts=st.lists(AMOUNTS, min_size=2, max_size=4), room=st.integers(0, 9))
    def several_spend_at_once(self, wallet: str, currency: str, amounts: list[int], room: int) -> None:
        """As many as there is money for, whoever is first; nobody waits for ever, and nothing is spent twice."""
        if (lacks := room - self.has(wallet, currency)) > 0:
            self.change("top_up", [("a", currency, lacks), (wallet, currency, -lacks)])
        references = [str(next(_references)) for _ in amounts]

        def spend(number: int) -> bool:
            entries = [(wallet, currency, amounts[number]), ("c", currency, -amounts[number])]
            try:
                self.post(references[number], entries, kind=f"{self.own}:spend")
            except Insufficient:
                return False
            return True

        before = self.has(wallet, currency)
        for number, done in enumerate(at_once(len(amounts), spend)):
            if done:
                entries = [(wallet, currency, amounts[number]), ("c", currency, -amounts[number])]
                self.note(references[number], entries, kind=f"{self.own}:spend")
            else:
                assert amounts[number] > before - sum(amounts) + amounts[number], "the others left enough for it"
        assert self.has(wallet, currency) >= 0 or before < 0

    # Every fact once, and its opposite once.

    @rule(fact=facts)
    def a_wallet_hears_of_a_fact_again(self, fact: tuple[str, str]) -> None:
        kind, reference = fact
        with pytest.raises(AlreadyPosted):
            self.post(reference, self.booked[fact], kind=kind, overdraw=True)

    @rule(fact=facts, times=st.integers(1, 3))
    def a_fact_is_reversed(self, fact: tuple[str, str], times: int) -> None:
        """What it gave is owed back even when it was spent."""
        kind, reference = fact
        opposite = [(account, currency, -minor) for account, currency, minor in self.booked[fact]]
        for _ in range(times):
            with self.db.begin() as tx:
                made = ledger.reverse(tx, kind=kind, reference=reference, now=NOW)
            is_new = (f"{kind}_reversal", reference) not in self.booked
            assert (made is not None) == is_new
            if is_new:
                self.note(reference, opposite, kind=f"{kind}_reversal")
                self.overdrawn |= {(account, currency) for account, currency, _ in opposite}

    @rule(reference=st.just("never"))
    def what_never_was_is_reversed(self, reference: str) -> None:
        with pytest.raises(NotPosted), self.db.begin() as tx:
            ledger.reverse(tx, kind=self.own, reference=reference, now=NOW)

    # What must be so.

    @invariant()
    def the_books_are_right(self) -> None:
        with self.db.begin() as tx:
            assert ledger.prove(tx) == []
            for (account, currency), minor in self.balances.items():
                assert ledger.balance(tx, self.account(account), currency) == Money(minor, currency)
            count = text("SELECT count(*) FROM ledger_transactions WHERE kind = :own OR kind LIKE :own || ':%'")
            assert tx.scalar(count, {"own": self.own}) == len(self.booked)

    @invariant()
    def no_wallet_is_below_zero(self) -> None:
        below = {key for key, minor in self.balances.items() if minor > 0 and is_kept(key[0])}
        assert below <= self.overdrawn

    @invariant()
    def the_past_is_as_it_was(self) -> None:
        facts: Sequence[tuple[str, str]] = list(self.booked)[:: max(1, len(self.booked) // 3)]
        with self.db.begin() as tx:
            for kind, reference in facts:
                assert ledger.find(tx, kind=kind, reference=reference) == self.entries(self.booked[kind, reference])


def is_kept(account: str) -> bool:
    return account.startswith(KEPT)


def test_the_ledger_agrees_with_the_model(db: Database, long: bool) -> None:
    machine = type("BooksOnPostgreSQL", (Books,), {"db": db})
    run_state_machine_as_test(machine, settings=settings(max_examples=100 if long else 10, stateful_step_count=25))
